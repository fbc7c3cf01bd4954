//! A program whose memory grows. Arguments: how, MiB of each step, MiB for each second (0: as fast as it can), MiB in
//! all, MiB that it has from the beginning, milliseconds that it waits at the end, and thousands of small blocks.

use std::hint::black_box;
use std::io::Write;
use std::time::{Duration, Instant};

use memprof::track_memory;

const MIB: usize = 1 << 20;

/// Pages that are written to, so that they are resident.
fn touched(bytes: usize) -> Vec<u8> {
    black_box(vec![1; bytes])
}

/// Loads the index that the program keeps.
#[track_memory]
fn load(mib: usize) -> Vec<Vec<u8>> {
    (0..mib).map(|_| touched(MIB)).collect()
}

/// Keeps many blocks, from many places of recursion.
#[track_memory]
fn small(blocks: usize) -> Vec<Vec<u8>> {
    fn deep(level: usize, kept: &mut Vec<Vec<u8>>) {
        kept.push(black_box(vec![1; 16]));
        if level > 0 {
            deep(level - 1, kept);
        }
        black_box(level);
    }
    let mut kept = Vec::new();
    while kept.len() < blocks {
        deep(kept.len() % 40, &mut kept);
    }
    kept
}

/// Keeps what it should not.
#[track_memory]
fn leak(kept: &mut Vec<Vec<u8>>, bytes: usize) {
    kept.push(touched(bytes));
}

/// Memory that is never touched.
#[track_memory]
fn reserve(bytes: usize) -> Vec<u8> {
    black_box(Vec::with_capacity(bytes))
}

/// Works without keeping anything.
#[track_memory]
fn work() -> usize {
    black_box(vec![0u8; 100_000]).len()
}

/// Maps pages that are in no heap.
#[cfg(unix)]
fn map(bytes: usize) {
    let (read_write, anonymous) = (libc::PROT_READ | libc::PROT_WRITE, libc::MAP_PRIVATE | libc::MAP_ANONYMOUS);
    // SAFETY: the mapping is new, and as long as what is written to it.
    unsafe {
        let pages = libc::mmap(std::ptr::null_mut(), bytes, read_write, anonymous, -1, 0);
        assert!(pages != libc::MAP_FAILED);
        std::ptr::write_bytes(pages.cast::<u8>(), 1, bytes);
    }
}

#[cfg(not(unix))]
fn map(_: usize) {}

/// Grows, step by step.
fn grow(step: usize, per_second: usize, all: usize, mut one: impl FnMut(usize)) {
    let begun = Instant::now();
    let mut grown = 0;
    while grown < all {
        one(step);
        grown += step;
        work();
        let due = if per_second == 0 { 0.0 } else { grown as f64 / per_second as f64 };
        std::thread::sleep(Duration::from_secs_f64(due).saturating_sub(begun.elapsed()));
    }
}

/// Goes up to so many bytes and down again.
#[track_memory]
fn wave(bytes: usize, pause: Duration) {
    let kept = touched(bytes);
    std::thread::sleep(pause);
    drop(kept);
    std::thread::sleep(pause);
}

#[cfg(unix)]
fn in_child(work: impl FnOnce()) {
    // SAFETY: the program has one thread of its own.
    match unsafe { libc::fork() } {
        0 => work(),
        child => {
            let mut status = 0;
            // SAFETY: the status has a place.
            unsafe { libc::waitpid(child, &raw mut status, 0) };
        }
    }
}

#[cfg(not(unix))]
fn in_child(_: impl FnOnce()) {}

#[memprof::main]
fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let number = |index: usize| arguments.get(index).and_then(|text| text.parse::<usize>().ok()).unwrap_or(0);
    let (step, per_second, all) = (number(1) * MIB, number(2) * MIB, number(3) * MIB);
    let _index = load(number(4));
    let mut kept = Vec::new();
    match arguments.first().map(String::as_str) {
        Some("heap") => grow(step, per_second, all, |bytes| leak(&mut kept, bytes)),
        Some("map") => grow(step, per_second, all, map),
        Some("later") => {
            std::thread::sleep(Duration::from_secs(1));
            grow(step, per_second, all, |bytes| leak(&mut kept, bytes));
        }
        // Reserves so many MiB more than it has in the beginning, and grows two seconds later.
        Some("reserved") => {
            let _reserved = reserve(number(6) * MIB);
            std::thread::sleep(Duration::from_secs(2));
            grow(step, per_second, all, |bytes| leak(&mut kept, bytes));
        }
        Some("child") => in_child(|| grow(step, per_second, all, |bytes| leak(&mut kept, bytes))),
        // Of each step, `per_second` times.
        Some("waves") => (0..number(2)).for_each(|_| wave(step, Duration::from_millis(number(3) as u64))),
        Some("thread") => {
            let thread = std::thread::spawn(move || {
                grow(step, per_second, all, |bytes| leak(&mut kept, bytes));
                kept
            });
            kept = thread.join().unwrap_or_default();
        }
        // So many small blocks, in thousands, and then large ones.
        Some("blocks") => {
            let _small = small(number(6) * 1000);
            grow(step, per_second, all, |bytes| leak(&mut kept, bytes));
        }
        _ => {}
    }
    let _ = writeln!(std::io::stdout(), "ended with {} blocks", kept.len());
    // The last look at the memory.
    std::thread::sleep(Duration::from_millis(number(5) as u64));
}
