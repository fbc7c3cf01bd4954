#![deny(warnings)]

use std::fmt;
use std::future::Future;
use std::ops::{Add, Deref};
use std::pin::pin;
use std::task::{Context, Waker};

use memprof::track_memory;
use memprof_tests::{Profile, calls};

#[derive(Clone, Copy)]
struct Metres(u32);

#[track_memory]
impl Add for Metres {
    type Output = Self;

    fn add(self, other: Self) -> Self {
        Self(self.0 + other.0)
    }
}

#[track_memory]
impl fmt::Display for Metres {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} m", self.0)
    }
}

struct Boxed<T: ?Sized>(Box<T>);

#[track_memory]
impl<T: ?Sized> Deref for Boxed<T> {
    type Target = T;

    #[inline]
    fn deref(&self) -> &T {
        &self.0
    }
}

#[track_memory]
impl<T: ?Sized> Drop for Boxed<T> {
    fn drop(&mut self) {}
}

#[track_memory]
unsafe impl<T: ?Sized> Sync for Boxed<T> {}

trait Serve<T> {
    const NAME: &'static str;
    async fn serve(&mut self, with: T) -> T;
    fn sent(&self) -> impl Future<Output = u8> + Send;
    unsafe fn never() -> u8;
}

#[track_memory]
impl<T: Clone> Serve<Vec<T>> for Metres {
    const NAME: &'static str = "metres";

    async fn serve(&mut self, mut with: Vec<T>) -> Vec<T> {
        self.0 += 1;
        with.extend(with.clone());
        with
    }

    async fn sent(&self) -> u8 {
        1
    }

    #[track_memory(skip)]
    unsafe fn never() -> u8 {
        3
    }
}

#[track_memory]
impl PartialEq<u32> for Metres {
    fn eq(&self, other: &u32) -> bool {
        self.0 == *other
    }
}

#[track_memory]
impl PartialEq<u8> for Metres {
    fn eq(&self, other: &u8) -> bool {
        self.0 == u32::from(*other)
    }
}

fn run<F: Future>(future: F) -> F::Output {
    let mut context = Context::from_waker(Waker::noop());
    match pin!(future).poll(&mut context) {
        std::task::Poll::Ready(output) => output,
        std::task::Poll::Pending => unreachable!(),
    }
}

fn main() {
    let profile = Profile::start();
    let mut sum = Metres(1) + Metres(2);
    assert_eq!(sum.to_string(), "3 m");
    let boxed = Boxed::<str>("text".into());
    assert_eq!(boxed.len(), 4);
    drop(boxed);
    assert_eq!(run(sum.serve(vec![1])), [1, 1]);
    assert_eq!(run(Serve::<Vec<u8>>::sent(&sum)), 1);
    assert_eq!(unsafe { <Metres as Serve<Vec<u8>>>::never() }, 3);
    assert_eq!(<Metres as Serve<Vec<u8>>>::NAME, "metres");
    assert!(sum == 4u32 && sum == 4u8);
    assert_eq!(
        calls(&profile.report(), module_path!()),
        [
            "Metres::add: 1",
            "Metres::fmt: 1",
            "Boxed::deref: 1",
            "Boxed::drop: 1",
            "Metres::serve: 1",
            "Metres::sent: 1",
            // The same method twice: the trait tells them apart.
            "<Metres as core::cmp::PartialEq<u32>>::eq: 1",
            "<Metres as core::cmp::PartialEq<u8>>::eq: 1",
        ]
    );
}
