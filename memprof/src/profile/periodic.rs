//! Numbered reports of the running program, `every_seconds` apart: two of them show growth.
use super::{ReportingGuard, Running, output, running, warn};
use crate::Error;
use crate::collect::{self};
use crate::report::Written;
use crate::report::files::RunningNumber;
use std::collections::VecDeque;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// Time of the next report, and the reports that are kept.
#[derive(Debug)]
pub(crate) struct Periodic {
    step: Duration,
    keep: usize,
    next: Instant,
    number: u64,
    /// Each report with its profile.
    kept: VecDeque<(u64, Written)>,
}

impl Periodic {
    /// Begins now. `None`: there are no numbered reports.
    pub(crate) fn of(seconds: usize, keep: usize) -> Option<Self> {
        let step = Duration::from_secs(seconds as u64);
        (seconds > 0).then(|| Self { step, keep, next: Instant::now() + step, number: 0, kept: VecDeque::new() })
    }

    /// Time at which the next report is due.
    pub(crate) fn next(&self) -> Instant {
        self.next
    }

    /// Writes the report, if the profile that runs is the one that asked for it.
    pub(crate) fn write(&mut self, is_its: impl FnOnce(&Running) -> bool) {
        // By the clock, whatever a report takes: so the times of two reports can be subtracted.
        self.next = (self.next + self.step).max(Instant::now());
        self.number += 1;
        let mut running = running();
        let Some(profile) = running.get().filter(|profile| is_its(profile)) else { return };
        let _scope = ReportingGuard::begin();
        let room = Arc::clone(&profile.request.memory);
        match collect::numbered_report(&profile.request)
            .and_then(|report| output::write(&profile.request, &report, Some(RunningNumber::Periodic(self.number))))
        {
            Ok(written) => self.kept.push_back((profile.request.run.profile, written)),
            Err(Error::OutOfMemory) => room.leave_out(),
            Err(error) => {
                const BEGINNING: &str = "a report of the running program could not be written";
                // A full disk stays full for many reports.
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
