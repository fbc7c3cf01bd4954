//! The rule that decides the name of a report, so that no report is lost that somebody may still want.
//!
//! When a profile starts it notes the files under its names. A file that is still the noted one is replaced if it is
//! the last report of its run, or its run is known to be over; so is a file of this very profile. Everything else
//! stays, and the report gets `-2`, `-3` … No clock decides.
//!
//! | existing file | verdict |
//! |---|---|
//! | none | free |
//! | a report of this profile | ours |
//! | noted, and the last of its run, or its run is over; noted and empty | replaceable |
//! | by an earlier process with this process id | replaceable |
//! | by an earlier profile of this process, or another forked child of the same profile | earlier |
//! | noted, and nobody can tell (another container, another machine, no report at all) | unjudged |
//! | anything else: by a program that runs, or that ran beside this one | taken |
//!
//! Up to `keep` earlier reports, and as many unjudged ones, stand side by side; then the oldest is replaced.

use std::collections::HashMap;
use std::path::{Path, PathBuf};

use super::mark::Mark;
use super::run::Run;
use super::standing::{FileId, Standing};

/// Verdict on a name. A later one outweighs an earlier one.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum NameVerdict {
    #[default]
    Free,
    Ours,
    Replaceable,
    Earlier,
    Unjudged,
    Taken,
}

/// Facts that a verdict is based on.
pub(super) struct Rule<'a> {
    pub(super) ours: Run,
    /// Files from when the profile started. `None`: nobody has looked, as in a forked child.
    pub(super) noted: Option<&'a HashMap<PathBuf, Standing>>,
    /// Files that this run has written.
    pub(super) written: &'a HashMap<PathBuf, FileId>,
    /// True if every user may create files in the folder: files of other users are left alone.
    pub(super) own_only: bool,
    pub(super) keep: usize,
    pub(super) is_final: bool,
}

impl Rule<'_> {
    /// Judges a JSON report.
    pub(super) fn judge(&self, path: &Path, standing: &Standing) -> NameVerdict {
        if self.own_only && !standing.is_own {
            return NameVerdict::Taken;
        }
        let Some(mark) = standing.mark else { return self.judge_unmarked(path, standing) };
        let (process, own) = (mark.run.process, self.ours.process);
        if mark.run == self.ours {
            return NameVerdict::Ours;
        }
        let is_noted = self.is_noted(path, standing);
        if process.is(&own) {
            // This process runs one profile at a time; one without a last report wanted none, or ended by `exec`.
            return if is_noted && !mark.is_final { NameVerdict::Replaceable } else { NameVerdict::Earlier };
        }
        // Forked children of one program, of which a later one has the process id of an earlier one.
        if mark.run.profile == self.ours.profile {
            return NameVerdict::Earlier;
        }
        if process.was_before(&own) {
            return NameVerdict::Replaceable;
        }
        match (is_noted, process.is_in_sight_of(&own)) {
            (true, _) if mark.is_final || process.is_over(&own) || self.has_ended(mark) => NameVerdict::Replaceable,
            (true, false) => NameVerdict::Unjudged,
            (false, false) if self.noted.is_none() => NameVerdict::Unjudged,
            _ => NameVerdict::Taken,
        }
    }

    /// Judges a file without a mark: a text report, or something else.
    pub(super) fn judge_unmarked(&self, path: &Path, standing: &Standing) -> NameVerdict {
        let is_noted = self.is_noted(path, standing);
        match self.written.get(path) {
            _ if self.own_only && !standing.is_own => NameVerdict::Taken,
            Some(id) if *id == standing.id => NameVerdict::Ours,
            _ if is_noted && standing.is_empty => NameVerdict::Replaceable,
            _ if is_noted || self.noted.is_none() => NameVerdict::Unjudged,
            _ => NameVerdict::Taken,
        }
    }

    /// Judges a text report whose JSON report has another name.
    pub(super) fn judge_text(&self, path: &Path, standing: &Standing) -> NameVerdict {
        match self.judge_unmarked(path, standing) {
            NameVerdict::Unjudged if self.is_noted(path, standing) => NameVerdict::Replaceable,
            // Its owner is unknown: it is not the noted file.
            NameVerdict::Taken if standing.is_own => NameVerdict::Unjudged,
            verdict => verdict,
        }
    }

    fn is_noted(&self, path: &Path, standing: &Standing) -> bool {
        self.noted.and_then(|noted| noted.get(path)).is_some_and(|before| standing.is_still(before))
    }

    /// True if the last report of this run was there when the profile started.
    fn has_ended(&self, mark: Mark) -> bool {
        let is_last = |other: &Standing| other.mark.is_some_and(|other| other.is_final && other.run == mark.run);
        self.noted.is_some_and(|noted| noted.values().any(is_last))
    }

    /// True if this many files may not stand side by side with another one.
    pub(super) fn is_too_many(&self, verdict: NameVerdict, count: usize) -> bool {
        match verdict {
            NameVerdict::Earlier => count >= self.keep,
            // The last report of a run can be judged by every process.
            NameVerdict::Unjudged => count >= self.keep + usize::from(self.is_final),
            _ => false,
        }
    }
}

#[cfg(test)]
mod tests;
