//! The program and its settings, as far as all reports agree; hosts and runs.

use std::collections::{BTreeSet, HashSet};
use std::hash::{DefaultHasher, Hash, Hasher};

use super::notes::{BUILD, Notes, SETTINGS, VERSION};
use super::numbers::Shared;
use crate::report::data::{Program, Report, Settings};

#[derive(Debug, Default)]
pub(super) struct Identity {
    name: Option<String>,
    pid: Shared<u32>,
    run: Shared<String>,
    host: Shared<Option<String>>,
    version: Shared<Option<String>>,
    build: Shared<Option<String>>,
    args: Shared<Vec<String>>,
    settings: Shared<Option<Settings>>,
    started_at: Option<String>,
    duration_seconds: f64,
    hosts: BTreeSet<String>,
    /// Hosts of merged reports that these do not name.
    unnamed_hosts: u64,
    /// Hashes of the ids of all runs: of a million there are two with the same hash with a probability of 3 in 10^8.
    runs: HashSet<u64>,
}

impl Identity {
    /// Refuses a report of another program, and one of a run that has been added.
    pub(super) fn check(&self, report: &Report) -> Result<(), String> {
        let name = &report.program.name;
        if let Some(known) = self.name.as_ref().filter(|known| *known != name) {
            return Err(format!(
                "this is a report of the program {name}, and the others are of {known}: only reports of one program can \
                 be merged"
            ));
        }
        match runs(report).into_iter().find(|run| self.runs.contains(&hash(run))) {
            Some(run) => Err(format!(
                "this is another report of run {run} (process {}), or the same: only one report of each run can be merged",
                report.program.pid
            )),
            None => Ok(()),
        }
    }

    pub(super) fn add(&mut self, report: &Report, notes: &mut Notes) {
        let program = &report.program;
        self.runs.extend(runs(report).into_iter().map(hash));
        self.add_hosts(report);
        self.name.get_or_insert_with(|| program.name.clone());
        self.pid.add(program.pid);
        self.run.add(program.run.clone());
        self.host.add(program.host.clone());
        self.version.add(program.version.clone());
        self.build.add(program.build.clone());
        self.args.add(program.args.clone());
        self.settings.add(report.settings.clone());
        // Without the `Z` a time sorts before one with a fraction of the same second.
        let time = |text: &str| text.trim_end_matches('Z').to_owned();
        let is_earlier = self.started_at.as_ref().is_none_or(|known| time(&program.started_at) < time(known));
        if !program.started_at.is_empty() && is_earlier {
            self.started_at = Some(program.started_at.clone());
        }
        self.duration_seconds = self.duration_seconds.max(program.duration_seconds);
        if report.merged.is_none() {
            notes.running += u64::from(!program.is_final);
            notes.not_installed += u64::from(!report.allocator.installed);
        }
    }

    fn add_hosts(&mut self, report: &Report) {
        let mut known: BTreeSet<&String> = report.program.host.iter().collect();
        if let Some(merged) = &report.merged {
            known.extend(merged.timelines.iter().filter_map(|row| row.host.as_ref()));
            self.unnamed_hosts = self.unnamed_hosts.saturating_add(merged.hosts.saturating_sub(known.len() as u64));
        }
        self.hosts.extend(known.into_iter().cloned());
    }

    /// Number of hosts. Hosts that merged reports do not name count in each.
    pub(super) fn hosts(&self) -> u64 {
        self.unnamed_hosts.saturating_add(self.hosts.len() as u64)
    }

    pub(super) fn finish(self, notes: &mut Notes) -> (Program, Option<Settings>) {
        let fields = [
            (VERSION, self.version.is_different()),
            (BUILD, self.build.is_different()),
            (SETTINGS, self.settings.is_different()),
        ];
        notes.different.extend(fields.iter().filter(|(_, is_different)| *is_different).map(|(field, _)| *field));
        let program = Program {
            name: self.name.unwrap_or_default(),
            pid: self.pid.into_value().unwrap_or(0),
            run: self.run.into_value().unwrap_or_default(),
            is_final: notes.running == 0,
            host: self.host.into_value().flatten(),
            version: self.version.into_value().flatten(),
            build: self.build.into_value().flatten(),
            args: self.args.into_value().unwrap_or_default(),
            started_at: self.started_at.unwrap_or_default(),
            duration_seconds: self.duration_seconds,
        };
        (program, self.settings.into_value().flatten())
    }
}

/// The runs in a report, as far as it names them.
fn runs(report: &Report) -> BTreeSet<&str> {
    let merged = report.merged.iter().flat_map(|merged| &merged.timelines).map(|row| row.run.as_str());
    merged.chain([report.program.run.as_str()]).filter(|run| !run.is_empty()).collect()
}

fn hash(run: &str) -> u64 {
    let mut hasher = DefaultHasher::new();
    run.hash(&mut hasher);
    hasher.finish()
}
