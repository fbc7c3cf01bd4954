use std::future::Future;
use std::pin::Pin;
use std::rc::Rc;

use memprof::track_memory;

#[track_memory]
async fn wrong_type(n: u8) -> u32 {
    n
}

#[track_memory]
async fn returns_nothing() -> u32 {}

#[track_memory]
async fn unknown_type() -> Unknown {}

#[track_memory]
async fn not_irrefutable(Some(n): Option<u8>) -> u8 {
    n
}

#[track_memory]
async fn not_send(text: Rc<str>) {
    std::future::ready(()).await;
    drop(text);
}

#[track_memory]
async fn borrows_a_local() -> &'static str {
    let text = String::new();
    &text
}

#[track_memory]
async fn recursive(n: u8) -> u8 {
    recursive(n).await
}

#[track_memory]
fn not_a_future() -> impl Future<Output = u8> {
    7
}

#[track_memory]
fn wrong_output() -> impl Future<Output = u8> {
    async { "text" }
}

#[track_memory]
fn wrong_output_in_a_box() -> Pin<Box<dyn Future<Output = u8>>> {
    Box::pin(async { "text" })
}

fn is_send<T: Send>(_: T) {}

fn main() {
    is_send(not_send("".into()));
}
