//! Built without the test harness: the tests are checked, and gone.
#![deny(warnings, clippy::all)]

use memprof::testing::{Measured, MeasuredFunction, assert_allocated, assert_no_leaks, measure, measure_async};

#[global_allocator]
static ALLOC: memprof::AllocationTracker = memprof::AllocationTracker::system();

#[memprof::test]
fn plain() {}

#[memprof::test(max_allocated = "64 KiB", max_peak = "1.5 MB", max_net = "0 B", max_count = 1_000, no_leaks)]
#[should_panic(expected = "all of it")]
#[ignore = "not now"]
fn with_everything() {
    panic!("all of it");
}

#[memprof::test(crate = memprof)]
fn with_a_result() -> Result<(), Box<dyn std::error::Error>> {
    #![allow(unused_mut)]
    let mut number: u8 = "7".parse()?;
    if number > 7 { Err("too large".into()) } else { Ok(()) }
}

#[memprof::test]
fn with_any_outcome() -> impl std::process::Termination {
    std::process::ExitCode::SUCCESS
}

#[memprof::test]
#[test]
fn above_the_compilers() {}

#[memprof::test]
#[tokio::test(flavor = "current_thread")]
async fn above_the_runtime() -> Result<(), std::io::Error> {
    Ok(())
}

#[tokio::test]
#[memprof::test(no_leaks)]
async fn below_the_runtime() {}

#[memprof::test(repeat = 50, growth = "1 KiB", max_count = 10)]
#[should_panic]
fn in_a_loop() -> Result<(), std::num::ParseIntError> {
    let number: u8 = "7".parse()?;
    if number > 7 { return Ok(()) }
    Ok(())
}

#[memprof::test(repeat = 2)]
fn in_a_loop_with_any_outcome() -> impl std::process::Termination {
    std::process::ExitCode::SUCCESS
}

#[memprof::test(repeat = 2)]
#[tokio::test]
async fn in_a_loop_above_the_runtime() -> Result<(), std::io::Error> {
    Ok(())
}

#[tokio::test]
#[memprof::test(repeat = 2)]
async fn in_a_loop_below_the_runtime() {}

fn main() {
    // The closure decides what is borrowed, and the message is made when it is wanted.
    let mut words = vec![String::from("one")];
    let len = assert_allocated!(<= "1 KiB", || { words.push("two".into()); words.len() }, "{words:?}");
    assert_eq!(len, 2);
    assert_no_leaks!(|| words.clone());
    let measured: Measured<Vec<String>> = measure(|| words.clone());
    let rows: &[MeasuredFunction] = &measured.functions;
    assert_eq!(rows.iter().map(|row| row.allocated_bytes).sum::<u64>(), measured.allocated_bytes);
    fn is_send<T: Send>(value: T) -> T {
        value
    }
    let mut measured = std::pin::pin!(is_send(measure_async(async { 7 })));
    let mut context = std::task::Context::from_waker(std::task::Waker::noop());
    assert!(measured.as_mut().poll(&mut context).is_ready());
}
