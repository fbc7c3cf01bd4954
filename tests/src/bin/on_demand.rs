//! Reports of a running program. The argument says which.

use std::hint::black_box;
use std::sync::mpsc::channel;
use std::thread;

use memprof::{Config, Profiler, track_memory};

#[track_memory]
fn served() {
    let held = black_box(vec![1u8; 10_000]);
    let (ready, is_ready) = channel();
    // The report is made on another thread, while this function runs.
    let writer = thread::spawn(move || {
        is_ready.recv().unwrap();
        memprof::write_report().unwrap()
    });
    ready.send(()).unwrap();
    let written = writer.join().unwrap();
    std::fs::copy(&written.allocation_report, "middle.json").unwrap();
    println!("fell back: {:?}", written.fell_back);
    drop(held);
}

#[memprof::main]
fn main() {
    match std::env::args().nth(1).as_deref() {
        Some("write") => served(),
        Some("write from eight threads") => {
            let threads: Vec<_> =
                (0..8).map(|_| thread::spawn(|| (0..5).for_each(|_| drop(memprof::write_report().unwrap())))).collect();
            threads.into_iter().for_each(|thread| thread.join().unwrap());
        }
        Some("start another") => println!("{}", Profiler::start(Config::default()).unwrap_err()),
        other => panic!("unknown: {other:?}"),
    }
}
