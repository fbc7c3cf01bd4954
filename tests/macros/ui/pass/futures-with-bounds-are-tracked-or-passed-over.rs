//! Futures that are returned: those whose bounds the tracked one has are tracked.
//! In a block the others are left as they are.

use std::any::Any;
use std::fmt::Debug;
use std::future::Future;
use std::panic::{RefUnwindSafe, UnwindSafe};
use std::pin::{Pin, pin};
use std::task::{Context, Poll, Waker};

use memprof::track_memory;

fn run<F: Future>(future: F) -> F::Output {
    match pin!(future).poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(output) => output,
        Poll::Pending => panic!("nothing waits here"),
    }
}

trait Captures<'a> {}
impl<T: ?Sized> Captures<'_> for T {}
trait MaybeSend {}
impl<T: Send> MaybeSend for T {}
trait Fused {}
impl<T> Fused for std::future::Ready<T> {}

#[track_memory]
fn captures(text: &str) -> impl Future<Output = usize> + Captures<'_> + MaybeSend {
    async { text.len() }
}

#[track_memory]
fn every_bound(x: u8) -> impl Future<Output = u8> + Send + Sync + Unpin + Debug + UnwindSafe + RefUnwindSafe + Any + 'static {
    std::future::ready(x)
}

#[track_memory]
fn given<F: Future<Output = u8> + Send>(future: F) -> impl Future<Output = u8> + Send + use<F> {
    future
}

#[track_memory]
fn of_nothing() -> impl core::future::Future {
    async {}
}

#[track_memory(window = "process")]
fn windowed(x: u8) -> impl Future<Output = u8> + Unpin {
    std::future::ready(x)
}

mod another {
    /// Not the trait of that name that is meant elsewhere.
    pub trait Future {
        type Output;
        fn now(self) -> Self::Output;
    }
    impl Future for u8 {
        type Output = u8;
        fn now(self) -> u8 {
            self
        }
    }

    pub struct Type;

    #[memprof::track_memory]
    impl Type {
        pub fn value(&self) -> impl Future<Output = u8> + use<> {
            3_u8
        }
        pub fn fused(&self) -> impl std::future::Future<Output = u8> + super::Fused + use<> {
            std::future::ready(3)
        }
        pub fn tracked(&self) -> impl std::future::Future<Output = u8> + use<> {
            async { 3 }
        }
    }
}

fn boxed(x: u8) -> Pin<Box<dyn Future<Output = u8> + Send>> {
    Box::pin(std::future::ready(x))
}

fn main() {
    use another::Future as _;
    assert_eq!((run(captures("abc")), run(every_bound(3)), run(given(boxed(3))), run(windowed(3))), (3, 3, 3, 3));
    run(of_nothing());
    let it = another::Type;
    assert_eq!((it.value().now(), run(it.fused()), run(it.tracked())), (3, 3, 3));
}
