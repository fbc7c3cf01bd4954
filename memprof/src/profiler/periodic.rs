//! Numbered reports of the running program, `every_seconds` apart: two of them show what grows.

use super::{Running, collect, running, write_numbered};
use crate::Error;
use crate::os::signals;
use crate::report::Written;
use std::collections::VecDeque;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::time::{Duration, Instant};

/// The thread that writes the reports; it ends soon after this is dropped, and keeps no process alive.
#[derive(Debug)]
pub(super) struct Periodic(Arc<Stop>);

#[derive(Debug, Default)]
struct Stop {
    stopped: Mutex<bool>,
    changed: Condvar,
}

impl Stop {
    /// Waits. False: no more reports are wanted.
    fn wait_until(&self, time: Instant) -> bool {
        let mut stopped = self.stopped.lock().unwrap_or_else(PoisonError::into_inner);
        while !*stopped {
            let left = time.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return true;
            }
            stopped = self.changed.wait_timeout(stopped, left).unwrap_or_else(PoisonError::into_inner).0;
        }
        false
    }
}

impl Periodic {
    /// Starts the thread. `Err`: the system has none to give.
    pub(super) fn start(seconds: usize, keep: usize) -> std::io::Result<Self> {
        let stop = Arc::new(Stop::default());
        let (told, step) = (Arc::clone(&stop), Duration::from_secs(seconds as u64));
        std::thread::Builder::new().name("memprof".to_owned()).spawn(move || write_until(&told, step, keep))?;
        Ok(Self(stop))
    }

    fn is(&self, stop: &Arc<Stop>) -> bool {
        Arc::ptr_eq(&self.0, stop)
    }
}

impl Drop for Periodic {
    fn drop(&mut self) {
        *self.0.stopped.lock().unwrap_or_else(PoisonError::into_inner) = true;
        self.0.changed.notify_all();
    }
}

fn write_until(stop: &Arc<Stop>, step: Duration, keep: usize) {
    // A program that waits for its signals in a thread of its choice has blocked them in all others, but not in this one.
    signals::block_all();
    let mut kept: VecDeque<Written> = VecDeque::new();
    let mut next = Instant::now();
    for number in 1u64.. {
        // By the clock, not by what a report takes: the times of two reports can be subtracted from each other.
        next = (next + step).max(Instant::now());
        if !stop.wait_until(next) {
            return;
        }
        let mut running = running();
        let Some(profile) = running.as_mut().filter(|profile| is_its(profile, stop)) else { return };
        let _scope = collect::Reporting::begin();
        match collect::report(profile).and_then(|report| write_numbered(profile, &report, number)) {
            Ok(written) => kept.push_back(written),
            Err(Error::OutOfMemory) => profile.room.leave_out(),
            Err(error) => warn_once(profile, &error.to_string()),
        }
        profile.room.refill();
        drop(running);
        while kept.len() > keep
            && let Some(oldest) = kept.pop_front()
        {
            // One that is gone already is what was wanted.
            let _ = (fs::remove_file(oldest.allocation_report), fs::remove_file(oldest.leak_report));
        }
    }
}

/// Whether this thread writes the reports of the profile: another one may have begun meanwhile.
fn is_its(profile: &Running, stop: &Arc<Stop>) -> bool {
    profile.periodic.as_ref().is_some_and(|periodic| periodic.is(stop))
}

/// A disk that is full stays so for many reports.
fn warn_once(profile: &mut Running, error: &str) {
    const BEGINNING: &str = "a report of the running program could not be written";
    if !profile.warnings.iter().any(|warning| warning.starts_with(BEGINNING)) {
        profile.warnings.push(format!("{BEGINNING}: {error}"));
    }
}

/// `memory_leaks.txt` → `memory_leaks.0012.txt`.
pub(super) fn numbered(name: &Path, number: u64) -> PathBuf {
    let mut numbered = name.file_stem().unwrap_or_default().to_owned();
    numbered.push(format!(".{number:04}"));
    if let Some(extension) = name.extension() {
        numbered.push(".");
        numbered.push(extension);
    }
    name.with_file_name(numbered)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_number_stands_before_the_extension() {
        assert_eq!(numbered(Path::new("a.b.json"), 7), Path::new("a.b.0007.json"));
        assert_eq!(numbered(Path::new("leaks"), 12_345), Path::new("leaks.12345"));
        assert_eq!(numbered(Path::new(".hidden"), 1), Path::new(".hidden.0001"));
    }
}
