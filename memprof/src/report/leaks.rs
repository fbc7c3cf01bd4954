//! `memory_leaks.txt`: the live blocks, their origin, and their growth.

mod alike;
pub(super) mod amount;
mod expected;
pub(super) mod frames;
mod generated;
mod groups;
mod meaning;
pub(crate) mod owner;
mod summary;
mod unnamed;
mod wrap;

use super::NOT_INSTALLED;
use super::data::{Frame, LiveGroup, Report, cause};
use super::findings;
use super::name::printable;
use super::peak;
use super::resident;
use super::sum;
use crate::size;
use alike::{LeakEntry, merged};
use owner::Crates;
use std::borrow::Cow;

/// Bytes that are negligible if far more was allocated.
const NEXT_TO_NOTHING: u64 = 16 * 1024;
const NEXT_TO_NOTHING_SHARE: u64 = 100;

/// The whole text, with a line end at its end.
pub(crate) fn render(report: &Report) -> String {
    let mut lines = Vec::new();
    if report.allocator.installed {
        section_of_findings(report, &mut lines);
        whole(report, &mut lines);
        groups::lines(report, &mut lines);
        section(unnamed::modules(report), &mut lines);
        not_by_path(report, &mut lines);
        section(peak::lines(report), &mut lines);
    } else {
        lines.push(NOT_INSTALLED.to_owned());
        lines.push(program(report));
    }
    system(report, &mut lines);
    section(report.warnings.iter().map(|warning| format!("warning: {}", printable(warning))).collect(), &mut lines);
    section(unnamed::hint(report).into_iter().collect(), &mut lines);
    lines.push(String::new());
    lines.join("\n")
}

/// Growing blocks of one place.
pub(crate) struct Growing<'r> {
    pub(crate) group: Cow<'r, LiveGroup>,
    /// The innermost frame of the user's own code.
    pub(crate) frame: Option<&'r Frame>,
    /// Live groups of the report that have these blocks.
    pub(crate) groups: usize,
}

impl<'r> Growing<'r> {
    fn of(entry: &LeakEntry<'r>) -> Self {
        Self { frame: entry.shown.first(), group: entry.group.clone(), groups: entry.groups }
    }

    /// Live bytes, as shown.
    pub(crate) fn bytes(&self) -> u64 {
        amount::bytes(&self.group)
    }

    /// File and line of the frame, or of the tracked function.
    pub(crate) fn place(&self) -> (Option<String>, Option<u32>) {
        match self.frame {
            Some(Frame { file: Some(file), line, .. }) => (Some(file.to_string()), *line),
            _ => (self.group.file.clone(), self.group.line),
        }
    }
}

/// The growing blocks that are not expected, as one for each place: the boxes in a collection and its buffer are one.
pub(crate) fn growing(report: &Report) -> Vec<Growing<'_>> {
    let is_wanted = |group: &&LiveGroup| meaning::is_growing(group) && group.expected.is_none();
    let groups: Vec<&LiveGroup> = report.live.groups.iter().filter(is_wanted).collect();
    let mut places: Vec<LeakEntry<'_>> = Vec::new();
    for entry in merged(&groups, &Crates::of(report)) {
        let same = |other: &&mut LeakEntry<'_>| {
            other.group.path.last() == entry.group.path.last()
                && Growing::of(other).place() == Growing::of(&entry).place()
        };
        match places.iter_mut().find(same) {
            Some(place) => place.add_entry(&entry),
            None => places.push(entry),
        }
    }
    places.iter().map(Growing::of).collect()
}

/// Live bytes, of which shares are given: those of the first line, which include the groups; the sum of the groups if
/// it is more, as an estimate can be.
pub(crate) fn live_bytes(report: &Report) -> u64 {
    let groups = report.live.groups.iter().fold(0_u64, |sum, group| sum.saturating_add(amount::bytes(group)));
    groups.max(report.totals.net_bytes.max(0) as u64)
}

/// File and line of a group: the innermost frame of the user's own code, or the tracked function.
pub(crate) fn place(report: &Report, group: &LiveGroup) -> (Option<String>, Option<u32>) {
    place_in(&Crates::of(report), group)
}

/// File and line of a group, as [`place`], with the user's own crates: those of a report take long to find.
pub(crate) fn place_in(crates: &Crates, group: &LiveGroup) -> (Option<String>, Option<u32>) {
    let frame = frames::shown(group, crates).first();
    Growing { group: Cow::Borrowed(group), frame, groups: 1 }.place()
}

/// The one line about growth for a report without a finding: nothing grows, or the reason why it is not known.
pub(crate) fn growth(report: &Report) -> Option<String> {
    report.live.tracked?;
    let groups: Vec<&LiveGroup> = report.live.groups.iter().filter(|group| group.expected.is_none()).collect();
    let mut lines = Vec::new();
    summary::lines(report, &groups, &mut lines);
    lines.into_iter().find(|line| !line.is_empty())
}

/// The findings, above all else.
fn section_of_findings(report: &Report, lines: &mut Vec<String>) {
    for finding in findings::shown(report) {
        lines.extend(wrap::at_blanks(&finding.title));
        lines.extend(finding.advice.iter().flat_map(|advice| wrap::at_blanks(advice)));
    }
    lines.extend(findings::more(report));
    if !report.findings.is_empty() {
        lines.push(String::new());
    }
}

/// Adds a section with a blank line before it, if it has any lines.
fn section(section: Vec<String>, lines: &mut Vec<String>) {
    if !section.is_empty() {
        lines.push(String::new());
    }
    lines.extend(section);
}

/// The first lines: the live bytes, the program, and the accuracy of the figures.
fn whole(report: &Report, lines: &mut Vec<String>) {
    let totals = &report.totals;
    lines.push(format!(
        "{} in {} still live when this report was made (of {} allocated)",
        size::bytes(totals.net_bytes),
        size::plural(totals.net_count, "block"),
        size::bytes(totals.allocated_bytes),
    ));
    lines.push(program(report));
    let live = &report.live;
    let Some(tracked) = live.tracked else {
        lines.push(
            "no live table: the functions that allocated them are unknown, because track_allocations is off or there was \
             no memory for the table (then a warning below says so)"
                .into(),
        );
        lines.push(
            "to record them: set `track_allocations = true` under [memory_profiling] in memory_profile.toml".into(),
        );
        return;
    };
    let missing = live.not_tracked.unwrap_or(0);
    if is_next_to_nothing(report) {
        lines.push(format!("{} live in total (exact); too little for a sample", size::bytes(totals.net_bytes)));
        lines.extend(because(report));
    } else if live.sample_interval_bytes > 1 && live.error_bytes.is_some_and(|error| error > all_live(report)) {
        lines.push(format!(
            "{} live in total (exact); their origin is estimated from {}, one in about {}: too few to say more",
            size::bytes(totals.net_bytes),
            size::plural(tracked, "sample"),
            size::bytes(live.sample_interval_bytes)
        ));
        lines.extend(because(report));
    } else if live.sample_interval_bytes > 1 {
        let error = live.error_bytes.map_or("unknown".to_owned(), size::bytes);
        let interval = size::bytes(live.sample_interval_bytes);
        let samples = size::plural(tracked, "sample");
        lines.push(format!("estimated: from {samples}, one in about {interval}; standard error of the sum {error}"));
        lines.extend(because(report));
    } else if live.exact {
        lines.push("exact: every block made since the profile started and still live is in the groups below".into());
    } else {
        lines.push(format!(
            "incomplete: {} of {} made since the profile started are in the groups below; the others were not recorded",
            size::count(tracked),
            size::plural(tracked.saturating_add(missing), "live block"),
        ));
    }
    if missing > 0 {
        lines.push("to record more: raise `max_tracked_allocations` in memory_profile.toml".into());
    }
}

fn all_live(report: &Report) -> u64 {
    report.totals.net_bytes.max(0) as u64
}

/// True if the exact total is so small that a sample cannot describe it and need not.
fn is_next_to_nothing(report: &Report) -> bool {
    let (live, all) = (&report.live, all_live(report));
    let most = NEXT_TO_NOTHING.min(report.totals.allocated_bytes / NEXT_TO_NOTHING_SHARE);
    live.sample_interval_bytes > 1 && all <= most && live.error_bytes.is_some_and(|error| error > all / 2)
}

/// The reason for a sample, and the key that changes it.
fn because(report: &Report) -> Option<String> {
    let because = match report.live.sampled_because.as_deref()? {
        cause::FIXED => "`sample_interval_bytes` is set; 1 records every block",
        cause::FULL => "more blocks were live than `max_tracked_allocations`; raise it to record every block",
        cause::BUDGET => "recording every block took more than `overhead_budget_percent`; 0 records every block",
        other => return Some(format!("a sample because: {}", printable(other))),
    };
    Some(format!("a sample because {because} (memory_profile.toml)"))
}

fn program(report: &Report) -> String {
    let program = &report.program;
    if let Some(merged) = sum::of_several(report) {
        return format!(
            "program: {} ({}), the first started {}, the longest ran {}",
            printable(&program.name),
            sum::reports(merged),
            printable(&program.started_at),
            size::age(program.duration_seconds)
        );
    }
    format!(
        "program: {} (process {}), started {}, after {}",
        printable(&program.name),
        program.pid,
        printable(&program.started_at),
        size::age(program.duration_seconds)
    )
}

/// The line for no recorded live block. This is conclusive only if every block was recorded.
fn no_block(report: &Report) -> String {
    let live = &report.live;
    let rest = report.totals.net_bytes.saturating_sub_unsigned(live.before_start_bytes);
    if live.sample_interval_bytes > 1 && rest > 0 {
        return format!(
            "at most {} made since the profile started are live, and the sample has none of them: their origin is unknown",
            size::bytes(rest)
        );
    }
    "no block made since the profile started is recorded as live".into()
}

/// The part of the first line's sum that is in no group.
fn not_by_path(report: &Report, lines: &mut Vec<String>) {
    let live = &report.live;
    lines.push(String::new());
    if live.tracked.is_some() && live.groups.is_empty() {
        lines.push(no_block(report));
        lines.push(String::new());
    }
    lines.push("Not listed above:".into());
    match live.not_tracked {
        Some(0) => lines.push("  not recorded: 0 blocks".into()),
        Some(blocks) => {
            let known = i128::from(live.before_start_bytes) + i128::from(live.estimated_bytes.unwrap_or(0));
            let rest = i128::from(report.totals.net_bytes) - known;
            let about = if rest > 0 { format!(", about {}", size::exact(rest)) } else { String::new() };
            lines.push(format!("  not recorded: {}{about}", size::plural(blocks, "block")));
        }
        None => lines.push("  not recorded: everything made since the profile started".into()),
    }
    let about = if live.exact { "" } else { "about " };
    lines.push(format!(
        "  from before the profile started: {about}{}, {} (the runtime, statics), and the profiler's own",
        size::plural(live.before_start_count, "block"),
        size::exact(live.before_start_bytes),
    ));
}

/// The heap beside the figures of the system and of jemalloc, which are never equal.
fn system(report: &Report, lines: &mut Vec<String>) {
    let mut rows = Vec::new();
    let (whole, of_highest) = match sum::of_several(report) {
        Some(_) => ("all processes, as their systems see them", "of one process"),
        None => ("the whole process, as the system sees it", ""),
    };
    if report.allocator.installed {
        rows.push(("heap", size::exact(report.totals.net_bytes), "requested and not freed"));
        rows.push(("heap, highest", size::exact(report.totals.peak_bytes), of_highest));
    }
    if let Some(jemalloc) = &report.jemalloc {
        rows.push(("jemalloc allocated", size::exact(jemalloc.allocated), "the heap, rounded up to size classes"));
        rows.push(("jemalloc active", size::exact(jemalloc.active), "pages with at least one block"));
        rows.push(("jemalloc metadata", size::exact(jemalloc.metadata), ""));
        rows.push(("jemalloc resident", size::exact(jemalloc.resident), "in physical memory"));
        rows.push(("jemalloc mapped", size::exact(jemalloc.mapped), ""));
        rows.push(("jemalloc retained", size::exact(jemalloc.retained), "address space only, no memory"));
    }
    let known = |size: Option<u64>| size.map_or("not known".to_owned(), size::exact);
    rows.push(("resident (RSS)", known(report.os.rss_bytes), whole));
    rows.push(("resident, highest", known(report.os.peak_rss_bytes), of_highest));
    let source = report.os.limit_source.as_deref().map(printable).unwrap_or_default();
    if let Some(limit) = report.os.limit_bytes {
        rows.push(("limit", size::exact(limit), &source));
    }
    rows.push((
        "the profiler's own",
        size::exact(report.overhead.profiler_bytes),
        "in no other heap figure, but in RSS",
    ));

    lines.push(String::new());
    lines.push("Compared with the operating system:".into());
    let widest = rows.iter().map(|(_, size, _)| size.len()).max().unwrap_or(0);
    for (name, size, what) in rows {
        lines.push(format!("  {:<20} {size:<widest$}  {what}", format!("{name}:")).trim_end().to_owned());
    }
    let composition = resident::lines(report).into_iter();
    lines.extend(composition.flat_map(|line| wrap::at_blanks(&format!("  {line}"))));
}

#[cfg(test)]
mod tests;
