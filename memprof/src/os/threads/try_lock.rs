//! A lock that nobody waits for: work that another thread is doing is left to it.

use std::cell::UnsafeCell;
use std::sync::atomic::AtomicBool;
use std::sync::atomic::Ordering::{Acquire, Relaxed, Release};

/// A value for one thread at a time. May be used inside an allocation and in a signal handler: it never waits.
#[derive(Debug)]
pub(crate) struct TryLock<T> {
    is_held: AtomicBool,
    value: UnsafeCell<T>,
}

// SAFETY: the cell is accessed by `with` alone, which admits one thread at a time.
unsafe impl<T: Send> Sync for TryLock<T> {}

impl<T> TryLock<T> {
    pub(crate) const fn new(value: T) -> Self {
        Self { is_held: AtomicBool::new(false), value: UnsafeCell::new(value) }
    }

    /// Runs `work` on the value. `None`: it is in use, by another thread or around this call.
    pub(crate) fn with<R>(&self, work: impl FnOnce(&mut T) -> R) -> Option<R> {
        self.is_held.compare_exchange(false, true, Acquire, Relaxed).ok()?;
        // SAFETY: `is_held` was false and is true now, so no one else is in here until it is reset.
        let result = work(unsafe { &mut *self.value.get() });
        self.is_held.store(false, Release);
        Some(result)
    }

    /// In a forked child, which has one thread: makes the value available again. True: the thread that had it does not
    /// exist, and may have been in the middle of anything.
    pub(crate) fn recover(&self) -> bool {
        self.is_held.swap(false, Acquire)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::thread;

    #[test]
    fn one_at_a_time_and_nobody_waits() {
        static LOCK: TryLock<u64> = TryLock::new(0);
        let added = AtomicBool::new(false);
        thread::scope(|scope| {
            let add = || (0..10_000).filter(|_| LOCK.with(|count| *count += 1).is_some()).count() as u64;
            let adders = [scope.spawn(add), scope.spawn(add)];
            let done: u64 = adders.into_iter().map(|adder| adder.join().unwrap()).sum();
            assert_eq!(LOCK.with(|count| *count), Some(done));
            added.store(true, Relaxed);
        });
        assert!(added.load(Relaxed) && LOCK.with(|_| LOCK.with(|_| ())) == Some(None));
    }

    #[test]
    fn a_child_knows_that_it_was_in_use() {
        let lock = TryLock::new(1);
        assert!(!lock.recover());
        lock.is_held.store(true, Relaxed);
        assert!(lock.with(|_| ()).is_none() && lock.recover() && lock.with(|value| *value) == Some(1));
    }
}
