//! The terminal while it shows the screen. It is as before afterwards, also after an error, a panic or a signal.

use std::io::{self, Stdout, stdout};
use std::sync::Once;
use std::sync::mpsc::{self, Receiver};
use std::thread;

use ratatui::Terminal;
use ratatui::backend::CrosstermBackend;
use ratatui::crossterm::cursor::{Hide, Show};
use ratatui::crossterm::event::{self, Event};
use ratatui::crossterm::execute;
use ratatui::crossterm::style::force_color_output;
use ratatui::crossterm::terminal::{
    Clear, ClearType, EnterAlternateScreen, LeaveAlternateScreen, disable_raw_mode, enable_raw_mode,
};

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
        // `Terminal::clear` asks for the place of the cursor, and the thread that reads keys takes the answer.
        execute!(stdout(), Clear(ClearType::All))?;
        self.terminal = Terminal::new(CrosstermBackend::new(stdout()))?;
        Ok(())
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

/// Keys and changes of the size. They are read in a thread, which does not end if the terminal is gone: crossterm reads
/// its end over and over again.
pub(super) fn events() -> Receiver<io::Result<Event>> {
    let (send, events) = mpsc::channel();
    thread::spawn(move || while send.send(event::read()).is_ok() {});
    events
}

/// True if nobody is at the other end of the terminal.
pub(super) fn is_gone() -> bool {
    #[cfg(unix)]
    {
        use rustix::event::{PollFd, PollFlags, Timespec, poll};
        let out = stdout();
        let mut terminal = [PollFd::new(&out, PollFlags::empty())];
        let now = Timespec { tv_sec: 0, tv_nsec: 0 };
        poll(&mut terminal, Some(&now)).is_ok() && terminal[0].revents().intersects(PollFlags::HUP | PollFlags::ERR)
    }
    #[cfg(not(unix))]
    false
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
        use signal_hook::flag;
        use std::sync::Arc;
        let (last, is_ending) = (Arc::default(), Arc::default());
        for signal in [SIGHUP, SIGINT, SIGQUIT, SIGTERM] {
            // The second one ends the process at once: writing to the terminal may take for ever.
            flag::register_conditional_default(signal, Arc::clone(&is_ending))?;
            flag::register(signal, Arc::clone(&is_ending))?;
        }
        for signal in [SIGCONT, SIGHUP, SIGINT, SIGQUIT, SIGTERM, SIGTSTP] {
            flag::register_usize(signal, Arc::clone(&last), signal as usize)?;
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
pub(super) fn end_by(signal: i32) -> ! {
    #[cfg(unix)]
    {
        let _ = signal_hook::low_level::emulate_default_handler(signal);
    }
    std::process::exit(128 + signal);
}
