#![deny(warnings)]

use std::error::Error;
use std::fmt::Display;
use std::future::Future;
use std::num::ParseIntError;
use std::rc::Rc;

use memprof::track_memory;

#[track_memory]
async fn free(text: &str) -> Result<u32, ParseIntError> {
    tokio::task::yield_now().await;
    let number = text.parse::<u32>()?;
    Ok(number + 1)
}

/// `?` finds the error type, and each value becomes the trait object, also where one returns early.
#[track_memory]
async fn boxed_error(text: &str) -> Result<Box<dyn Display + Send>, Box<dyn Error + Send + Sync>> {
    if text == "early" {
        return Ok(Box::new(1));
    }
    if text.is_empty() {
        return Err("empty".into());
    }
    Ok(Box::new(text.parse::<u32>()?))
}

#[track_memory]
async fn object(early: bool) -> Box<dyn Display> {
    if early {
        return Box::new("early");
    }
    Box::new(2)
}

#[track_memory]
async fn inferred() -> Vec<u8> {
    Default::default()
}

#[track_memory]
async fn nothing() {
    Default::default()
}

#[track_memory]
async fn impl_out(n: u8) -> impl Display {
    format!("{n}")
}

#[track_memory]
async fn impl_inside(text: &str) -> Result<impl Display, ParseIntError> {
    let number = text.parse::<u8>()?;
    Ok(number)
}

#[track_memory]
async fn impl_in(values: impl IntoIterator<Item = u8> + Send, f: impl Fn(u8) -> u8) -> u8 {
    values.into_iter().map(f).sum()
}

#[track_memory]
async fn lifetimes<'a>(a: &'a str, _: &str) -> (&'a str, Option<&'a u8>) {
    (a, None)
}

#[track_memory]
async fn elided(numbers: &mut Vec<u8>) -> &mut u8 {
    tokio::task::yield_now().await;
    numbers.push(1);
    &mut numbers[0]
}

#[track_memory]
async fn generic<T: Clone + Send, const N: usize>(value: T) -> [T; N] {
    std::array::from_fn(|_| value.clone())
}

#[track_memory]
async fn not_send(text: Rc<str>) -> usize {
    tokio::task::yield_now().await;
    text.len()
}

struct Service {
    calls: u32,
}

impl Service {
    #[track_memory]
    async fn call(&mut self, by: u32) -> &u32 {
        self.calls += by;
        &self.calls
    }

    #[track_memory]
    async fn consume(self) -> u32 {
        self.calls
    }
}

trait Serve {
    type Output;

    async fn serve(&mut self, n: u32) -> Self::Output;

    fn sent(&self) -> impl Future<Output = u32> + Send;

    #[track_memory]
    async fn twice(&mut self) -> (Self::Output, Self::Output) {
        let first = self.serve(1).await;
        (first, self.serve(2).await)
    }
}

impl Serve for Service {
    type Output = Result<u32, String>;

    #[track_memory]
    async fn serve(&mut self, n: u32) -> Self::Output {
        let calls = *self.call(n).await;
        if calls > 100 {
            return Err("too many".to_owned());
        }
        Ok(calls)
    }

    /// Declared as a future that is `Send`, written as an `async fn`.
    #[track_memory]
    async fn sent(&self) -> u32 {
        tokio::task::yield_now().await;
        self.calls
    }
}

fn is_send<T: Send>(value: T) -> T {
    value
}

#[tokio::main(flavor = "multi_thread", worker_threads = 2)]
async fn main() {
    assert_eq!(is_send(free("1")).await, Ok(2));
    assert!(free("x").await.is_err());
    assert_eq!(is_send(boxed_error("3")).await.unwrap().to_string(), "3");
    assert_eq!(boxed_error("early").await.unwrap().to_string(), "1");
    assert!(boxed_error("").await.is_err() && boxed_error("x").await.is_err());
    assert_eq!(object(true).await.to_string() + &object(false).await.to_string(), "early2");
    assert!(inferred().await.is_empty());
    nothing().await;
    assert_eq!(impl_out(1).await.to_string(), "1");
    assert_eq!(impl_inside("1").await.unwrap().to_string(), "1");
    assert_eq!(is_send(impl_in([1, 2], |n| n + 1)).await, 5);
    assert_eq!(lifetimes("a", &String::new()).await, ("a", None));
    let mut numbers = vec![];
    *elided(&mut numbers).await = 5;
    assert_eq!(numbers, [5]);
    assert_eq!(is_send(generic::<_, 2>('x')).await, ['x', 'x']);
    assert_eq!(not_send("ab".into()).await, 2);
    let mut service = Service { calls: 0 };
    assert_eq!(service.twice().await, (Ok(1), Ok(3)));
    assert_eq!(service.serve(200).await, Err("too many".to_owned()));
    assert_eq!(is_send(service.sent()).await, 203);
    assert_eq!(is_send(service.consume()).await, 203);
    let tasks: Vec<_> = ["1", "2"].into_iter().map(|text| tokio::spawn(free(text))).collect();
    let mut sum = 0;
    for task in tasks {
        sum += task.await.unwrap().unwrap();
    }
    assert_eq!(sum, 5);
}
