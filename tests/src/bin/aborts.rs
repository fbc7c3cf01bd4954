//! A program that ends by SIGABRT in the way that its argument names.

use std::hint::black_box;
use std::sync::Barrier;
use std::thread;

use memprof::track_memory;

#[track_memory]
fn hold() -> Vec<u8> {
    black_box(vec![1u8; 23_456])
}

#[track_memory]
fn abort() {
    std::process::abort();
}

/// Not to be turned into a loop.
#[track_memory]
#[allow(unconditional_recursion)]
fn overflow(depth: u64) -> u64 {
    let room = black_box([depth; 64]);
    overflow(depth + 1) + room[depth as usize % 64]
}

struct PanicsWhenDropped;

impl Drop for PanicsWhenDropped {
    fn drop(&mut self) {
        panic!("once more");
    }
}

/// An allocation that the system cannot make: the standard library aborts.
#[track_memory]
fn too_much() {
    drop(black_box(Vec::<u8>::with_capacity(isize::MAX as usize)));
}

extern "C" fn cannot_unwind() {
    panic!("into C");
}

/// Shows itself by ending the program.
struct Ends;

impl std::fmt::Display for Ends {
    fn fmt(&self, _: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        std::process::abort();
    }
}

#[memprof::main]
fn main() {
    let _held = hold();
    match std::env::args().nth(1).unwrap_or_default().as_str() {
        "abort" => abort(),
        "abort on a thread" => drop(thread::spawn(abort).join()),
        "abort everywhere" => {
            static ALL_HERE: Barrier = Barrier::new(5);
            for _ in 0..4 {
                thread::spawn(|| {
                    ALL_HERE.wait();
                    abort();
                });
            }
            ALL_HERE.wait();
            abort();
        }
        "abort while a report is written" => {
            thread::spawn(|| {
                loop {
                    memprof::write_report().unwrap();
                }
            });
            while !std::path::Path::new("data/logs/memory_leaks.txt").exists() {
                thread::yield_now();
            }
            abort();
        }
        "abort with stderr locked" => {
            let ends = Ends;
            eprintln!("{ends}");
        }
        "overflow" => drop(black_box(overflow(0))),
        "overflow on a thread" => drop(thread::spawn(|| overflow(0)).join()),
        "two panics" => {
            let _twice = PanicsWhenDropped;
            panic!("as it was told to");
        }
        "panic into C" => cannot_unwind(),
        "too much" => too_much(),
        "killed" => {
            // SAFETY: the call has no preconditions.
            unsafe { libc::kill(libc::getpid(), libc::SIGABRT) };
            thread::sleep(std::time::Duration::from_secs(50));
        }
        "abort without threads" => {
            // SAFETY: the structure is whole.
            unsafe { libc::setrlimit(libc::RLIMIT_NPROC, &libc::rlimit { rlim_cur: 0, rlim_max: 0 }) };
            let refused = thread::Builder::new().spawn(|| ()).is_err();
            println!("refused: {refused}");
            abort();
        }
        "own handler" => {
            extern "C" fn leave(_: i32) {
                // SAFETY: it may be called in a handler.
                unsafe { libc::_exit(9) };
            }
            // SAFETY: the handler calls what may be called in one.
            unsafe { libc::signal(libc::SIGABRT, leave as extern "C" fn(i32) as libc::sighandler_t) };
            abort();
        }
        "heap locked" => {
            // As where the C library finds its heap damaged: it aborts, and holds its lock.
            heap::break_it();
        }
        "panic" => panic!("as it was told to"),
        "panic on a thread" => drop(thread::spawn(|| panic!("as it was told to")).join()),
        other => panic!("unknown: {other}"),
    }
}

mod heap {
    /// Damages the C library's heap, and has it found.
    pub(crate) fn break_it() {
        // SAFETY: none: this is the damage that a program in C may do. The block is too large for any cache of the
        // thread, so that the lock is held when the double free is detected.
        unsafe {
            let blocks: Vec<_> = (0..64).map(|_| libc::malloc(2000)).collect();
            for &block in &blocks {
                libc::free(block);
            }
            for block in blocks {
                block.cast::<usize>().sub(1).write(0x7fff_ffff_ffff_fff1);
                libc::free(block);
            }
        }
    }
}
