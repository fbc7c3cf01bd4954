use std::future::Future;
use std::pin::Pin;

use memprof::track_memory;

type BoxFuture<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

fn made(n: u8) -> BoxFuture<'static, u8> {
    Box::pin(async move { n })
}

#[track_memory]
fn passed_on(n: u8) -> Pin<Box<dyn Future<Output = u8> + Send>> {
    made(n)
}

#[track_memory]
fn in_a_local(n: u8) -> BoxFuture<'static, u8> {
    let future = Box::pin(async move { n });
    future
}

#[track_memory]
fn on_one_way(n: u8) -> BoxFuture<'static, u8> {
    if n == 0 {
        return made(n);
    }
    Box::pin(async move { n })
}

#[track_memory]
fn in_a_branch(n: u8) -> BoxFuture<'static, u8> {
    match n {
        0 => Box::pin(async move { n }),
        n => made(n),
    }
}

#[track_memory]
fn otherwise(n: u8) -> BoxFuture<'static, u8> {
    Box::into_pin(Box::new(async move { n }))
}

fn main() {
    drop((passed_on(1), in_a_local(1), on_one_way(1), in_a_branch(1), otherwise(1)));
}
