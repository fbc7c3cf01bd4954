//! A program that grows while its reports are written, and takes its signals itself.

use std::path::Path;
use std::thread::sleep;
use std::time::Duration;

use memprof::track_memory;

#[track_memory]
fn grow(kept: &mut Vec<Vec<u8>>) {
    kept.push(vec![1u8; 10_000]);
}

/// Sends this process a signal that it has blocked, and takes it, as daemons do.
fn take_a_signal() {
    // SAFETY: the set is made before it is used; the signal is blocked on this thread, the only one that could have it
    // blocked.
    unsafe {
        let mut set = std::mem::zeroed::<libc::sigset_t>();
        libc::sigemptyset(&mut set);
        libc::sigaddset(&mut set, libc::SIGUSR1);
        libc::pthread_sigmask(libc::SIG_BLOCK, &set, std::ptr::null_mut());
        libc::kill(libc::getpid(), libc::SIGUSR1);
        let mut taken = 0;
        libc::sigwait(&set, &mut taken);
        println!("taken: {}", taken == libc::SIGUSR1);
    }
}

#[memprof::main]
fn main() {
    take_a_signal();
    let exists = |number: u32| Path::new(&format!("data/logs/memory_leaks.{number:04}.txt")).exists();
    let mut kept = Vec::new();
    // Half a minute at most.
    for _ in 0..3000 {
        grow(&mut kept);
        if exists(3) && !exists(1) {
            break;
        }
        sleep(Duration::from_millis(10));
    }
}
