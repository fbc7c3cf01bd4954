//! Every kind of function with items.
#![deny(warnings, clippy::all, clippy::pedantic)]
#![allow(clippy::unused_async, clippy::needless_pass_by_value, clippy::manual_async_fn)]

use memprof::track_memory;
use std::pin::Pin;

#[track_memory(items = points.len(), max_per_item = "320 B", max_allocated = "1 MiB", on_violation = "report")]
fn plain(points: &[u8]) -> usize {
    #![allow(unused_mut)]
    let mut sum = 0;
    for point in points {
        sum += usize::from(*point);
    }
    sum
}

/// Used by the expression alone, and moved by the body.
#[track_memory(items = count)]
fn only_counted(count: usize, block: Vec<u8>) -> Vec<u8> {
    block
}

#[track_memory(items = (a, b).0.len() + usize::from(*b))]
fn patterns((a, b): (&str, &u8), mut rest: Vec<u8>) -> impl Fn(&str) -> usize {
    rest.push(*b);
    let len = a.len() + rest.len();
    move |text| text.len() + len
}

#[track_memory(items = 0)]
fn never() -> ! {
    std::process::exit(0)
}

#[track_memory(max_per_item = "8 B")]
fn said_later(lines: impl Iterator<Item = String>) -> usize {
    let count = lines.count();
    memprof::items(count);
    count
}

struct Index<T>(Vec<T>);

impl<T: Clone> Index<T> {
    #[track_memory(items = self.0.len())]
    fn copy(&self) -> Vec<T> {
        self.0.clone()
    }

    #[track_memory(items = self.0.len())]
    fn into_inner(self) -> Vec<T> {
        self.0
    }

    #[track_memory(items = self.0.len(), window = "process")]
    async fn later(&mut self, value: T) -> usize {
        self.0.push(value);
        self.0.len()
    }
}

#[track_memory(items = text.len())]
async fn with_a_result(text: String) -> Result<u8, std::num::ParseIntError> {
    let number = text.parse()?;
    Ok(number)
}

#[track_memory(items = 1)]
async fn that_never_ends() -> ! {
    std::future::pending().await
}

#[track_memory(items = text.len())]
fn returned(text: String) -> impl Future<Output = usize> {
    async move { text.into_bytes().len() }
}

#[track_memory(items = text.len(), window = "process")]
fn boxed(text: &str) -> Pin<Box<dyn Future<Output = usize> + Send + '_>> {
    if text.is_empty() {
        return Box::pin(async { 0 });
    }
    Box::pin(async move { text.len() })
}

#[track_memory(max_per_item = "1 KiB")]
fn returned_later() -> impl Future<Output = ()> {
    async { memprof::items(3) }
}

fn main() {
    assert_eq!(plain(&[1, 2]), 3);
    assert_eq!(only_counted(3, vec![1]), [1]);
    assert_eq!(patterns(("ab", &1), vec![])("c"), 4);
    assert_eq!(said_later(["a".to_owned()].into_iter()), 1);
    let mut index = Index(vec![1]);
    assert_eq!(index.copy(), [1]);
    drop(index.later(2));
    assert_eq!(index.into_inner(), [1]);
    drop((with_a_result("7".to_owned()), that_never_ends(), returned(String::new()), boxed("a"), returned_later()));
    never();
}
