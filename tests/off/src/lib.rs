//! The whole public API of memprof, used as a program that is profiled uses it.
#![deny(warnings)]
#![forbid(unsafe_code)]

use std::fmt::Display;

use memprof::{MemoryStats, scope, track_memory};

/// A type with tracked methods in every position.
#[derive(Debug, Default)]
pub struct Index<T>(Vec<T>);

impl<T: Clone> Index<T> {
    #[track_memory]
    pub fn build(values: &[T]) -> Self {
        Self(values.to_vec())
    }

    #[track_memory(name = "take the index apart")]
    pub fn into_values(self) -> Vec<T> {
        self.0
    }
}

pub trait Search {
    #[track_memory]
    fn first(&self) -> Option<String> {
        self.nth(0)
    }

    fn nth(&self, at: usize) -> Option<String>;
}

impl<T: Display> Search for Index<T> {
    #[track_memory(crate = memprof)]
    fn nth(&self, at: usize) -> Option<String> {
        let _scope = scope!("in words");
        self.0.get(at).map(ToString::to_string)
    }
}

#[track_memory]
pub mod whole {
    //! Left as it was.

    #[derive(Debug, Default, PartialEq, Eq)]
    pub struct Type(u8);

    impl Type {
        pub const fn new() -> Self {
            Self(1)
        }

        #[memprof::track_memory(skip)]
        pub fn skipped(&self) -> u8 {
            self.0
        }

        pub async fn later(self) -> u8 {
            self.0
        }
    }
}

#[track_memory]
impl whole::Type {
    pub fn doubled(&self) -> u8 {
        2 * self.skipped()
    }
}

#[track_memory]
pub async fn later(text: String) -> usize {
    let guard = scope!("held across an await");
    std::future::ready(()).await;
    drop(guard);
    text.len()
}

/// Futures that are returned, as they are and in a box.
#[track_memory]
pub fn later_itself(text: String) -> impl Future<Output = usize> {
    async move { text.len() }
}

#[track_memory]
pub fn later_boxed(text: &str) -> std::pin::Pin<Box<dyn Future<Output = usize> + Send + '_>> {
    if text.is_empty() {
        return Box::pin(std::future::ready(0));
    }
    Box::pin(async move { text.len() })
}

#[track_memory]
#[must_use]
pub extern "C" fn sum([a, b]: &[u32; 2], mut c: u32) -> u32 {
    #[track_memory]
    fn nested(value: u32) -> u32 {
        value + 1
    }
    c += nested(0);
    a + b + c
}

/// Contexts and names for futures, in all their forms.
pub fn elsewhere(words: &[&str]) -> usize {
    let here = memprof::Context::current();
    let wrapped = here.wrap(|| words.len());
    let double = here.wrap_fn(|n: usize| n * 2);
    let joined = std::thread::scope(|threads| threads.spawn(|| here.clone().scope(|| words.concat())).join());
    double(wrapped()) + joined.map_or(0, |joined| joined.len())
}

/// Work with a meter and a label, in all their forms.
pub async fn metered<F: Future>(meter: &memprof::Meter, future: F) -> F::Output {
    let here = memprof::Context::current().with_label("key", "value");
    let run = || meter.run(|| memprof::labelled("key", "value", || vec![0_u8; 100].len()));
    assert_eq!(here.scope(run), 100);
    meter.wrap_future(memprof::label("key", "value").wrap_future(future)).await
}

/// A future of others, under a name and at a captured place.
pub async fn named<F: Future>(future: F) -> F::Output {
    memprof::Context::current().wrap_future(memprof::track("named", future)).await
}

/// Result of `memory_stats` after a lot of work: every field, and every figure in MB.
pub fn stats_after_work() -> (MemoryStats, [f64; 4]) {
    let index = Index::build(&vec![7u8; 100_000]);
    assert_eq!((index.first().as_deref(), index.nth(100_000)), (Some("7"), None));
    assert_eq!(index.into_values().len(), 100_000);
    let stats = memprof::memory_stats();
    let mb = [stats.allocated_mb(), stats.deallocated_mb(), stats.net_allocated_mb(), stats.peak_allocated_mb()];
    (stats, mb)
}
