//! An attribute on the function itself names in words of its own what a tracked future is not.

use memprof::track_memory;

trait Fused {}
impl<T> Fused for std::future::Ready<T> {}

#[track_memory]
fn fused() -> impl std::future::Future<Output = u8> + Fused {
    std::future::ready(1)
}

mod another {
    pub trait Future {
        type Output;
    }
    impl Future for u8 {
        type Output = u8;
    }

    #[memprof::track_memory]
    pub fn value() -> impl Future<Output = u8> {
        1_u8
    }
}

#[track_memory]
mod outer {
    mod inner;
    fn works() {}
}

fn main() {}
