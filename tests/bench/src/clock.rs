//! The clock on the wall and that of the processor.

use std::time::Instant;

/// When something began, by both.
pub struct Started {
    wall: Instant,
    processor: u64,
}

impl Started {
    pub fn now() -> Started {
        Started { wall: Instant::now(), processor: processor() }
    }

    /// Nanoseconds since then: on the wall, and of the processor in all threads of this process.
    pub fn elapsed(&self) -> (u64, u64) {
        (self.wall.elapsed().as_nanos() as u64, processor() - self.processor)
    }
}

fn processor() -> u64 {
    let mut time = libc::timespec { tv_sec: 0, tv_nsec: 0 };
    // SAFETY: the call writes to the given structure. It fails for clocks that do not exist; POSIX has this one.
    unsafe { libc::clock_gettime(libc::CLOCK_PROCESS_CPUTIME_ID, &raw mut time) };
    time.tv_sec as u64 * 1_000_000_000 + time.tv_nsec as u64
}
