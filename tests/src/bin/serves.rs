//! A program that grows while it is asked, until its folder has a file `stop`, for a minute at most. With the argument
//! `idle` it only waits, with `waits` for ten minutes; with `forks` it leaves a child behind that lives for 5 s. The
//! file `begun` says that each function has been called: the server answers before that.

use memprof::track_memory;
use std::path::Path;
use std::thread::sleep;
use std::time::Duration;

#[track_memory]
fn grow(kept: &mut Vec<Vec<u8>>) {
    kept.push(vec![1u8; 10_000]);
}

#[track_memory]
fn work() -> usize {
    std::hint::black_box(vec![1u8; 1000]).len()
}

#[memprof::main]
fn main() {
    let argument = std::env::args().nth(1).unwrap_or_default();
    let is_idle = ["idle", "waits"].contains(&argument.as_str());
    let mut kept = Vec::new();
    grow(&mut kept);
    work();
    #[cfg(unix)]
    if argument == "forks" {
        // The thread that serves must have begun.
        sleep(Duration::from_millis(200));
        // SAFETY: the child only sleeps and ends, without destructors and handlers.
        unsafe {
            if libc::fork() == 0 {
                libc::sleep(5);
                libc::_exit(0);
            }
        }
        std::fs::write("forked", "").unwrap();
    }
    std::fs::write("begun", "").unwrap();
    let stop = Path::new("stop");
    let turns = if argument == "waits" { 60_000 } else { 6_000 };
    for _ in 0..turns {
        if stop.exists() {
            break;
        }
        if !is_idle {
            work();
            grow(&mut kept);
        }
        sleep(Duration::from_millis(10));
    }
}
