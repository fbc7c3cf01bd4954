//! Systems without signals. Windows has console events, which end a program as signals do: on a thread of its own the
//! system calls a list of handlers, the last one first, until one says that it has handled the event. If none does, the
//! program ends. Ours writes the report, and never says so.

#[cfg(windows)]
pub(crate) use windows::{Signal, on_event};

#[cfg(windows)]
mod windows {
    use std::ptr::null_mut;
    use std::sync::Once;
    use std::sync::atomic::Ordering::{Acquire, Relaxed, Release};
    use std::sync::atomic::{AtomicPtr, AtomicU32};
    use windows_sys::Win32::System::Console::{
        CTRL_BREAK_EVENT, CTRL_C_EVENT, CTRL_CLOSE_EVENT, CTRL_LOGOFF_EVENT, CTRL_SHUTDOWN_EVENT, SetConsoleCtrlHandler,
    };
    use windows_sys::core::BOOL;

    /// Console events that have the name of a signal.
    #[derive(Clone, Copy, Debug)]
    pub(crate) struct Signal(usize);

    const ALL: [(&str, &[u32]); 3] = [
        ("SIGINT", &[CTRL_C_EVENT]),
        ("SIGTERM", &[CTRL_BREAK_EVENT, CTRL_CLOSE_EVENT, CTRL_LOGOFF_EVENT, CTRL_SHUTDOWN_EVENT]),
        ("SIGHUP", &[CTRL_CLOSE_EVENT, CTRL_LOGOFF_EVENT]),
    ];

    /// A bit for each event that triggers a report.
    static CAUGHT: AtomicU32 = AtomicU32::new(0);
    /// The function that writes it.
    static WORK: AtomicPtr<()> = AtomicPtr::new(null_mut());

    impl Signal {
        pub(crate) fn named(name: &str) -> Option<Signal> {
            ALL.iter().position(|(its, _)| *its == name).map(Signal)
        }

        pub(crate) fn name(self) -> &'static str {
            ALL[self.0].0
        }

        /// Handlers of the program are called after ours, or keep ours from being called.
        pub(crate) fn is_programs(self) -> bool {
            false
        }

        /// An ignored event calls no handler.
        pub(crate) fn is_ignored(self) -> bool {
            false
        }

        pub(crate) fn has_default_action(self) -> bool {
            true
        }

        pub(crate) fn act_by_default(self) {}

        pub(crate) fn catch(self) -> bool {
            static ONCE: Once = Once::new();
            for event in ALL[self.0].1 {
                CAUGHT.fetch_or(1 << event, Relaxed);
            }
            ONCE.call_once(|| {
                // SAFETY: the function has the right type, and lives as long as the program.
                unsafe { SetConsoleCtrlHandler(Some(handler), 1) };
            });
            true
        }
    }

    /// Sets the work to do on an event that is caught.
    pub(crate) fn on_event(work: fn()) {
        WORK.store(work as *mut (), Release);
    }

    pub(super) fn stop() {
        CAUGHT.store(0, Relaxed);
    }

    unsafe extern "system" fn handler(event: u32) -> BOOL {
        let work = WORK.load(Acquire);
        let is_caught = event < u32::BITS && CAUGHT.load(Relaxed) & 1 << event != 0;
        if is_caught && !work.is_null() {
            // SAFETY: only `on_event` stores here, and it stores such a function.
            unsafe { std::mem::transmute::<*mut (), fn()>(work)() };
        }
        0
    }
}

/// There are no signals.
#[cfg(not(windows))]
#[derive(Clone, Copy, Debug)]
pub(crate) enum Signal {}

#[cfg(not(windows))]
impl Signal {
    pub(crate) fn named(_name: &str) -> Option<Signal> {
        None
    }

    pub(crate) fn name(self) -> &'static str {
        match self {}
    }

    pub(crate) fn is_programs(self) -> bool {
        match self {}
    }

    pub(crate) fn is_ignored(self) -> bool {
        match self {}
    }

    pub(crate) fn has_default_action(self) -> bool {
        match self {}
    }

    pub(crate) fn act_by_default(self) {
        match self {}
    }

    pub(crate) fn catch(self) -> bool {
        match self {}
    }
}

pub(crate) fn expect_thread(_is_there: bool) {}

pub(crate) fn refuse(_signals: &[Signal]) {}

pub(crate) fn stop() {
    #[cfg(windows)]
    windows::stop();
}

pub(crate) fn is_end_near() -> bool {
    false
}

pub(crate) fn is_waiting() -> bool {
    false
}

pub(crate) fn come() -> impl Iterator<Item = (Signal, bool)> {
    std::iter::empty()
}
