//! A program that ends in the way that its argument names.

use std::hint::black_box;
use std::process::exit;
use std::sync::Barrier;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::thread;
use std::time::Duration;

use memprof::track_memory;

const THREADS: usize = 4;

#[track_memory]
fn deep(levels: usize) {
    let held = black_box(vec![1u8; 1000]);
    if levels == 0 {
        exit(7);
    }
    deep(levels - 1);
    drop(held);
}

#[track_memory]
fn wait() {
    let _held = black_box(vec![1u8; 3000]);
    loop {
        // Not `park`, which allocates in older versions of Rust.
        thread::sleep(Duration::from_secs(1));
    }
}

#[track_memory]
fn fail() {
    let _held = black_box(vec![1u8; 5000]);
    panic!("as it was told to");
}

/// Never returns.
#[track_memory]
fn churn(rounds: &AtomicUsize, all_here: &Barrier) {
    let mut kept = Vec::new();
    all_here.wait();
    loop {
        kept.push(black_box(vec![1u8; 100]));
        if kept.len() == 1000 {
            kept.clear();
        }
        rounds.fetch_add(1, Relaxed);
    }
}

/// The system's default when a program writes to a pipe that nobody reads: it ends the program.
#[cfg(unix)]
fn stderr_without_a_reader() {
    // SAFETY: the two places are valid, and the descriptors are those of the pipe that was made just now.
    unsafe {
        libc::signal(libc::SIGPIPE, libc::SIG_DFL);
        let mut pipe = [0; 2];
        libc::pipe(pipe.as_mut_ptr());
        libc::dup2(pipe[1], 2);
        libc::close(pipe[0]);
    }
}

/// From now on no file can be opened.
#[cfg(unix)]
fn no_descriptors() {
    let limit = libc::rlimit { rlim_cur: 3, rlim_max: 3 };
    // SAFETY: the structure is whole.
    assert_eq!(unsafe { libc::setrlimit(libc::RLIMIT_NOFILE, &raw const limit) }, 0);
}

#[memprof::main]
fn main() {
    static ROUNDS: AtomicUsize = AtomicUsize::new(0);
    static ALL_HERE: Barrier = Barrier::new(THREADS + 1);
    match std::env::args().nth(1).unwrap_or_default().as_str() {
        "exit" => exit(7),
        "exit by way of memprof" => memprof::exit(7),
        "exit deep down" => deep(9),
        "exit on a thread" => {
            thread::spawn(|| {
                thread::sleep(Duration::from_millis(50));
                deep(0);
            });
            wait();
        }
        "exit everywhere" => {
            for _ in 0..THREADS {
                thread::spawn(|| {
                    ALL_HERE.wait();
                    deep(0);
                });
            }
            ALL_HERE.wait();
            exit(7);
        }
        #[cfg(unix)]
        "stderr without a reader" => stderr_without_a_reader(),
        #[cfg(unix)]
        "no descriptors" => no_descriptors(),
        "panic" => fail(),
        "panic on a thread" => assert!(thread::spawn(fail).join().is_err()),
        "return beside threads" => {
            for _ in 0..THREADS {
                thread::spawn(|| churn(&ROUNDS, &ALL_HERE));
            }
            ALL_HERE.wait();
            while ROUNDS.load(Relaxed) < 50_000 {
                thread::yield_now();
            }
        }
        other => panic!("unknown: {other}"),
    }
}
