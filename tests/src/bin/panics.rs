//! A program that panics in each of the ways in which a panic is survived, and ends as its first argument says.

use std::panic::{catch_unwind, set_hook};
use std::thread;

use memprof::track_memory;

#[track_memory]
fn fails(number: usize) {
    panic!("failure {number}");
}

#[track_memory]
async fn fails_in_a_task(number: usize) {
    tokio::task::yield_now().await;
    fails(number);
}

#[track_memory]
fn keeps() -> Vec<u8> {
    std::hint::black_box(vec![1; 1000])
}

struct FailsWhenDropped;

impl Drop for FailsWhenDropped {
    fn drop(&mut self) {
        fails(2);
    }
}

fn hook() {
    set_hook(Box::new(|info| eprintln!("the program's hook: {info}\n{}", std::backtrace::Backtrace::capture())));
}

#[memprof::main]
fn main() {
    let way = std::env::args().nth(1).unwrap_or_default();
    let kept = keeps();
    match way.as_str() {
        "loop" => (0..100).for_each(|number| assert!(catch_unwind(|| fails(number)).is_err())),
        "thread" => assert!(thread::spawn(|| fails(1)).join().is_err()),
        "tasks" => {
            let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).build();
            let runtime = runtime.unwrap_or_else(|error| unreachable!("{error}"));
            runtime.block_on(async {
                for number in 0..20 {
                    assert!(tokio::spawn(fails_in_a_task(number)).await.is_err());
                }
            });
        }
        "hook after" => {
            hook();
            assert!(catch_unwind(|| fails(1)).is_err());
        }
        "twice" => {
            let _falls = FailsWhenDropped;
            fails(1);
        }
        _ => fails(1),
    }
    drop(kept);
}
