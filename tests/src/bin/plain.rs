//! A program that keeps as many blocks as it is told to (1 without an argument), and frees one.

use std::hint::black_box;
use std::io::Write;

use memprof::track_memory;

#[track_memory]
fn keep(blocks: usize) {
    for _ in 0..blocks {
        std::mem::forget(black_box(vec![1u8; 4096]));
    }
}

#[track_memory]
fn free() {
    drop(black_box(vec![1u8; 1024]));
}

#[memprof::main]
fn main() {
    // Neither `args` nor `println!`: they panic where an argument is not UTF-8, or stdout cannot be written.
    let first = std::env::args_os().nth(1).and_then(|argument| argument.into_string().ok());
    let blocks = first.and_then(|text| text.parse().ok()).unwrap_or(1);
    let before = memprof::memory_stats();
    keep(blocks);
    free();
    let counted = memprof::memory_stats().allocated - before.allocated;
    let _ = writeln!(std::io::stdout(), "the body ran: {counted}");
}
