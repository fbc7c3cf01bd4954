//! The library: what a program in C calls of it.

use memprof::{AllocationTracker, Profiler, track_memory};
use std::cell::Cell;
use std::hint::black_box;
use std::sync::Mutex;

#[global_allocator]
static ALLOC: AllocationTracker = AllocationTracker::system();

static PROFILE: Mutex<Option<Profiler>> = Mutex::new(None);

/// Starts a profile that goes on until the process ends. The status: 0, or 1 if it has been started before.
#[unsafe(no_mangle)]
pub extern "C" fn plugin_start() -> i32 {
    let Ok(config) = memprof::Config::load() else { return 2 };
    match Profiler::start(config) {
        Ok(profile) => {
            *PROFILE.lock().unwrap() = Some(profile);
            0
        }
        Err(_) => 1,
    }
}

/// Ends the profile.
#[unsafe(no_mangle)]
pub extern "C" fn plugin_finish() {
    drop(PROFILE.lock().unwrap().take());
}

/// Allocates as many blocks, and keeps one of 1,000 bytes.
#[unsafe(no_mangle)]
#[track_memory]
pub extern "C" fn plugin_work(blocks: u32) {
    for size in 0..blocks as usize {
        drop(black_box(vec![1u8; size % 500 + 1]));
    }
    std::mem::forget(black_box(vec![1u8; 1000]));
}

struct AtEnd(Cell<u32>);

impl Drop for AtEnd {
    fn drop(&mut self) {
        plugin_work(self.0.get());
    }
}

thread_local! {
    static AT_END: AtEnd = const { AtEnd(Cell::new(0)) };
}

/// Has this thread do as much when it ends, in the destructor of a thread-local.
#[unsafe(no_mangle)]
pub extern "C" fn plugin_work_at_end(blocks: u32) {
    AT_END.with(|at_end| at_end.0.set(blocks));
}

/// Does it on a thread of the library's own, which goes on for a while.
#[unsafe(no_mangle)]
pub extern "C" fn plugin_thread(blocks: u32) {
    std::thread::spawn(move || {
        std::thread::sleep(std::time::Duration::from_millis(50));
        plugin_work(blocks);
    });
}
