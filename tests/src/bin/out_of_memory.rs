//! A program that allocates more than there is. Arguments: the way (`try`, `take`, `take on threads`, `then nothing` or
//! `nothing meanwhile`), the number of bytes, and the number of bytes from which the allocator refuses (by default the
//! limits of the system apply).

use std::alloc::{GlobalAlloc, Layout, System};
use std::hint::black_box;
use std::path::Path;
use std::sync::Barrier;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::time::Duration;

use memprof::track_memory;

/// The system's allocator up to a size.
struct Limited(AtomicUsize);

static LIMITED: Limited = Limited(AtomicUsize::new(usize::MAX));

// SAFETY: forwards to the system's allocator, or returns null.
unsafe impl GlobalAlloc for Limited {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        if layout.size() >= self.0.load(Relaxed) {
            return std::ptr::null_mut();
        }
        // SAFETY: the caller's promises are the system's.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, block: *mut u8, layout: Layout) {
        // SAFETY: the caller's promises are the system's.
        unsafe { System.dealloc(block, layout) }
    }
}

#[track_memory]
fn hold() -> Vec<u8> {
    black_box(vec![1u8; 300_000])
}

#[track_memory]
fn try_to_take(bytes: usize) -> bool {
    black_box(Vec::<u8>::new()).try_reserve_exact(bytes).is_ok()
}

/// A block that cannot grow stays as it was.
#[track_memory]
fn try_to_grow(bytes: usize) -> bool {
    let mut block = black_box(vec![7u8; 1000]);
    let grown = block.try_reserve_exact(bytes).is_ok();
    assert!(block.len() == 1000 && block.iter().all(|byte| *byte == 7));
    grown
}

#[track_memory]
fn take(bytes: usize) {
    drop(black_box(Vec::<u8>::with_capacity(bytes)));
}

/// There is no memory for a while, in which reports are asked for and due.
fn nothing_meanwhile() {
    // The thread for the reports has begun by then: a thread that begins takes memory itself.
    std::thread::sleep(Duration::from_millis(300));
    LIMITED.0.store(1, Relaxed);
    let result = memprof::write_report();
    std::thread::sleep(Duration::from_millis(1500));
    LIMITED.0.store(usize::MAX, Relaxed);
    println!("{}", result.map_or_else(|error| error.to_string(), |written| format!("{written:?}")));
    // The first one was left out.
    while !Path::new("data/logs/memory_allocations.0002.json").exists() {
        std::thread::sleep(Duration::from_millis(10));
    }
}

#[memprof::main(allocator = LIMITED)]
fn main() {
    let arguments: Vec<String> = std::env::args().collect();
    let number = |at: usize| arguments.get(at).and_then(|text| text.parse().ok());
    let bytes = number(2).unwrap_or(0);
    LIMITED.0.store(number(3).unwrap_or(usize::MAX), Relaxed);
    let held = hold();
    match arguments.get(1).map(String::as_str) {
        Some("try") => println!("taken: {}, grown: {}", try_to_take(bytes), try_to_grow(bytes)),
        // What comes after main finds no memory at all.
        Some("then nothing") => LIMITED.0.store(1, Relaxed),
        Some("nothing meanwhile") => nothing_meanwhile(),
        Some("take") => take(bytes),
        Some("take on threads") => {
            static ALL_HERE: Barrier = Barrier::new(8);
            let thread = || {
                std::thread::spawn(move || {
                    ALL_HERE.wait();
                    take(bytes);
                })
            };
            let threads: Vec<_> = (0..8).map(|_| thread()).collect();
            threads.into_iter().for_each(|thread| thread.join().unwrap());
        }
        other => panic!("unknown: {other:?}"),
    }
    drop(held);
}
