//! A program that runs in place of this command: it has the terminal, gets the signals, and its end is ours.

use std::io;
use std::process::{Command, ExitCode, ExitStatus};

/// Runs a program to its end. Meanwhile signals do not end this process; what the terminal does not send to both of
/// them is handed on.
pub(crate) fn run(command: &mut Command) -> io::Result<Ended> {
    let signals = os::Signals::catch()?;
    let mut child = command.spawn()?;
    signals.hand_to(&child);
    let status = child.wait();
    signals.release();
    Ok(Ended { pid: child.id(), status: status? })
}

/// A program that has ended.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Ended {
    pub(crate) pid: u32,
    pub(crate) status: ExitStatus,
}

/// Ends as the program did: with its exit status, or by the same signal.
pub(crate) fn end_like(status: ExitStatus) -> ExitCode {
    os::die_of_signal(status);
    let code = status.code().unwrap_or(1);
    match u8::try_from(code) {
        Ok(code) => ExitCode::from(code),
        // Windows: 32 bits.
        Err(_) => std::process::exit(code),
    }
}

#[cfg(unix)]
mod os {
    use std::io::{self, IsTerminal};
    use std::os::unix::process::ExitStatusExt;
    use std::process::{Child, ExitStatus};
    use std::thread;

    use rustix::process::{Pid, Resource, Rlimit, Signal, kill_process, setrlimit};
    use signal_hook::consts::{SIGHUP, SIGINT, SIGQUIT, SIGTERM};
    use signal_hook::iterator::{Handle, Signals as Caught};

    pub(super) struct Signals {
        caught: std::cell::RefCell<Option<Caught>>,
        handle: Handle,
    }

    impl Signals {
        /// The handlers are not inherited: the program starts with the default actions.
        pub(super) fn catch() -> io::Result<Self> {
            let caught = Caught::new([SIGHUP, SIGINT, SIGQUIT, SIGTERM])?;
            Ok(Self { handle: caught.handle(), caught: Some(caught).into() })
        }

        pub(super) fn hand_to(&self, child: &Child) {
            let (Some(mut caught), Some(pid)) = (self.caught.take(), pid(child)) else { return };
            // A terminal sends these to all processes in the foreground.
            let both_get_it = io::stdin().is_terminal() || io::stderr().is_terminal();
            thread::spawn(move || {
                for signal in caught.forever() {
                    let by_terminal = both_get_it && matches!(signal, SIGINT | SIGQUIT);
                    if let (false, Some(signal)) = (by_terminal, Signal::from_named_raw(signal)) {
                        // The program may have ended.
                        let _ = kill_process(pid, signal);
                    }
                }
            });
        }

        pub(super) fn release(&self) {
            self.handle.close();
        }
    }

    fn pid(child: &Child) -> Option<Pid> {
        Pid::from_raw(i32::try_from(child.id()).ok()?)
    }

    /// Does not return if a signal ended the program.
    pub(super) fn die_of_signal(status: ExitStatus) {
        let Some(signal) = status.signal() else { return };
        // The program has left its core; another one of this process would replace it.
        let _ = setrlimit(Resource::Core, Rlimit { current: Some(0), maximum: Some(0) });
        drop(signal_hook::low_level::emulate_default_handler(signal));
        // A signal that cannot be raised: the status that a shell would show.
        std::process::exit(128 + signal);
    }
}

#[cfg(not(unix))]
mod os {
    use std::io;
    use std::process::{Child, ExitStatus};
    use std::sync::Once;

    static HANDLER: Once = Once::new();

    pub(super) struct Signals;

    impl Signals {
        /// The console sends Ctrl-C to the program as well.
        pub(super) fn catch() -> io::Result<Self> {
            HANDLER.call_once(|| drop(ctrlc::set_handler(|| {})));
            Ok(Self)
        }

        pub(super) fn hand_to(&self, _: &Child) {}

        pub(super) fn release(&self) {}
    }

    pub(super) fn die_of_signal(_: ExitStatus) {}
}
