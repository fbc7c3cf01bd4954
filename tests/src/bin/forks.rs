//! A program that forks. The argument says how the child ends; the parent prints the child's id and its status.

use std::hint::black_box;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering::Relaxed};
use std::thread;

use memprof::track_memory;

static CHURNING: AtomicUsize = AtomicUsize::new(0);
static IS_OVER: AtomicBool = AtomicBool::new(false);

#[track_memory]
fn in_the_child() {
    drop(black_box(vec![1u8; 777_777]));
}

#[track_memory]
fn in_the_parent() {
    drop(black_box(vec![1u8; 1000]));
}

#[track_memory]
fn waits() {
    let _held = black_box(vec![1u8; 4321]);
    loop {
        thread::park();
    }
}

/// Is in the middle of an allocation most of the time.
#[track_memory]
fn churn(seed: usize, has_begun: fn()) {
    let mut kept = Vec::new();
    let mut number = seed;
    CHURNING.fetch_add(1, Relaxed);
    has_begun();
    while !IS_OVER.load(Relaxed) {
        number = number.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
        kept.push(black_box(vec![1u8; number >> 56]));
        if kept.len() > 200 {
            kept.swap_remove(number % 200);
        }
        deeper(number >> 60);
    }
}

#[track_memory]
fn deeper(levels: usize) {
    if levels > 0 {
        deeper(levels - 1);
    }
}

/// In the child: its parent's id is not 0 here. In the parent: the child's.
fn fork() -> Option<i32> {
    // SAFETY: the child runs on with this thread alone, and takes no lock that another thread may have held.
    let child = unsafe { libc::fork() };
    if child != 0 {
        return Some(child);
    }
    // A child that hangs must not stay.
    // SAFETY: the call has no preconditions.
    unsafe { libc::alarm(50) };
    None
}

/// Result of `wait` for the child.
fn wait(child: i32) -> i32 {
    let mut status = -1;
    // SAFETY: `status` is a valid place.
    unsafe { libc::waitpid(child, &mut status, 0) };
    status
}

fn fork_and_wait(child: impl FnOnce()) -> bool {
    match fork() {
        None => {
            child();
            true
        }
        Some(child) => {
            println!("{child} {}", wait(child));
            false
        }
    }
}

#[memprof::main]
fn main() {
    in_the_parent();
    match std::env::args().nth(1).unwrap_or_default().as_str() {
        "return" => drop(fork_and_wait(in_the_child)),
        "exit" => {
            if fork_and_wait(in_the_child) {
                std::process::exit(0);
            }
        }
        "panic" => {
            if fork_and_wait(in_the_child) {
                panic!("as it was told to");
            }
        }
        "abort" => {
            if fork_and_wait(in_the_child) {
                std::process::abort();
            }
        }
        "signal" => {
            if fork_and_wait(in_the_child) {
                // SAFETY: the call has no preconditions.
                unsafe {
                    libc::raise(libc::SIGUSR1);
                    libc::raise(libc::SIGTERM);
                }
            }
        }
        "on demand" => {
            if fork_and_wait(in_the_child) {
                let written = memprof::write_report().unwrap();
                std::fs::copy(written.allocation_report, "middle.json").unwrap();
            }
        }
        "numbered" => {
            fork_and_wait(|| {
                let there = format!("data/logs/memory_leaks-{}.0001.txt", std::process::id());
                while !std::path::Path::new(&there).exists() {
                    thread::sleep(std::time::Duration::from_millis(10));
                }
            });
        }
        "kill the child alone" => {
            if let Some(child) = fork() {
                while !std::path::Path::new("ready").exists() {
                    thread::yield_now();
                }
                // SAFETY: the call has no preconditions.
                unsafe { libc::kill(child, libc::SIGTERM) };
                println!("{child} {}", wait(child));
            } else {
                std::fs::write("ready", "").unwrap();
                waits();
            }
        }
        "kill children at once" => {
            for _ in 0..50 {
                if let Some(child) = fork() {
                    // SAFETY: the call has no preconditions.
                    unsafe { libc::kill(child, libc::SIGTERM) };
                    println!("{child} {}", wait(child));
                } else {
                    waits();
                }
            }
        }
        "children in the middle of allocations" => {
            for _ in 0..20 {
                if let Some(child) = fork() {
                    while !std::path::Path::new(&format!("ready-{child}")).exists() {
                        thread::yield_now();
                    }
                    // SAFETY: the call has no preconditions.
                    unsafe { libc::kill(child, libc::SIGTERM) };
                    println!("{child} {}", wait(child));
                } else {
                    churn(1, || std::fs::write(format!("ready-{}", std::process::id()), "").unwrap());
                }
            }
        }
        "beside threads" => {
            for seed in 0..4 {
                thread::spawn(move || churn(seed, || ()));
            }
            while CHURNING.load(Relaxed) < 4 {
                thread::yield_now();
            }
            thread::spawn(waits);
            for _ in 0..40 {
                let is_child = fork_and_wait(|| {
                    IS_OVER.store(true, Relaxed);
                    in_the_child();
                    thread::spawn(in_the_child).join().unwrap();
                });
                if is_child {
                    return;
                }
            }
            IS_OVER.store(true, Relaxed);
        }
        "while reports are written" => {
            for _ in 0..2 {
                thread::spawn(|| {
                    while !IS_OVER.load(Relaxed) {
                        memprof::write_report().unwrap();
                        eprint!("{}", ".".repeat(100));
                    }
                });
            }
            for _ in 0..40 {
                if fork_and_wait(in_the_child) {
                    std::process::exit(0);
                }
            }
            IS_OVER.store(true, Relaxed);
        }
        "again and again" => {
            let is_child = fork_and_wait(|| {
                in_the_child();
                if fork_and_wait(in_the_child) {
                    std::process::exit(0);
                }
            });
            if is_child {
                std::process::exit(0);
            }
        }
        "run another program" => {
            use std::os::unix::process::CommandExt;
            for _ in 0..20 {
                let mut command = std::process::Command::new("true");
                // SAFETY: the closure does nothing. It has the standard library fork.
                let status = unsafe { command.pre_exec(|| Ok(())) }.status().unwrap();
                assert!(status.success());
            }
            let mut command = std::process::Command::new("/no/such/program");
            // SAFETY: as above.
            assert!(unsafe { command.pre_exec(|| Ok(())) }.status().is_err());
        }
        other => panic!("unknown: {other}"),
    }
}
