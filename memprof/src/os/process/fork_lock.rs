//! A lock that is free in a forked child: the thread that held it in the parent does not exist in the child and cannot
//! release it.
//!
//! It is held while a report is made, never inside an allocation. Waiting is polling: a report takes milliseconds, and
//! the system's blocking primitives know nothing of forks. The lock is served in order of arrival, so that a thread
//! that writes one report after another does not keep the program from ending.

use std::marker::PhantomData;
use std::ptr::null_mut;
use std::sync::atomic::Ordering::{AcqRel, Acquire, Relaxed, Release};
use std::sync::atomic::{AtomicPtr, AtomicU64, AtomicUsize};
use std::time::Duration;

thread_local! {
    /// Its address identifies the thread within this process.
    static TOKEN: u8 = const { 0 };
}

/// Interval of polling.
const PAUSE: Duration = Duration::from_millis(1);

/// The lock, and the value it guards. The value is only replaced as a whole, by one store: a lock whose owner is gone
/// leaves nothing half done.
#[derive(Debug)]
pub(crate) struct ForkLock<T> {
    /// A [`Turn`].
    turn: AtomicU64,
    /// Token of the thread that holds it; 0: none.
    holder: AtomicUsize,
    value: AtomicPtr<T>,
}

/// The queue of the lock, in one word.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Turn {
    /// The process that the other two belong to.
    process: u32,
    /// The next number to be given out.
    next: u16,
    /// The number that holds the lock, or will.
    served: u16,
}

impl Turn {
    fn from_word(word: u64) -> Self {
        Self { process: (word >> 32) as u32, next: (word >> 16) as u16, served: word as u16 }
    }

    fn word(self) -> u64 {
        u64::from(self.process) << 32 | u64::from(self.next) << 16 | u64::from(self.served)
    }
}

/// The right to look at the value and to replace it. It stays on its thread.
#[derive(Debug)]
pub(crate) struct LockGuard<'a, T> {
    lock: &'a ForkLock<T>,
    _stays: PhantomData<*const ()>,
}

impl<T> ForkLock<T> {
    pub(crate) const fn new() -> Self {
        Self { turn: AtomicU64::new(0), holder: AtomicUsize::new(0), value: AtomicPtr::new(null_mut()) }
    }

    /// Waits until no other thread of this process holds it.
    pub(crate) fn lock(&self) -> LockGuard<'_, T> {
        let process = std::process::id();
        let mut number = 0;
        let draw = |word| {
            let mut turn = Turn::from_word(word);
            if turn.process != process {
                // The owner and the waiting threads belong to another process.
                turn = Turn { process, next: turn.served, served: turn.served };
            }
            number = turn.next;
            Some(Turn { next: turn.next.wrapping_add(1), ..turn }.word())
        };
        let _ = self.turn.fetch_update(AcqRel, Acquire, draw);
        while Turn::from_word(self.turn.load(Acquire)).served != number {
            std::thread::sleep(PAUSE);
        }
        self.holder.store(token(), Relaxed);
        LockGuard { lock: self, _stays: PhantomData }
    }

    /// Returns the lock if it is free now. Never waits and never allocates.
    pub(crate) fn try_lock(&self) -> Option<LockGuard<'_, T>> {
        let process = std::process::id();
        let draw = |word| {
            let turn = Turn::from_word(word);
            // The owner and the waiting threads belong to another process.
            let served = if turn.process == process { turn.served } else { turn.next };
            (served == turn.next).then(|| Turn { process, next: served.wrapping_add(1), served }.word())
        };
        self.turn.fetch_update(AcqRel, Acquire, draw).ok()?;
        self.holder.store(token(), Relaxed);
        Some(LockGuard { lock: self, _stays: PhantomData })
    }

    /// True if the current thread holds it, which must not wait for itself.
    pub(crate) fn is_held_here(&self) -> bool {
        let turn = Turn::from_word(self.turn.load(Acquire));
        turn.process == std::process::id() && turn.served != turn.next && self.holder.load(Relaxed) == token()
    }
}

impl<T> LockGuard<'_, T> {
    /// The value, if there is one.
    pub(crate) fn get(&self) -> Option<&T> {
        // SAFETY: null, or a box that `put` has leaked. Only the owner of the lock takes it out, which is this thread,
        // and `self` is borrowed meanwhile.
        unsafe { self.lock.value.load(Acquire).as_ref() }
    }

    /// Replaces the value.
    pub(crate) fn put(&mut self, value: T) {
        let before = self.lock.value.swap(Box::into_raw(Box::new(value)), AcqRel);
        drop(Self::owned(before));
    }

    /// Takes the value out.
    pub(crate) fn take(&mut self) -> Option<Box<T>> {
        Self::owned(self.lock.value.swap(null_mut(), AcqRel))
    }

    fn owned(value: *mut T) -> Option<Box<T>> {
        // SAFETY: null, or a box that `put` has leaked and that the caller has just taken out of the lock.
        if value.is_null() { None } else { Some(unsafe { Box::from_raw(value) }) }
    }
}

impl<T> Drop for LockGuard<'_, T> {
    fn drop(&mut self) {
        self.lock.holder.store(0, Relaxed);
        let process = std::process::id();
        let serve_next = |word| {
            let turn = Turn::from_word(word);
            // If it was taken before a fork by the thread that forked, nobody in the child waits for it.
            let is_ours = turn.process == process;
            is_ours.then(|| Turn { served: turn.served.wrapping_add(1), ..turn }.word())
        };
        let _ = self.lock.turn.fetch_update(Release, Relaxed, serve_next);
    }
}

fn token() -> usize {
    TOKEN.with(|token| std::ptr::from_ref(token).addr())
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::thread;

    #[test]
    fn one_at_a_time_and_whoever_came_first() {
        static LOCK: ForkLock<u64> = ForkLock::new();
        LOCK.lock().put(0);
        thread::scope(|scope| {
            for _ in 0..8 {
                scope.spawn(|| {
                    for _ in 0..50 {
                        let mut held = LOCK.lock();
                        let before = held.get().copied().unwrap();
                        thread::yield_now();
                        held.put(before + 1);
                    }
                });
            }
        });
        assert_eq!(LOCK.lock().take().as_deref(), Some(&400));
        assert_eq!(LOCK.lock().get(), None);
    }

    #[test]
    fn a_thread_that_takes_it_again_and_again_lets_others_in() {
        static LOCK: ForkLock<()> = ForkLock::new();
        static OVER: std::sync::atomic::AtomicBool = std::sync::atomic::AtomicBool::new(false);
        let greedy = thread::spawn(|| {
            while !OVER.load(Relaxed) {
                let _held = LOCK.lock();
                thread::sleep(Duration::from_millis(2));
            }
        });
        for _ in 0..20 {
            drop(LOCK.lock());
        }
        OVER.store(true, Relaxed);
        greedy.join().unwrap();
    }

    #[test]
    fn a_thread_knows_that_it_holds_it() {
        static LOCK: ForkLock<()> = ForkLock::new();
        assert!(!LOCK.is_held_here());
        let held = LOCK.lock();
        assert!(LOCK.is_held_here());
        assert!(!thread::spawn(|| LOCK.is_held_here()).join().unwrap());
        drop(held);
        assert!(!LOCK.is_held_here());
    }

    #[test]
    fn who_does_not_wait_gets_it_only_where_it_is_free() {
        static LOCK: ForkLock<()> = ForkLock::new();
        let held = LOCK.lock();
        assert!(LOCK.try_lock().is_none());
        drop(held);
        let held = LOCK.try_lock();
        assert!(held.is_some() && LOCK.is_held_here());
        assert!(LOCK.try_lock().is_none());
        drop(held);
        drop(LOCK.lock());
        let of_parent = Turn { process: std::process::id() ^ 1, next: 7, served: 3 };
        LOCK.turn.store(of_parent.word(), Relaxed);
        drop(LOCK.try_lock().unwrap());
        drop(LOCK.lock());
    }

    #[test]
    fn what_another_process_holds_is_free() {
        static LOCK: ForkLock<()> = ForkLock::new();
        // The state in a child that was forked while two threads waited behind the owner.
        let of_parent = Turn { process: std::process::id() ^ 1, next: u16::MAX, served: u16::MAX - 3 };
        LOCK.turn.store(of_parent.word(), Relaxed);
        drop(LOCK.lock());
        drop(LOCK.lock());
        let turn = Turn::from_word(LOCK.turn.load(Relaxed));
        assert_eq!((turn.process, turn.next), (std::process::id(), turn.served));
    }
}
