//! Rows of the live section, by call path and stack.

use super::estimate::Estimate;
use super::groups::{Group, grouped};
use super::over_time::OverTime;
use super::record_keys::RecordKeys;
use super::stacks::Stacks;
use super::verdict::{Evidence, JudgedGroup, Levels, Verdict, agree};
use crate::collect::merge::Paths;
use crate::collect::request::Request;
use crate::collect::site_names::{SiteNames, name};
use crate::live::{self, Records};
use crate::os::clock::Anchor;
use crate::report::data::{Live, LiveGroup, Totals, cause, expected};
use crate::report::name::PANIC;
use crate::sorted;
use wildmatch::WildMatch;

/// The recorded blocks of one moment, summed by path.
pub(crate) struct RecordedByPath {
    by_path: Vec<Estimate>,
    groups: Vec<Group>,
    sum: Estimate,
    over_time: OverTime,
    /// Current sampling interval, bytes; 1: each block gets a record.
    interval: u64,
    /// Largest interval that any block was subject to.
    largest_interval: u64,
    /// Smallest and largest interval of the records.
    interval_range: Option<[u64; 2]>,
    /// Allocations so far that should have a record and did not fit into the table.
    not_recorded: u64,
    /// Live bytes without a record, if such allocations are few: an error of every figure.
    without_record: u64,
}

/// One allocation without a record in so many that have one is few.
const FEW: u64 = 100;

/// Blocks with at least this probability of a record are not missed.
const NEARLY_CERTAIN: f64 = 0.95;

impl RecordedByPath {
    /// `since_start`: net of the process beyond that at the start of the profile, bytes.
    pub(crate) fn new(
        (records, keys): (&Records, &RecordKeys<'_>),
        not_recorded: u64,
        paths: &Paths,
        over_time: OverTime,
        now: &Anchor,
        stacks: &mut Stacks<'_>,
        since_start: u64,
    ) -> Self {
        let mut groups = grouped((records, keys), paths, &over_time.readings, now.ticks(), stacks);
        let mut sum = groups.iter().fold(Estimate::default(), |sum, group| sum.plus(group.estimate));
        // Blocks with a low probability can be live without a sample, up to the limit set by the exact figures: with an
        // interval's bytes of them, none has a record with a probability of 37 %.
        let missed = since_start.saturating_sub(sum.bytes()).min(records.interval);
        if records.interval > 1 {
            sum.may_miss(missed);
        }
        for group in groups.iter_mut().filter(|group| group.chance_now(records.interval) < NEARLY_CERTAIN) {
            let allocated = paths.all.get(group.path).map_or(0, |path| path.reading.allocated.bytes);
            group.estimate.may_miss(missed.min(allocated.saturating_sub(group.estimate.bytes())));
        }
        let mut by_path = vec![Estimate::default(); paths.all.len()];
        for group in &groups {
            if let Some(place) = by_path.get_mut(group.path) {
                *place = place.plus(group.estimate);
            }
        }
        let (interval, largest_interval) = (records.interval, records.largest_interval);
        let interval_range = records.interval_range();
        let without_record = if not_recorded == 0 { 0 } else { since_start.saturating_sub(sum.bytes()) };
        Self {
            by_path,
            groups,
            sum,
            over_time,
            interval,
            largest_interval,
            interval_range,
            not_recorded,
            without_record,
        }
    }

    /// True if every live allocation has a record, or all but a few.
    fn is_nearly_complete(&self) -> bool {
        self.not_recorded <= self.sum.samples() / FEW
    }

    /// Retained bytes of the paths; unknown if more than a few blocks did not fit into the table.
    pub(crate) fn retained(&self) -> Option<Retained<'_>> {
        let Self { by_path, largest_interval: interval, without_record, .. } = self;
        self.is_nearly_complete().then_some(Retained { by_path, interval: *interval, without_record: *without_record })
    }
}

/// An error, and that of bytes that may belong to any figure.
fn with_missing(error: u64, without_record: u64) -> u64 {
    (error as f64).hypot(without_record as f64).round() as u64
}

/// Retained bytes of each path.
#[derive(Clone, Copy)]
pub(crate) struct Retained<'a> {
    by_path: &'a [Estimate],
    interval: u64,
    without_record: u64,
}

impl Retained<'_> {
    pub(crate) fn of(self, path: usize) -> Estimate {
        self.by_path.get(path).copied().unwrap_or_default()
    }

    /// The standard error; 0 if nothing was allocated that could be retained.
    pub(crate) fn error(self, estimate: Estimate) -> u64 {
        let error = if estimate.samples() == 0 { 0 } else { estimate.error(self.interval) };
        with_missing(error, self.without_record)
    }

    /// True if the retained bytes of so many allocated bytes are known: not without a sample of them.
    pub(crate) fn is_known(self, estimate: Estimate, allocated: u64) -> bool {
        self.interval <= 1 || estimate.samples() > 0 || allocated == 0
    }
}

/// The section `live` of a report.
pub(crate) fn section(
    request: &Request,
    now: &Anchor,
    names: &SiteNames,
    paths: &Paths,
    totals: &Totals,
    recorded: Option<&RecordedByPath>,
) -> Live {
    let at_start = &request.at_start().live;
    let Some(recorded) = recorded else {
        return Live {
            exact: false,
            sample_interval_bytes: 1,
            before_start_bytes: at_start.net_allocated as u64,
            before_start_count: at_start.net_count as u64,
            ..Live::default()
        };
    };
    // Every live block has a record (or one that stands for it), or is from before the start, or did not fit. If each
    // has a record of its own, the second figure is the rest, to the byte. Otherwise a block without a record can be
    // any of the others: blocks from before the start are taken to be live still.
    let (bytes, count) = (recorded.sum.bytes(), recorded.sum.count());
    let without_count = (totals.net_count.max(0) as u64).saturating_sub(count);
    let without_bytes = (totals.net_bytes.max(0) as u64).saturating_sub(bytes);
    let (start_bytes, start_count) = (at_start.net_allocated as u64, at_start.net_count as u64);
    let is_complete = recorded.not_recorded == 0;
    let exact = is_complete && recorded.interval <= 1;
    let not_tracked = without_count.saturating_sub(start_count).min(recorded.not_recorded);
    Live {
        exact,
        sample_interval_bytes: recorded.interval,
        interval_range: recorded.interval_range,
        tracked: Some(recorded.sum.samples()),
        not_tracked: Some(not_tracked),
        estimated_bytes: Some(bytes),
        estimated_count: Some(count),
        error_bytes: recorded
            .is_nearly_complete()
            .then(|| with_missing(recorded.sum.error(recorded.largest_interval), recorded.without_record)),
        before_start_bytes: if exact { without_bytes } else { without_bytes.min(start_bytes) },
        before_start_count: if exact { without_count } else { without_count.min(start_count) },
        sampled_because: sampled_because(request, recorded.interval),
        groups: rows(recorded, request, now, names, paths, totals.net_bytes),
        net_rise: None,
    }
}

/// Reason for a sample, as in the report.
fn sampled_because(request: &Request, interval: u64) -> Option<String> {
    let causes = live::causes();
    let because = match causes {
        _ if interval <= 1 => return None,
        _ if request.config.memory_profiling.sample_interval_bytes > 1 => cause::FIXED,
        live::Causes { is_full: true, .. } => cause::FULL,
        live::Causes { .. } => cause::BUDGET,
    };
    Some(because.to_owned())
}

/// One row for each group: growing ones first, then by size.
fn rows(
    recorded: &RecordedByPath,
    request: &Request,
    now: &Anchor,
    names: &SiteNames,
    paths: &Paths,
    net: i64,
) -> Vec<LiveGroup> {
    let ignored: Vec<(&String, WildMatch)> =
        request.config.leaks.ignore.iter().map(|pattern| (pattern, WildMatch::new(pattern))).collect();
    let run = request.started.elapsed_until(now).as_secs_f64();
    let mut rows: Vec<(Verdict, LiveGroup)> = recorded
        .groups
        .iter()
        .zip(verdicts(recorded, request, now, paths))
        .map(|(group, verdict)| {
            let oldest = request.started.age_seconds(group.oldest, now);
            let mut row = LiveGroup { verdict: Some(verdict.name().to_owned()), ..row(group, recorded, paths, net) };
            row.path = paths.upwards(group.path).filter_map(|path| path.site).map(|site| name(names, site)).collect();
            row.path.reverse();
            let site = paths.all.get(group.path).and_then(|path| path.site);
            (row.file, row.line) = (site.map(|site| site.file.to_owned()), site.map(|site| site.line));
            row.oldest_seconds = oldest;
            row.newest_seconds = request.started.age_seconds(group.newest, now);
            // A younger group has no rate yet.
            row.bytes_per_second = row.bytes as f64 / oldest.max(1e-3);
            row.last_growth_seconds = (group.enlarged > 0).then(|| request.started.age_seconds(group.enlarged, now));
            if let Some(growth) = verdict.growth() {
                row.growth = Some(growth.how.name().to_owned());
                row.last_growth_seconds = Some((run - growth.last).max(0.0));
                row.bytes_per_second = growth.bytes / (run - growth.from).max(1e-3);
            }
            row.growth_ended_seconds = verdict.past_growth().map(|growth| (run - growth.last).max(0.0));
            row.expected = expected(&row, &ignored).or_else(|| symbols_of_backtraces(&row, verdict));
            (verdict, row)
        })
        .collect();
    sorted::by_key(&mut rows, |(verdict, row)| (verdict.growth().is_none(), std::cmp::Reverse(row.bytes)));
    rows.into_iter().map(|(_, row)| row).collect()
}

/// The verdicts on all groups.
fn verdicts(recorded: &RecordedByPath, request: &Request, now: &Anchor, paths: &Paths) -> Vec<Verdict> {
    let run = request.started.elapsed_until(now).as_secs_f64();
    let member = |group: &Group| JudgedGroup {
        path: group.path,
        verdict: verdict(group, recorded, request, now, paths),
        blocks: group.estimate.count() as f64,
        bytes: group.estimate.bytes() as f64,
        latest: run - request.started.age_seconds(group.newest.max(group.enlarged), now),
    };
    let mut members: Vec<JudgedGroup> = recorded.groups.iter().map(member).collect();
    agree(&mut members, run / recorded.over_time.moments.len().max(1) as f64);
    members.into_iter().map(|member| member.verdict).collect()
}

/// The verdict on a group, from all evidence.
fn verdict(group: &Group, recorded: &RecordedByPath, request: &Request, now: &Anchor, paths: &Paths) -> Verdict {
    let over_time = &recorded.over_time;
    let path = paths.all.get(group.path);
    let run = request.started.elapsed_until(now).as_secs_f64();
    let levels = group.levels(&over_time.readings).unwrap_or_default();
    let levels = over_time.moments.iter().copied().zip(levels).collect();
    Verdict::of(&Evidence {
        births: group.births(|ticks| run - request.started.age_seconds(ticks, now)),
        levels: Levels::new(levels),
        bytes: group.estimate.bytes() as f64,
        error: group.estimate.error(recorded.largest_interval) as f64,
        effective: group.estimate.effective(),
        is_thin: group.estimate.is_thin(),
        chance: group.chance_now(recorded.interval),
        was_enlarged_late: group.was_enlarged_late(recorded.sum.bytes()),
        was_enlarged: group.enlarged > 0,
        has_rising_net: over_time.has_rising_net(group.path, run, path.map_or(0, |path| path.reading.net_bytes())),
        count: group.estimate.count() as f64,
        calls: calls(group, paths),
        calls_before: Levels::new(over_time.calls_of(group.path)),
        allocations: path.map_or(0, |path| path.reading.allocated.count),
        activity: &over_time.activity,
        now: run,
    })
}

/// Calls of the group's function on its path; 0 outside every function.
fn calls(group: &Group, paths: &Paths) -> u64 {
    paths.all.get(group.path).filter(|path| path.site.is_some()).map_or(0, |path| path.reading.calls)
}

fn row(group: &Group, recorded: &RecordedByPath, paths: &Paths, net: i64) -> LiveGroup {
    let bytes = group.estimate.bytes();
    let calls = calls(group, paths);
    let allocated = paths.all.get(group.path).map_or(u64::MAX, |path| path.reading.allocated.bytes);
    let most = allocated.min(net.max(0) as u64);
    LiveGroup {
        bytes,
        count: group.estimate.count(),
        error_bytes: group.estimate.error(recorded.largest_interval),
        at_most_bytes: (bytes > most).then_some(most),
        samples: group.estimate.samples(),
        effective_samples: group.estimate.effective(),
        largest_bytes: group.largest,
        calls: (calls > 0).then_some(calls),
        bytes_per_call: (calls > 0).then(|| bytes as f64 / calls as f64),
        stack: group.frames.clone(),
        ..LiveGroup::default()
    }
}

/// Reason why a group is expected although no pattern matches: symbols that the standard library, or the crate
/// `backtrace`, keeps once it has read them, one file or unit after the other. Without a stack the path tells, if the
/// group does not grow from panic to panic.
fn symbols_of_backtraces(row: &LiveGroup, verdict: Verdict) -> Option<String> {
    /// Panics that show no growth: the first one reads for as long as a short program runs.
    const FEW_PANICS: u64 = 3;
    const READERS: [&str; 2] = ["backtrace_rs::symbolize::", "backtrace::symbolize::"];
    let mut names = row.stack.iter().filter_map(|frame| frame.function.as_deref()).peekable();
    let are_symbols = match names.peek() {
        Some(_) => names.any(|name| READERS.iter().any(|reader| name.contains(reader))),
        None => {
            let does_not_grow = verdict.growth().is_none() || row.calls.is_some_and(|panics| panics <= FEW_PANICS);
            row.path.first().is_some_and(|name| name == PANIC) && does_not_grow
        }
    };
    are_symbols.then(|| expected::SYMBOLS.to_owned())
}

/// The first pattern that one of the group's functions or frames matches.
fn expected(row: &LiveGroup, ignored: &[(&String, WildMatch)]) -> Option<String> {
    let names =
        || row.path.iter().map(String::as_str).chain(row.stack.iter().filter_map(|frame| frame.function.as_deref()));
    ignored.iter().find(|(_, pattern)| names().any(|name| pattern.matches(name))).map(|(text, _)| (*text).clone())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// 1,000 recorded blocks of 100 bytes on one path, and as many allocations that found no place in the table.
    fn recorded(not_recorded: u64, without_record: u64) -> RecordedByPath {
        let mut sum = Estimate::default();
        (0..1_000).for_each(|_| sum.add(100, 1.0));
        RecordedByPath {
            by_path: vec![sum],
            groups: Vec::new(),
            sum,
            over_time: OverTime::default(),
            interval: 1,
            largest_interval: 1,
            interval_range: None,
            not_recorded,
            without_record,
        }
    }

    #[test]
    fn a_few_blocks_without_a_record_are_an_error_of_each_figure() {
        for not_recorded in [0, 1, 10] {
            let recorded = recorded(not_recorded, 300 * not_recorded);
            let retained = recorded.retained().expect("1 % is few");
            assert_eq!(retained.of(0).bytes(), 100_000);
            assert_eq!(retained.error(retained.of(0)), 300 * not_recorded);
            assert_eq!(retained.error(retained.of(1)), 300 * not_recorded, "any path may have them");
        }
    }

    #[test]
    fn more_than_a_few_blocks_without_a_record_say_nothing() {
        assert!(recorded(11, 3_300).retained().is_none());
        assert!(recorded(u64::MAX, 0).retained().is_none());
        assert!(!recorded(11, 0).is_nearly_complete());
    }
}
