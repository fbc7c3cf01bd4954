//! An allocator that switches profiling off in the middle of an allocation. From then on this thread and new ones do
//! not count; those that have begun before do.
#![allow(missing_docs)]

use memprof::{AllocationTracker, Config, Profiler, memory_stats, track_memory};
use memprof_tests::{pause, poll};
use std::alloc::{GlobalAlloc, Layout, System, alloc, alloc_zeroed, dealloc, realloc};
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::sync::{Barrier, Mutex};
use std::task::Poll;
use std::thread;

/// True: the next allocation switches profiling off first.
static SWITCHES_OFF: AtomicBool = AtomicBool::new(false);

/// Size for which there is no memory.
const REFUSED: usize = 12_345;

struct Inner;

fn before(bytes: usize) -> bool {
    if SWITCHES_OFF.swap(false, Relaxed) {
        let mut config = Config::default();
        config.memory_profiling.enabled = false;
        config.memory_profiling.dump_on_signal = Some(Vec::new());
        let _off = Profiler::start(config).expect("no other profile is running");
    }
    bytes != REFUSED
}

// SAFETY: forwards to the system's allocator, or returns null.
unsafe impl GlobalAlloc for Inner {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        // SAFETY: the caller's promises.
        if before(layout.size()) { unsafe { System.alloc(layout) } } else { std::ptr::null_mut() }
    }

    unsafe fn dealloc(&self, block: *mut u8, layout: Layout) {
        // SAFETY: the caller's promises.
        unsafe { System.dealloc(block, layout) };
    }
}

#[global_allocator]
static ALLOC: AllocationTracker<Inner> = AllocationTracker::new(Inner);

/// Allocates before and after a pause.
#[track_memory]
async fn pauses(bytes: usize) -> usize {
    let first = make(bytes);
    pause().await;
    first.len() + make(bytes).len()
}

fn make(bytes: usize) -> Vec<u8> {
    std::hint::black_box(vec![1; bytes])
}

/// Every way to the inner allocator.
fn forwards() {
    for align in [1, 16, 64, 4096] {
        let layout = Layout::from_size_align(300, align).unwrap();
        // SAFETY: the sizes are not 0, and each block is freed once, as it was last allocated.
        unsafe {
            let (plain, zeroed) = (alloc(layout), alloc_zeroed(layout));
            assert!([plain, zeroed].iter().all(|block| !block.is_null() && block.addr().is_multiple_of(align)));
            plain.write_bytes(7, 300);
            assert_eq!(std::slice::from_raw_parts(zeroed, 300), [0; 300]);
            let grown = realloc(plain, layout, 9_000);
            assert_eq!(std::slice::from_raw_parts(grown, 300), [7; 300]);
            dealloc(grown, Layout::from_size_align(9_000, align).unwrap());
            dealloc(zeroed, layout);
            assert!(alloc(Layout::from_size_align(REFUSED, align).unwrap()).is_null());
        }
    }
}

/// Three futures of which two have been polled.
fn begin() -> [Pin<Box<impl Future<Output = usize>>>; 3] {
    let mut futures = [(); 3].map(|()| Box::pin(pauses(500)));
    assert!(poll(futures[0].as_mut()).is_pending() && poll(futures[1].as_mut()).is_pending());
    futures
}

/// The first ends, the second is dropped in the middle, the third was never polled.
fn end([mut ends, in_the_middle, unused]: [Pin<Box<impl Future<Output = usize>>>; 3]) {
    assert_eq!(poll(ends.as_mut()), Poll::Ready(1_000));
    drop((ends, in_the_middle, unused));
}

#[test]
fn the_allocation_counts_and_none_after_it() {
    // Neither allocates.
    let (exchange, turns) = (Mutex::new(None), Barrier::new(2));
    thread::scope(|threads| {
        let counting = threads.spawn(|| {
            *exchange.lock().unwrap() = Some(begin());
            turns.wait();
            turns.wait();
            let before = memory_stats();
            // Made where profiling is off.
            end(exchange.lock().unwrap().take().unwrap());
            // The second half of the first.
            assert_eq!(memory_stats().allocated - before.allocated, 500);
        });
        turns.wait();
        let made_before = exchange.lock().unwrap().take().unwrap();
        let started = memory_stats();
        drop(make(1_000));
        assert_eq!(memory_stats().allocated, started.allocated + 1_000);

        SWITCHES_OFF.store(true, Relaxed);
        let within = make(1 << 20);
        let off = memory_stats();
        assert!(!SWITCHES_OFF.load(Relaxed) && off.allocated >= started.allocated + 1_000 + (1 << 20), "{off:?}");
        assert_eq!(within, vec![1; 1 << 20]);
        drop(within);
        forwards();
        // The second event of a thread is that of a thread which knows.
        thread::spawn(|| (forwards(), forwards())).join().unwrap();
        end(made_before);
        *exchange.lock().unwrap() = Some(begin());
        let still_off = memory_stats();
        assert_eq!((still_off.allocated, still_off.deallocated), (off.allocated, off.deallocated));
        turns.wait();
        counting.join().unwrap();
    });
}
