//! In edition 2021 `impl Trait` captures no lifetime that it does not name, but the future of an `async fn` captures
//! all, even if the attribute rewrites it into a function that returns `impl Future`.
#![allow(missing_docs, unsafe_op_in_unsafe_fn)]

use std::future::Future;
use std::pin::{Pin, pin};
use std::task::{Context, Poll, Waker};

use memprof::track_memory;

fn run<F: Future>(future: F) -> F::Output {
    match pin!(future).poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(output) => output,
        Poll::Pending => panic!("nothing waits here"),
    }
}

#[track_memory]
async fn not_in_the_output(text: &str, _: &u8) -> usize {
    text.len()
}

#[track_memory]
async fn in_the_output<'a>(text: &'a str, _other: &String) -> &'a str {
    text
}

#[track_memory]
async fn elided(text: &mut String) -> &mut String {
    text.push('c');
    text
}

#[track_memory]
async fn generic<T: AsRef<str> + ?Sized>(text: &T, f: impl Fn(&str) -> usize) -> usize {
    f(text.as_ref())
}

struct Type<'t>(&'t str, Vec<u8>);

#[track_memory]
impl<'t> Type<'t> {
    async fn by_reference(&self, other: &str) -> usize {
        self.0.len() + other.len() + self.1.len()
    }

    async fn by_value(self) -> &'t str {
        self.0
    }

    async unsafe fn by_pointer(&self, pointer: *const u8) -> u8 {
        *pointer
    }

    fn itself<'a>(&'a self) -> impl Future<Output = usize> + 'a {
        async move { self.0.len() }
    }

    fn boxed(&self) -> Pin<Box<dyn Future<Output = usize> + '_>> {
        Box::pin(async move { self.0.len() })
    }
}

trait Serve {
    async fn serve(&self, text: &str) -> usize;

    #[track_memory]
    async fn by_default(&self, text: &str) -> usize {
        self.serve(text).await + 1
    }
}

impl Serve for Type<'_> {
    #[track_memory]
    async fn serve(&self, text: &str) -> usize {
        self.0.len() + text.len()
    }
}

#[test]
fn the_future_captures_every_lifetime() {
    let mut text = String::from("ab");
    let borrowed: &str = &text;
    assert_eq!(run(not_in_the_output(borrowed, &1)), 2);
    let one = run(in_the_output(borrowed, &String::new()));
    assert_eq!((one, run(generic(borrowed, str::len))), ("ab", 2));
    let value = Type(borrowed, vec![1]);
    assert_eq!(run(value.by_reference("c")), 4);
    // SAFETY: the number is there.
    assert_eq!(run(unsafe { value.by_pointer(&7) }), 7);
    assert_eq!((run(value.itself()), run(value.boxed()), run(value.by_default("c"))), (2, 2, 4));
    assert_eq!(run(value.by_value()), "ab");
    assert_eq!(run(elided(&mut text)), "abc");
}
