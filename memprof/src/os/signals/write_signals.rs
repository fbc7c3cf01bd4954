//! The signals that a write can raise: SIGPIPE if nobody reads any more, SIGXFSZ beyond the maximum file size.
//!
//! The default action of each ends the process. That is right for the program's own writes, but a report must not end
//! the program: memprof uses the error that the write returns instead.

#[cfg(unix)]
pub(crate) use unix::Held;

#[cfg(unix)]
mod unix {
    const SIGNALS: [i32; 2] = [libc::SIGPIPE, libc::SIGXFSZ];

    /// Blocks these signals for this thread until it is dropped. Signals that were raised meanwhile are discarded then;
    /// signals that were pending before stay.
    pub(crate) struct Held {
        before: libc::sigset_t,
        waiting_before: [bool; 2],
    }

    fn set(signals: &[i32]) -> libc::sigset_t {
        // SAFETY: `sigemptyset` initializes the all-zero value, which is valid memory of that type.
        unsafe {
            let mut set = std::mem::zeroed();
            libc::sigemptyset(&raw mut set);
            for &signal in signals {
                libc::sigaddset(&raw mut set, signal);
            }
            set
        }
    }

    /// The pending ones of these signals.
    fn waiting() -> [bool; 2] {
        let mut pending = set(&[]);
        // SAFETY: both calls work on a set that was made above.
        unsafe {
            libc::sigpending(&raw mut pending);
            SIGNALS.map(|signal| libc::sigismember(&raw const pending, signal) == 1)
        }
    }

    impl Held {
        pub(crate) fn begin() -> Self {
            let waiting_before = waiting();
            let (signals, mut before) = (set(&SIGNALS), set(&[]));
            // SAFETY: both sets were made above.
            unsafe { libc::pthread_sigmask(libc::SIG_BLOCK, &raw const signals, &raw mut before) };
            Self { before, waiting_before }
        }
    }

    impl Drop for Held {
        fn drop(&mut self) {
            for ((signal, before), now) in SIGNALS.into_iter().zip(self.waiting_before).zip(waiting()) {
                if now && !before {
                    let (one, mut taken) = (set(&[signal]), 0);
                    // It is pending, and this thread's own write raised it, so that no other thread can take it: this
                    // returns at once.
                    // SAFETY: the set was just made, and the pointer is valid.
                    unsafe { libc::sigwait(&raw const one, &raw mut taken) };
                }
            }
            // SAFETY: this is the mask that the thread had.
            unsafe { libc::pthread_sigmask(libc::SIG_SETMASK, &raw const self.before, std::ptr::null_mut()) };
        }
    }
}

/// There are no such signals.
#[cfg(not(unix))]
#[derive(Debug)]
pub(crate) struct Held;

#[cfg(not(unix))]
impl Held {
    pub(crate) fn begin() -> Self {
        Self
    }
}

#[cfg(all(test, unix))]
mod tests {
    use super::Held;

    /// Sends this thread a signal that would end the process.
    fn raise() {
        // SAFETY: the thread is this one.
        unsafe { libc::pthread_kill(libc::pthread_self(), libc::SIGXFSZ) };
    }

    fn is_waiting() -> bool {
        // SAFETY: all-zero is a valid set, and the call fills it.
        unsafe {
            let mut pending = std::mem::zeroed();
            libc::sigpending(&raw mut pending);
            libc::sigismember(&raw const pending, libc::SIGXFSZ) == 1
        }
    }

    #[test]
    fn what_is_raised_meanwhile_is_gone() {
        for _ in 0..2 {
            let held = Held::begin();
            raise();
            assert!(is_waiting());
            drop(held);
            assert!(!is_waiting());
        }
    }

    #[test]
    fn what_waited_before_stays_and_so_does_the_mask() {
        let outer = Held::begin();
        raise();
        drop(Held::begin());
        assert!(is_waiting(), "the program has blocked it, and is to get it");
        drop(outer);
        assert!(!is_waiting());
    }
}
