//! The terminal while it shows the screen. It is as before afterwards, also after an error, a panic or a signal.

use std::io::{self, Stdout, stdout};
use std::sync::Once;

use ratatui::Terminal;
use ratatui::backend::CrosstermBackend;
use ratatui::crossterm::cursor::{Hide, Show};
use ratatui::crossterm::execute;
use ratatui::crossterm::style::force_color_output;
use ratatui::crossterm::terminal::{EnterAlternateScreen, LeaveAlternateScreen, disable_raw_mode, enable_raw_mode};

/// The terminal, on a screen of its own.
pub(super) struct Screen {
    pub(super) terminal: Terminal<CrosstermBackend<Stdout>>,
}

impl Screen {
    pub(super) fn open(has_colour: bool) -> io::Result<Self> {
        static AT_PANIC: Once = Once::new();
        AT_PANIC.call_once(|| {
            let print = std::panic::take_hook();
            std::panic::set_hook(Box::new(move |panic| {
                leave();
                print(panic);
            }));
        });
        force_color_output(has_colour);
        let entered = enter();
        let screen = entered.and_then(|()| Terminal::new(CrosstermBackend::new(stdout())));
        if screen.is_err() {
            leave();
        }
        Ok(Self { terminal: screen? })
    }

    /// Draws everything anew, also after something else has changed the terminal.
    pub(super) fn reopen(&mut self) -> io::Result<()> {
        // Raw mode is set only where it was left.
        leave();
        enter()?;
        self.terminal.clear()
    }

    /// Stops this process until it goes on.
    #[cfg(unix)]
    pub(super) fn stop(&mut self) -> io::Result<()> {
        leave();
        signal_hook::low_level::emulate_default_handler(signal_hook::consts::SIGTSTP)?;
        self.reopen()
    }

    #[cfg(not(unix))]
    pub(super) fn stop(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Drop for Screen {
    fn drop(&mut self) {
        leave();
    }
}

fn enter() -> io::Result<()> {
    enable_raw_mode()?;
    execute!(stdout(), EnterAlternateScreen, Hide)
}

/// A terminal that is gone needs nothing.
fn leave() {
    let _ = execute!(stdout(), LeaveAlternateScreen, Show);
    let _ = disable_raw_mode();
}

/// Signals that would leave the terminal as it is.
#[cfg(unix)]
pub(super) struct Signals {
    last: std::sync::Arc<std::sync::atomic::AtomicUsize>,
}

#[cfg(unix)]
impl Signals {
    pub(super) fn catch() -> io::Result<Self> {
        use signal_hook::consts::{SIGCONT, SIGHUP, SIGINT, SIGQUIT, SIGTERM, SIGTSTP};
        let last = std::sync::Arc::default();
        for signal in [SIGCONT, SIGHUP, SIGINT, SIGQUIT, SIGTERM, SIGTSTP] {
            signal_hook::flag::register_usize(signal, std::sync::Arc::clone(&last), signal as usize)?;
        }
        Ok(Self { last })
    }

    /// The signal since the last question.
    pub(super) fn take(&self) -> Caught {
        use signal_hook::consts::{SIGCONT, SIGTSTP};
        match self.last.swap(0, std::sync::atomic::Ordering::Relaxed) as i32 {
            0 => Caught::Nothing,
            SIGCONT => Caught::GoOn,
            SIGTSTP => Caught::Stop,
            signal => Caught::End(signal),
        }
    }
}

#[cfg(not(unix))]
pub(super) struct Signals;

#[cfg(not(unix))]
impl Signals {
    pub(super) fn catch() -> io::Result<Self> {
        Ok(Self)
    }

    pub(super) fn take(&self) -> Caught {
        Caught::Nothing
    }
}

/// A signal, by what it asks for.
#[cfg_attr(not(unix), allow(dead_code))]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Caught {
    Nothing,
    Stop,
    /// The process goes on after it was stopped: the terminal may be another one's.
    GoOn,
    End(i32),
}

/// Does what Ctrl-Z does outside of raw mode: all processes of the job get the signal.
pub(super) fn suspend() {
    #[cfg(unix)]
    {
        let _ = rustix::process::kill_current_process_group(rustix::process::Signal::TSTP);
    }
}

/// Ends as the signal asks for.
pub(super) fn end_by(signal: i32) {
    #[cfg(unix)]
    {
        let _ = signal_hook::low_level::emulate_default_handler(signal);
    }
    std::process::exit(128 + signal);
}
