//! Every output that Rust allows, opaque ones too: a closure that is returned knows its arguments, `?` its error.
#![allow(clippy::all)]

use std::fmt::Debug;
use std::future::Future;
use std::pin::{Pin, pin};
use std::sync::Mutex;
use std::task::{Context, Poll, Waker};

use memprof::track_memory;

fn run<F: Future>(future: F) -> F::Output {
    match pin!(future).poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(output) => output,
        Poll::Pending => panic!("nothing waits here"),
    }
}

fn can_be_sent<F: Future + Send + 'static>(_: &F) {}

trait Length: Fn(&str) -> usize {}
impl<F: Fn(&str) -> usize> Length for F {}

macro_rules! length {
    () => { impl Fn(&str) -> usize };
}

mod functions {
    use super::*;

    #[track_memory]
    pub fn closure() -> impl Fn(&str) -> usize {
        |text| text.len()
    }
    #[track_memory]
    pub fn holds(x: Vec<u8>) -> impl Fn(&str) -> usize {
        move |text| text.len() + x.len()
    }
    #[track_memory]
    pub fn of_two() -> (impl Fn(&str) -> usize, u8) {
        (|text| text.len(), 1)
    }
    #[track_memory]
    pub fn later() -> impl AsyncFn(&str) -> usize {
        async |text| text.len()
    }
    #[track_memory]
    pub fn borrows() -> impl for<'x> Fn(&'x str) -> &'x str {
        |text| text
    }
    #[track_memory]
    pub fn early(early: bool) -> impl Fn(&str) -> usize {
        if early {
            return |text| text.len();
        }
        panic!("late")
    }
    #[track_memory]
    pub fn returns() -> impl Fn(&str) -> usize {
        return |text| text.len();
    }
    #[track_memory]
    pub fn referred() -> &'static (impl Fn(&str) -> usize + 'static) {
        &|text| text.len()
    }
    #[track_memory]
    pub fn boxed() -> Box<dyn Fn(&str) -> usize> {
        Box::new(|text| text.len())
    }
    #[track_memory]
    pub fn by_macro() -> length!() {
        |text| text.len()
    }
    #[track_memory]
    pub fn by_own_trait() -> impl Length {
        |text| text.len()
    }
    #[track_memory]
    pub fn temporary(m: Mutex<Vec<u8>>) -> impl Copy + Debug {
        m.lock().unwrap().len()
    }
    #[track_memory]
    pub fn endless(end: bool) -> impl Fn(&str) -> usize {
        loop {
            if end {
                return |text| text.len();
            }
        }
    }
}

mod async_functions {
    use super::*;

    #[track_memory]
    pub async fn closure() -> impl Fn(&str) -> usize {
        |text| text.len()
    }
    #[track_memory]
    pub async fn holds(x: Vec<u8>) -> impl Fn(&str) -> usize {
        move |text| text.len() + x.len()
    }
    #[track_memory]
    pub async fn of_two() -> (impl Fn(&str) -> usize, u8) {
        (|text| text.len(), 1)
    }
    #[track_memory]
    pub async fn later() -> impl AsyncFn(&str) -> usize {
        async |text| text.len()
    }
    #[track_memory]
    pub async fn borrows() -> impl for<'x> Fn(&'x str) -> &'x str {
        |text| text
    }
    #[track_memory]
    pub async fn early(early: bool) -> impl Fn(&str) -> usize {
        if early {
            return |text| text.len();
        }
        panic!("late")
    }
    #[track_memory]
    pub async fn boxed() -> Box<dyn Fn(&str) -> usize> {
        Box::new(|text| text.len())
    }
    #[track_memory]
    pub async fn by_macro() -> length!() {
        |text| text.len()
    }
    #[track_memory]
    pub async fn by_own_trait() -> impl Length {
        |text| text.len()
    }
    #[track_memory]
    pub async fn temporary(m: Mutex<Vec<u8>>) -> impl Copy + Debug {
        m.lock().unwrap().len()
    }
    #[track_memory]
    pub async fn fallible(text: &str) -> Result<impl Debug, Box<dyn std::error::Error>> {
        if text.is_empty() {
            return Err("empty".into());
        }
        Ok(text.parse::<u8>()?)
    }
    #[track_memory]
    #[must_use]
    pub async fn needed() -> impl Fn(&str) -> usize {
        |text| text.len()
    }
    #[track_memory(window = "process")]
    pub async fn windowed() -> impl Fn(&str) -> usize {
        |text| text.len()
    }
    /// A value that can be awaited itself.
    #[track_memory]
    pub async fn awaitable() -> std::future::Ready<u8> {
        std::future::ready(4)
    }
    #[track_memory]
    pub async fn boxed_future() -> Pin<Box<dyn Future<Output = u8> + Send>> {
        Box::pin(async { 4 })
    }
}

struct Type<T>(T);

#[track_memory]
impl<T: Clone + Send + Sync + 'static> Type<T> {
    fn closure(&self) -> impl Fn(&str) -> T + '_ {
        |_| self.0.clone()
    }
    async fn later(&self) -> impl Fn(&str) -> T + '_ {
        |_| self.0.clone()
    }
    async fn whole(self) -> Self {
        self
    }
}

trait Trait {
    fn closure(&self) -> impl Fn(&str) -> usize;
    async fn later() -> impl Fn(&str) -> usize;
}

#[track_memory]
impl Trait for u8 {
    fn closure(&self) -> impl Fn(&str) -> usize {
        |text| text.len()
    }
    async fn later() -> impl Fn(&str) -> usize {
        |text| text.len()
    }
}

fn main() {
    {
        use functions::*;
        assert_eq!((closure()("ab"), holds(vec![1])("ab"), of_two().0("ab"), run(later()("ab"))), (2, 3, 2, 2));
        assert_eq!((borrows()("ab"), early(true)("ab"), returns()("ab"), referred()("ab"), boxed()("ab")), ("ab", 2, 2, 2, 2));
        assert_eq!((by_macro()("ab"), by_own_trait()("ab"), endless(true)("ab")), (2, 2, 2));
        assert_eq!(format!("{:?}", temporary(Mutex::new(vec![1]))), "1");
    }
    {
        use async_functions::*;
        assert_eq!((run(closure())("ab"), run(holds(vec![1]))("ab"), run(of_two()).0("ab"), run(run(later())("ab"))), (2, 3, 2, 2));
        assert_eq!((run(borrows())("ab"), run(early(true))("ab"), run(boxed())("ab")), ("ab", 2, 2));
        assert_eq!((run(by_macro())("ab"), run(by_own_trait())("ab"), run(needed())("ab"), run(windowed())("ab")), (2, 2, 2, 2));
        assert_eq!((run(run(awaitable())), run(run(boxed_future()))), (4, 4));
        assert_eq!(format!("{:?}", run(temporary(Mutex::new(vec![1])))), "1");
        assert_eq!(format!("{:?}", run(fallible("3")).unwrap()), "3");
        assert!(run(fallible("")).is_err() && run(fallible("x")).is_err());
        can_be_sent(&holds(vec![1]));
        can_be_sent(&needed());
        can_be_sent(&Type(1).whole());
    }
    assert_eq!((Type(5).closure()(""), run(Type(5).later())(""), run(Type(5).whole()).0), (5, 5, 5));
    assert_eq!((1_u8.closure()("ab"), run(u8::later())("ab")), (2, 2));
}
