//! A program that forks. The argument says how the child ends; the parent says how many children ended well.

use std::hint::black_box;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};

use memprof::track_memory;

#[track_memory]
fn in_the_child() {
    drop(black_box(vec![1u8; 777_777]));
}

#[track_memory]
fn in_the_parent() {
    drop(black_box(vec![1u8; 1000]));
}

/// Whether this is the child.
fn fork() -> bool {
    // SAFETY: the child runs on with this thread alone, and takes no lock that another thread may have held.
    let child = unsafe { libc::fork() };
    if child != 0 {
        return false;
    }
    // A child that hangs must not stay.
    // SAFETY: the call has no preconditions.
    unsafe { libc::alarm(20) };
    true
}

/// Whether the child ended with status 0.
fn wait() -> bool {
    let mut status = -1;
    // SAFETY: `status` is a valid place.
    unsafe { libc::wait(&mut status) };
    status == 0
}

#[memprof::main]
fn main() {
    in_the_parent();
    let mode = std::env::args().nth(1).unwrap_or_default();
    match mode.as_str() {
        "exit" | "return" => {
            if fork() {
                in_the_child();
                if mode == "exit" {
                    std::process::exit(0);
                }
                return;
            }
            println!("{}", wait());
        }
        "exit while a report is written" => {
            static OVER: AtomicBool = AtomicBool::new(false);
            let writer = std::thread::spawn(|| {
                while !OVER.load(Relaxed) {
                    memprof::write_report().unwrap();
                }
            });
            let ended_well = (0..100).filter(|_| {
                if fork() {
                    std::process::exit(0);
                }
                wait()
            });
            println!("{}", ended_well.count());
            OVER.store(true, Relaxed);
            writer.join().unwrap();
        }
        other => panic!("unknown: {other}"),
    }
}
