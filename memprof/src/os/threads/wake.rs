//! Waking the profiler's thread, also from a signal handler.
//!
//! On Linux nothing is allocated for waiting: while the thread has nothing to do, it leaves no trace in the figures.

pub(crate) use imp::{count, listen, wait, wake};

#[cfg(all(any(target_os = "linux", target_os = "android"), target_pointer_width = "64"))]
mod imp {
    use std::ptr::null;
    use std::sync::atomic::AtomicU32;
    use std::sync::atomic::Ordering::{Acquire, Release};
    use std::time::Duration;

    /// Number of wake-ups.
    static COUNT: AtomicU32 = AtomicU32::new(0);

    /// Called by the thread before it waits.
    pub(crate) fn listen() {}

    /// Number of wake-ups so far. The thread reads it before it looks for work.
    pub(crate) fn count() -> u32 {
        COUNT.load(Acquire)
    }

    /// Wakes the thread, or keeps it from waiting if it was about to.
    pub(crate) fn wake() {
        COUNT.fetch_add(1, Release);
        let number = libc::FUTEX_WAKE | libc::FUTEX_PRIVATE_FLAG;
        // SAFETY: the word lives as long as the program.
        unsafe { libc::syscall(libc::SYS_futex, COUNT.as_ptr(), number, libc::c_int::MAX) };
    }

    /// Waits for the next wake-up after `count`, and at most for `longest`. May return early.
    pub(crate) fn wait(count: u32, longest: Option<Duration>) {
        let longest = longest.map(|time| libc::timespec {
            // Not `libc::time_t`: that name is deprecated for musl.
            tv_sec: time.as_secs().min(1 << 30) as _,
            tv_nsec: time.subsec_nanos().into(),
        });
        let longest = longest.as_ref().map_or(null(), std::ptr::from_ref);
        let number = libc::FUTEX_WAIT | libc::FUTEX_PRIVATE_FLAG;
        // SAFETY: the word lives as long as the program, and the time is valid or null.
        unsafe { libc::syscall(libc::SYS_futex, COUNT.as_ptr(), number, count, longest) };
    }
}

#[cfg(not(all(any(target_os = "linux", target_os = "android"), target_pointer_width = "64")))]
mod imp {
    use std::ptr::null_mut;
    use std::sync::atomic::AtomicPtr;
    use std::sync::atomic::Ordering::{Acquire, Release};
    use std::thread::{self, Thread};
    use std::time::Duration;

    /// The thread; null: none.
    static THREAD: AtomicPtr<Thread> = AtomicPtr::new(null_mut());

    /// Called by the thread before it waits.
    pub(crate) fn listen() {
        // Never deallocated: a handler may be about to use it. A few bytes for each profile that has a thread.
        THREAD.store(Box::into_raw(Box::new(thread::current())), Release);
    }

    /// Number of wake-ups so far: not needed, because the system keeps it.
    pub(crate) fn count() -> u32 {
        0
    }

    /// Wakes the thread, or keeps it from waiting if it was about to.
    pub(crate) fn wake() {
        // SAFETY: null, or a thread that `listen` has leaked.
        if let Some(thread) = unsafe { THREAD.load(Acquire).as_ref() } {
            // std does not document that this is async-signal-safe; on each system it is one exchange and one system
            // call.
            thread.unpark();
        }
    }

    /// Waits for the next wake-up, and at most for `longest`. May return early.
    pub(crate) fn wait(_count: u32, longest: Option<Duration>) {
        match longest {
            Some(longest) => thread::park_timeout(longest),
            None => thread::park(),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::thread;
    use std::time::{Duration, Instant};

    #[test]
    fn a_thread_is_woken_and_waits_no_longer_than_it_wants() {
        let waiting = thread::spawn(|| {
            super::listen();
            let began = Instant::now();
            super::wait(super::count(), Some(Duration::from_millis(20)));
            assert!(began.elapsed() >= Duration::from_millis(15));
            super::wait(super::count(), None);
        });
        while !waiting.is_finished() {
            thread::sleep(Duration::from_millis(40));
            super::wake();
        }
        waiting.join().unwrap();
        // A wake-up that came before the wait.
        super::listen();
        let count = super::count();
        super::wake();
        super::wait(count, None);
    }
}
