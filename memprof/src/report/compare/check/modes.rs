//! Reports that cannot be compared.

use crate::report::Report;
use crate::suggest::quote;

/// Reasons why the figures of these reports say nothing about each other, in sentences.
pub(super) fn differences(baseline: &Report, new: &Report) -> Vec<String> {
    let mut reasons = Vec::new();
    for (name, report) in [("baseline", baseline), ("new report", new)] {
        if !is_counted(report) {
            reasons.push(format!("nothing was counted in the {name}: memprof's allocator was not installed"));
        }
    }
    if !reasons.is_empty() {
        return reasons;
    }
    let mut differs = |subject: &str, old: String, new: String| {
        if old != new {
            reasons.push(format!("the baseline is of another {subject}: {old}, and the new report of {new}"));
        }
    };
    differs("schema", baseline.schema_version.to_string(), new.schema_version.to_string());
    differs("program", quote(program(&baseline.program.name)), quote(program(&new.program.name)));
    differs("allocator", quote(&baseline.allocator.inner), quote(&new.allocator.inner));
    differs("moment", moment(baseline), moment(new));
    differs("number of processes", processes(baseline).to_string(), processes(new).to_string());
    if let (Some(old), Some(new)) = (&baseline.settings, &new.settings) {
        let flag = |name: &str, value: bool| format!("`{name} = {value}`");
        differs("setting", flag("enabled", old.enabled), flag("enabled", new.enabled));
        let name = "track_allocations";
        differs("setting", flag(name, old.track_allocations), flag(name, new.track_allocations));
    }
    if !reasons.is_empty() {
        reasons.push("make a baseline of the same kind (`--bless` writes the new report as the baseline)".to_owned());
    }
    reasons
}

/// The rows of tests are counted in the processes of the tests.
fn is_counted(report: &Report) -> bool {
    report.allocator.installed || !report.tests.is_empty()
}

/// The name of an executable, without the hash that cargo adds to those of tests and benchmarks.
fn program(name: &str) -> &str {
    let name = name.strip_suffix(".exe").unwrap_or(name);
    let is_hash = |end: &str| end.len() == 16 && end.chars().all(|c| c.is_ascii_hexdigit());
    name.rsplit_once('-').filter(|(_, end)| is_hash(end)).map_or(name, |(name, _)| name)
}

fn moment(report: &Report) -> String {
    let moment = if report.program.is_final { "the end of the program" } else { "a program that runs" };
    moment.to_owned()
}

fn processes(report: &Report) -> u64 {
    report.merged.as_ref().map_or(1, |merged| merged.reports)
}
