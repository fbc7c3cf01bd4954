//! An empty test, and the allocations and frees of the harness on its thread: `memprof-harness BEFORE CHANGE…`, the
//! number of those before the test, and the change of the live bytes by each.
#![cfg(test)]

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;
use std::sync::atomic::Ordering::Relaxed;
use std::sync::atomic::{AtomicI64, AtomicUsize};

struct Log;

#[global_allocator]
static ALLOC: Log = Log;

static CHANGES: [AtomicI64; 64] = [const { AtomicI64::new(0) }; 64];
static COUNT: AtomicUsize = AtomicUsize::new(0);
static BEFORE: AtomicUsize = AtomicUsize::new(0);
/// Address of the word of the main thread, which makes the first allocation.
static MAIN: AtomicUsize = AtomicUsize::new(0);

thread_local!(static WORD: Cell<u8> = const { Cell::new(0) });

unsafe extern "C" {
    fn atexit(handler: extern "C" fn()) -> i32;
}

fn note(change: i64) {
    let here = WORD.with(|word| word.as_ptr() as usize);
    match MAIN.compare_exchange(0, here, Relaxed, Relaxed) {
        Ok(_) => {
            // SAFETY: the function lives as long as the program.
            unsafe { atexit(print) };
        }
        Err(main) if main == here || change == 0 => {}
        Err(_) => {
            if let Some(slot) = CHANGES.get(COUNT.fetch_add(1, Relaxed)) {
                slot.store(change, Relaxed);
            }
        }
    }
}

extern "C" fn print() {
    let changes: Vec<String> =
        CHANGES.iter().take(COUNT.load(Relaxed)).map(|change| change.load(Relaxed).to_string()).collect();
    eprintln!("memprof-harness {} {}", BEFORE.load(Relaxed), changes.join(" "));
}

// SAFETY: all blocks are the system's.
unsafe impl GlobalAlloc for Log {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        note(layout.size() as i64);
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, block: *mut u8, layout: Layout) {
        note(-(layout.size() as i64));
        unsafe { System.dealloc(block, layout) };
    }

    unsafe fn realloc(&self, block: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        note(size as i64 - layout.size() as i64);
        unsafe { System.realloc(block, layout, size) }
    }
}

/// The main thread has let go of everything that it shares with this one when the test ends.
fn empty() {
    BEFORE.store(COUNT.load(Relaxed), Relaxed);
    std::thread::sleep(std::time::Duration::from_millis(20));
}

#[test]
fn short() {
    empty();
}

#[test]
fn a_name_of_more_letters() {
    empty();
}
