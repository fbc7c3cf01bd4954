//! The loop: requests, keys, signals, and the screen.

use std::io;
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, TryRecvError};
use std::time::{Duration, Instant};

use memprof::Report;
use ratatui::crossterm::event::{Event, KeyEventKind};

use super::client::{Client, Refusal};
use super::keys::{self, Action};
use super::screen;
use super::state::{Connection, State};
use super::terminal::{Caught, Screen, Signals, end_by, events, is_gone, suspend};
use crate::failure::{Failure, Outcome};

/// Longest wait for a key before everything else is looked at.
const TICK: Duration = Duration::from_millis(50);
/// Time until a report that is not yet there is asked for again.
const AGAIN: Duration = Duration::from_millis(200);
/// Time without an answer that is said.
const SLOW: Duration = Duration::from_secs(3);
/// Times until the next try, after one without figures and after several.
const TRIES: [u64; 4] = [1, 2, 3, 5];

/// Shows a program until the user quits.
pub(super) fn watch(client: Client, state: &mut State, interval: Duration) -> Outcome {
    let signals = Signals::catch().map_err(|error| Failure::Said(format!("cannot catch signals: {error}")))?;
    let has_colour = anstream::AutoStream::choice(&io::stdout()) != anstream::ColorChoice::Never;
    let screen = Screen::open(has_colour).map_err(|error| of_terminal(&error))?;
    let ended =
        Watch { events: events(), requests: Requests::of(client, interval), screen, signals }.until_the_end(state);
    // The screen is closed: the terminal is as before.
    match ended.map_err(|error| of_terminal(&error))? {
        Ending::Signal(signal) => end_by(signal),
        Ending::Quit => Ok(()),
        Ending::NoTerminal => Err(Failure::said("the terminal is gone")),
    }
}

fn of_terminal(error: &io::Error) -> Failure {
    Failure::Said(format!("cannot use the terminal: {error}; --once prints one table"))
}

/// The reason for which it ends.
enum Ending {
    Quit,
    Signal(i32),
    NoTerminal,
}

struct Watch {
    events: Receiver<io::Result<Event>>,
    requests: Requests,
    screen: Screen,
    signals: Signals,
}

impl Watch {
    fn until_the_end(mut self, state: &mut State) -> io::Result<Ending> {
        let mut is_changed = true;
        loop {
            is_changed |= self.requests.step(state)?;
            if std::mem::take(&mut is_changed) {
                self.screen.terminal.draw(|frame| screen::draw(frame, state))?;
            }
            let mut action = Action::None;
            match self.events.recv_timeout(TICK) {
                Ok(event) => {
                    if let Event::Key(key) = event?
                        && key.kind != KeyEventKind::Release
                    {
                        action = keys::press(state, key);
                    }
                    is_changed = true;
                }
                Err(RecvTimeoutError::Timeout) if is_gone() => return Ok(Ending::NoTerminal),
                Err(RecvTimeoutError::Timeout) => {}
                Err(RecvTimeoutError::Disconnected) => return Err(io::Error::other("its keys cannot be read")),
            }
            match self.signals.take() {
                Caught::Nothing => {}
                Caught::Stop => {
                    self.screen.stop()?;
                    is_changed = true;
                }
                Caught::GoOn => action = Action::Redraw,
                Caught::End(signal) => return Ok(Ending::Signal(signal)),
            }
            match action {
                Action::None => {}
                Action::Ask => self.requests.due = Instant::now(),
                Action::Suspend => suspend(),
                Action::Redraw => {
                    self.screen.reopen()?;
                    is_changed = true;
                }
                Action::Quit => return Ok(Ending::Quit),
            }
        }
    }
}

/// Requests, one at a time.
struct Requests {
    ask: Sender<()>,
    answers: Receiver<Result<Report, Refusal>>,
    interval: Duration,
    /// Time of the request that is not answered yet.
    asked: Option<Instant>,
    due: Instant,
    failures: usize,
    /// The reason of the last failure.
    reason: Option<String>,
}

impl Requests {
    fn of(client: Client, interval: Duration) -> Self {
        let (ask, answers) = client.in_thread();
        Self { ask, answers, interval, asked: None, due: Instant::now() + interval, failures: 0, reason: None }
    }

    /// Asks if it is time, and takes an answer if there is one. True if the screen changes.
    fn step(&mut self, state: &mut State) -> io::Result<bool> {
        let mut is_changed = false;
        match self.answers.try_recv() {
            Ok(answer) => {
                self.asked = None;
                // What comes while the screen is paused is not shown.
                if state.connection != Connection::Paused {
                    self.take(answer, state);
                    is_changed = true;
                }
            }
            Err(TryRecvError::Empty) => {}
            Err(TryRecvError::Disconnected) => {
                return Err(io::Error::other("the thread that asks the program has ended"));
            }
        }
        if state.connection == Connection::Paused {
            return Ok(is_changed);
        }
        let left = self.due.saturating_duration_since(Instant::now());
        if self.asked.is_none() && left.is_zero() && self.ask.send(()).is_ok() {
            self.asked = Some(Instant::now());
        }
        let waited = self.asked.map_or(Duration::ZERO, |asked| asked.elapsed());
        let connection = match &self.reason {
            None if waited >= SLOW => Connection::Slow(waited.as_secs()),
            None => Connection::Live,
            // The seconds that are shown.
            Some(reason) => {
                let left = Duration::from_secs(left.as_secs_f64().ceil() as u64);
                Connection::Waiting { reason: reason.clone(), left }
            }
        };
        is_changed |= connection != state.connection;
        state.connection = connection;
        Ok(is_changed)
    }

    fn take(&mut self, answer: Result<Report, Refusal>, state: &mut State) {
        let wait = match answer {
            Ok(report) => {
                self.failures = 0;
                self.reason = None;
                if state.take(report) { self.interval } else { AGAIN.min(self.interval) }
            }
            Err(refusal) => {
                let wait = TRIES[self.failures.min(TRIES.len() - 1)];
                self.failures += 1;
                self.reason = Some(refusal.reason);
                Duration::from_secs(wait).max(self.interval)
            }
        };
        self.due = Instant::now() + wait;
    }
}
