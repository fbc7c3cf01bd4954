//! A program that grows while it is asked, until its folder has a file `stop`. With the argument `idle` it only waits;
//! with `forks` it leaves a child behind that lives for five seconds.

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
    let is_idle = std::env::args().nth(1).is_some_and(|argument| argument == "idle");
    let mut kept = Vec::new();
    grow(&mut kept);
    work();
    #[cfg(unix)]
    if std::env::args().nth(1).is_some_and(|argument| argument == "forks") {
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
    let stop = Path::new("stop");
    // A minute at most.
    for _ in 0..6000 {
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
