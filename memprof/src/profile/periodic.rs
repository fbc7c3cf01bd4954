//! Numbered reports of the running program, `every_seconds` apart: two of them show what grows.
use super::{Reporting, Running, output, running, warn};
use crate::Error;
use crate::collect::{self};
use crate::report::Written;
use std::collections::VecDeque;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// When the next one is due, and which of them are there.
#[derive(Debug)]
pub(crate) struct Periodic {
    step: Duration,
    keep: usize,
    next: Instant,
    number: u64,
    /// Each with the profile that it is of.
    kept: VecDeque<(u64, Written)>,
}

impl Periodic {
    /// Begins now. `None`: there are none.
    pub(crate) fn of(seconds: usize, keep: usize) -> Option<Self> {
        let step = Duration::from_secs(seconds as u64);
        (seconds > 0).then(|| Self { step, keep, next: Instant::now() + step, number: 0, kept: VecDeque::new() })
    }

    /// When the next report is due.
    pub(crate) fn next(&self) -> Instant {
        self.next
    }

    /// Writes it, if the profile that runs is the one that asked for it.
    pub(crate) fn write(&mut self, is_its: impl FnOnce(&Running) -> bool) {
        // By the clock, not by what a report takes: the times of two reports can be subtracted from each other.
        self.next = (self.next + self.step).max(Instant::now());
        self.number += 1;
        let mut running = running();
        let Some(profile) = running.get().filter(|profile| is_its(profile)) else { return };
        let _scope = Reporting::begin();
        let room = Arc::clone(&profile.request.memory);
        match collect::report(&profile.request)
            .and_then(|report| output::write(&profile.request, &report, Some(self.number)))
        {
            Ok(written) => self.kept.push_back((profile.request.run.profile, written)),
            Err(Error::OutOfMemory) => room.leave_out(),
            Err(error) => {
                const BEGINNING: &str = "a report of the running program could not be written";
                // A disk that is full stays so for many reports.
                if !profile.request.warnings.iter().any(|warning| warning.starts_with(BEGINNING)) {
                    warn(&mut running, format!("{BEGINNING}: {error}"));
                }
            }
        }
        room.refill();
        drop(running);
        while self.kept.len() > self.keep
            && let Some((profile, oldest)) = self.kept.pop_front()
        {
            output::remove(profile, &oldest);
        }
    }
}
