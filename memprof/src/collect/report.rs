//! A report from a snapshot of the counters.

use super::request::Request;
use crate::Error;
use crate::collect::findings;
use crate::collect::labels as label_rows;
use crate::collect::live::growth::Earlier;
use crate::collect::live::over_time::OverTime;
use crate::collect::live::readings;
use crate::collect::live::record_keys::RecordKeys;
use crate::collect::live::rows::RecordedByPath;
use crate::collect::live::small_sizes::SmallSizes;
use crate::collect::live::stacks::{StackDetail, Stacks};
use crate::collect::merge::{self, LedgerSum, Paths};
use crate::collect::peak::{self, PeakCopy, PeakReport};
use crate::collect::rows;
use crate::collect::settings::settings;
use crate::collect::site_names;
use crate::collect::{system, timeline};
use crate::jemalloc;
use crate::live;
use crate::os::clock::Anchor;
use crate::os::memory::{limit, pages, resident};
use crate::os::process::identity;
use crate::report::at_limit;
use crate::report::data::{
    Allocator, AtLimit, JemallocStatistics, Os, Overhead, Program, Report, ReportingFigures, SCHEMA_VERSION, Totals,
};
use crate::report::leaks::owner::Crates;
use crate::size;
use crate::tracker::history::{self, SystemFigures};
use crate::tracker::{self, OwnFigures, Peak, Reading, ReportingGuard, Snapshot, marks};
use std::sync::atomic::Ordering::Relaxed;

/// The report as of now.
///
/// # Errors
/// [`Error::OutOfMemory`]: there is no memory to make it.
pub(crate) fn report(request: &Request) -> Result<Report, Error> {
    collect(request, Purpose::Asked)
}

/// As [`report`], made by the profiler of its own accord: the allocator's figures may be a little older.
///
/// # Errors
/// As [`report`].
pub(crate) fn numbered_report(request: &Request) -> Result<Report, Error> {
    collect(request, Purpose::Numbered)
}

/// As [`report`], for a program that has reached a limit of its memory. Without names it takes little memory: the
/// frames of the largest groups have addresses and modules.
///
/// # Errors
/// As [`report`].
pub(crate) fn limit_report(request: &Request, at_limit: AtLimit) -> Result<Report, Error> {
    let purpose = if at_limit.has_names { Purpose::Numbered } else { Purpose::AtLimit };
    collect_with(request, purpose, Some(at_limit))
}

/// As [`report`], for an answer of the server, which may be asked each second: no reading over time is taken for it.
///
/// # Errors
/// As [`report`].
#[cfg(feature = "serve")]
pub(crate) fn served_report(request: &Request, has_names: bool) -> Result<Report, Error> {
    collect(request, if has_names { Purpose::Served } else { Purpose::Scraped })
}

/// Most live blocks that are copied for a report without names at a limit of the memory: that takes 2 MB.
const MOST_AT_LIMIT: u64 = 20_000;

/// The purpose of a report.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Purpose {
    /// The program asks for it, or ends.
    Asked,
    /// The profiler makes it of its own accord.
    Numbered,
    /// The program has reached a limit of its memory: without names, which take more memory than may be left.
    AtLimit,
    /// An answer of the server.
    #[cfg(feature = "serve")]
    Served,
    /// Figures for a scraper, without the names of stacks.
    #[cfg(feature = "serve")]
    Scraped,
}

impl Purpose {
    /// True if the report comes with others at short intervals.
    fn is_frequent(self) -> bool {
        !matches!(self, Self::Asked | Self::Numbered)
    }

    /// The detail of stacks.
    fn detail(self) -> StackDetail {
        match self {
            Self::AtLimit => StackDetail::Addresses,
            #[cfg(feature = "serve")]
            Self::Scraped => StackDetail::None,
            _ => StackDetail::Names,
        }
    }

    fn has_names(self) -> bool {
        self.detail() == StackDetail::Names
    }
}

fn collect(request: &Request, purpose: Purpose) -> Result<Report, Error> {
    collect_with(request, purpose, None)
}

fn collect_with(request: &Request, purpose: Purpose, mut at_limit: Option<AtLimit>) -> Result<Report, Error> {
    let now = Anchor::now();
    tracker::settle_here();
    // Nothing is allocated between the two readings.
    let snapshot = Snapshot::take();
    let peak = tracker::peak(0);
    // Figures before this report: with the totals, everything that was allocated so far.
    let own = OwnFigures::now();
    let table = live::table().filter(|_| request.config.memory_profiling.track_allocations);
    let without_record = not_recorded().saturating_sub(request.at_start().not_recorded);
    // At a limit there is no memory for a copy of many: the last picture of the heap has their sums.
    let copied = table.filter(|table| purpose != Purpose::AtLimit || table.len() <= MOST_AT_LIMIT);
    let records = copied.and_then(live::Table::copy);
    // For the following reports.
    if !purpose.is_frequent() {
        readings::take();
    }
    if purpose.has_names() {
        peak::take_for_report();
    }
    let _reporting = ReportingGuard::begin();
    request.memory.prepare(purpose.has_names())?;
    // The reserve may have been the missing memory.
    let records = records.or_else(|| copied.and_then(live::Table::copy));

    // Before the names of stacks are read, which takes more memory than many a program has.
    let os = os();
    let jemalloc = jemalloc::statistics(&request.inner);
    let allocator = allocator(request, jemalloc.as_ref(), purpose != Purpose::Asked);

    let (paths, ledgers) = merge::merge(&snapshot);
    drop(snapshot);
    let names = site_names::names(&paths);
    let totals = totals(&paths, peak);
    let pictured = if purpose == Purpose::AtLimit && records.is_some() { None } else { PeakCopy::now() };
    let has_picture = pictured.is_some() || purpose != Purpose::AtLimit;
    let crates = Crates::new(names.values().map(String::as_str), &executable());
    let has_stacks = has_stacks(records.as_ref(), pictured.as_ref());
    let mut stacks = match purpose.detail() {
        StackDetail::Names if has_stacks && request.memory.is_for_names() => Stacks::named(&crates),
        StackDetail::Addresses if has_stacks => Stacks::addresses(records.as_ref(), &crates),
        _ => Stacks::none(&crates),
    };
    let history = history::history(SystemFigures::default());
    let over_time = OverTime::of(&request.started, &now, &paths, &history);
    let with_keys = records.as_ref().map(|records| (records, RecordKeys::of(records)));
    let with_readings = |keys: &RecordKeys<'_>| keys.stacks(&paths, over_time.readings.live.keys().copied());
    let of_live = with_keys.iter().flat_map(|(_, keys)| with_readings(keys));
    stacks.read_names(of_live.chain(pictured.iter().flat_map(PeakCopy::stacks)));
    let net_rise = over_time.net_rise(&paths, &names);
    let earlier = at_limit.as_ref().map(|_| Earlier::new(&over_time, &paths));
    let since_start = totals.net_bytes.max(0) as u64;
    let since_start = since_start.saturating_sub(request.at_start().live.net_allocated as u64);
    let recorded = with_keys.as_ref().map(|(records, keys)| {
        RecordedByPath::new((records, keys), without_record, &paths, over_time, &now, &mut stacks, since_start)
    });
    drop(with_keys);
    let small_sizes = records.as_ref().map(SmallSizes::of);
    if let (Some(at_limit), Some(earlier)) = (&mut at_limit, earlier) {
        let seconds = request.started.elapsed_until(&now).as_secs_f64();
        earlier.note_growth(at_limit, recorded.as_ref(), (&paths, &names), seconds);
    }
    let labels = label_rows::rows(recorded_in_full(records.as_ref(), without_record));
    // Before the overhead is read: the size of a copy depends on the number of live blocks.
    drop(records);
    let mut live = crate::collect::live::rows::section(request, &now, &names, &paths, &totals, recorded.as_ref());
    live.net_rise = net_rise.map(|rise| rise.to_report(request.started.elapsed_until(&now).as_secs_f64()));
    let retained = recorded.as_ref().and_then(RecordedByPath::retained);
    let facts = PeakReport { request, now: &now, paths: &paths, names: &names, process_peak: totals.peak_bytes };
    let is_wanted = has_picture && table.is_some() && request.config.memory_profiling.peak_step_percent > 0;
    let peak = is_wanted.then(|| peak::section(pictured, &facts, &mut stacks)).transpose();

    let mut report = Report {
        schema_version: SCHEMA_VERSION,
        program: program(request, &now),
        allocator,
        findings: Vec::new(),
        functions: rows::functions(&paths, &names, retained),
        unattributed: rows::unattributed(&paths, retained),
        labels,
        call_tree: rows::call_tree(&paths, &names),
        threads: rows::threads(&ledgers),
        jemalloc,
        os,
        limit: at_limit,
        timeline: None,
        peak: None,
        settings: Some(settings(&request.config)),
        merged: None,
        tests: Vec::new(),
        repeats: Vec::new(),
        overhead: overhead(&ledgers, own),
        warnings: request.warnings.clone(),
        totals,
        live,
    };
    report.timeline = timeline::of(request, &history, &now, &report);
    match peak {
        Ok(peak) => report.peak = peak,
        Err(warning) => report.warnings.push(warning),
    }
    warn(&mut report, request, without_record);
    warn_of_marks(&mut report);
    warn_of_memory(&mut report, request);
    if copied.is_none() && table.is_some() {
        report.warnings.push(format!(
            "there was too little memory to list more than {} live blocks: `live` has no groups, and `retained` is not known",
            size::count(MOST_AT_LIMIT),
        ));
    }
    warn_of_replaced(&mut report, &stacks);
    report.findings = findings::of(&report, small_sizes.as_ref());
    at_limit::put_first(&mut report);
    Ok(report)
}

/// True if blocks have stacks.
fn has_stacks(records: Option<&live::Records>, pictured: Option<&PeakCopy>) -> bool {
    let has_stack = |records: &live::Records| records.as_slice().iter().any(|record| record.stack != 0);
    records.is_some_and(has_stack) || pictured.is_some_and(PeakCopy::has_stacks)
}

/// The records, unless some are missing.
fn recorded_in_full(records: Option<&live::Records>, without_record: u64) -> Option<&live::Records> {
    records.filter(|_| without_record == 0)
}

/// Allocations of the process that did not fit into the live table.
pub(crate) fn not_recorded() -> u64 {
    tracker::each_ledger().map(|ledger| ledger.not_recorded.get()).sum()
}

/// File name of the executable.
pub(crate) fn executable() -> String {
    let path = std::env::current_exe().ok();
    path.and_then(|path| Some(path.file_name()?.to_string_lossy().into_owned())).unwrap_or_default()
}

fn program(request: &Request, now: &Anchor) -> Program {
    // `args` panics if an argument is not UTF-8.
    let args = std::env::args_os().skip(1).map(|arg| arg.to_string_lossy().into_owned());
    let wanted = request.config.reporting.program_args;
    Program {
        name: executable(),
        pid: std::process::id(),
        run: request.own_run().to_string(),
        is_final: false,
        host: identity::host(),
        version: request.version.map(str::to_owned),
        build: request.build.clone(),
        args: if wanted { args.collect() } else { Vec::new() },
        started_at: humantime::format_rfc3339_millis(request.started_at).to_string(),
        duration_seconds: request.started.elapsed_until(now).as_secs_f64(),
    }
}

fn allocator(request: &Request, jemalloc: Option<&JemallocStatistics>, is_numbered: bool) -> Allocator {
    let (figures, source) = system::of_report(jemalloc, is_numbered).unzip();
    Allocator {
        installed: request.installed,
        inner: request.inner.clone(),
        in_use_bytes: figures.map(|figures| figures.in_use),
        held_bytes: figures.map(|figures| figures.held),
        held_source: source.map(str::to_owned),
    }
}

fn os() -> Os {
    let parts = resident::parts();
    let (limit_bytes, limit_source) = limit::lowest().unzip();
    Os {
        // So that the parts add up.
        rss_bytes: parts.map_or_else(resident::resident_bytes, |parts| Some(parts.all)),
        peak_rss_bytes: resident::peak_resident_bytes(),
        anonymous_bytes: parts.map(|parts| parts.anonymous),
        file_bytes: parts.and_then(|parts| parts.file),
        shared_bytes: parts.and_then(|parts| parts.shared),
        stack_bytes: system::stacks(),
        limit_bytes,
        limit_source: limit_source.map(str::to_owned),
    }
}

/// The totals are the sum of the same readings as the rows. The peak is of the same moment: read later, it would
/// include the report's own memory, which shows in a small program.
fn totals(paths: &Paths, peak: Peak) -> Totals {
    let sum = paths.all.iter().fold(Reading::default(), |sum, path| sum.plus(&path.reading));
    let net_bytes = sum.net_bytes();
    let peak_bytes = peak.bytes.max(net_bytes.max(0) as u64);
    Totals {
        allocated_bytes: sum.allocated.bytes,
        allocated_count: sum.allocated.count,
        deallocated_bytes: sum.deallocated.bytes,
        deallocated_count: sum.deallocated.count,
        net_bytes,
        net_count: sum.allocated.count.wrapping_sub(sum.deallocated.count) as i64,
        peak_bytes,
        peak_error_bytes: peak.error_bytes,
        reallocated_count: sum.reallocations.reallocated_count,
        grown_bytes: sum.reallocations.grown_bytes,
        copied_bytes: sum.reallocations.copied_bytes,
        allocated_mb: size::mb(sum.allocated.bytes),
        deallocated_mb: size::mb(sum.deallocated.bytes),
        net_mb: size::mb(net_bytes),
        peak_mb: size::mb(peak_bytes),
    }
}

fn overhead(ledgers: &[LedgerSum], own: OwnFigures) -> Overhead {
    let sum = |figure: fn(&LedgerSum) -> u64| ledgers.iter().map(figure).sum();
    Overhead {
        profiler_bytes: pages::held(),
        reporting: ReportingFigures {
            allocated_bytes: own.allocated_bytes,
            allocated_count: own.allocated_count,
            peak_bytes: own.peak_bytes,
        },
        misplaced_guards: sum(|ledger| ledger.ledger.misplaced_guards.get()),
        scopes_not_opened: sum(|ledger| ledger.ledger.scopes_not_opened.get()),
        stacks_not_captured: sum(|ledger| ledger.ledger.stacks.counts().not_captured.load(Relaxed)),
        stacks_without_room: sum(|ledger| ledger.ledger.stacks.counts().tree_full.load(Relaxed)),
        stacks_corrected: sum(|ledger| ledger.ledger.stacks.counts().corrected.load(Relaxed)),
    }
}

/// Adds a warning for each gap in the report.
fn warn(report: &mut Report, request: &Request, without_record: u64) {
    let misplaced = report.overhead.misplaced_guards;
    let not_opened = report.overhead.scopes_not_opened;
    let (not_captured, without_room) = (report.overhead.stacks_not_captured, report.overhead.stacks_without_room);
    let mut warn = |text: String| report.warnings.push(text);
    if request.is_inherited() {
        warn(format!(
            "this process was forked from process {}, which started the profile: the figures include those of that process \
             up to the fork, and its other threads do not exist here",
            request.process
        ));
    }
    if without_record > 0 {
        warn(format!(
            "{} did not fit into the live table of {}: `live` and `retained` are incomplete; raise \
             max_tracked_allocations{}",
            size::plural(without_record, "allocation"),
            size::count(request.config.memory_profiling.max_tracked_allocations as u64),
            // Otherwise it is 0 already.
            if request.config.memory_profiling.sample_interval_bytes > 0 {
                ", or set sample_interval_bytes to 0 for an estimate"
            } else {
                ""
            },
        ));
    }
    let labels_left_out = tracker::labels::left_out();
    if labels_left_out > 0 {
        warn(format!(
            "{} counted nowhere: a program can have 8 keys of labels, and 65,000 different sets of labels at once",
            size::plural(labels_left_out, "label"),
        ));
    }
    if not_captured > 0 {
        warn(format!(
            "{} so far were recorded without a stack: made on the stack of a coroutine or a signal handler, near the end \
             of a thread's stack, or by code without unwind tables",
            size::plural(not_captured, "allocation"),
        ));
    }
    if without_room > 0 {
        warn(format!(
            "{} so far were recorded without a stack because the stack table was full: raise max_tracked_allocations or \
             lower max_backtrace_frames",
            size::plural(without_room, "allocation"),
        ));
    }
    if misplaced > 0 {
        let (was, its, call) =
            if misplaced == 1 { ("was", "its", "this call has") } else { ("were", "their", "these calls have") };
        warn(format!(
            "{} {was} dropped on another thread or after {its} enclosing scope. Bytes are counted; {call} no peak.",
            size::plural(misplaced, "scope guard"),
        ));
    }
    if not_opened > 0 {
        warn(format!(
            "{} had no scope of their own because too many were open on their thread (forgotten guards?) or the system \
             had no memory for them: their bytes are charged to their callers",
            size::plural(not_opened, "call"),
        ));
    }
}

/// Warns of marks beyond the limit, which are not in the timeline.
fn warn_of_marks(report: &mut Report) {
    let beyond = marks::marks().1;
    if beyond > 0 {
        report.warnings.push(format!(
            "{} beyond the limit of {} left out of the timeline: mark fewer moments",
            size::plural(beyond as u64, "mark"),
            marks::MOST_MARKS,
        ));
    }
}

/// Warns of modules whose files have been replaced, so that their functions have no names.
fn warn_of_replaced(report: &mut Report, stacks: &Stacks<'_>) {
    for file in stacks.replaced() {
        report.warnings.push(format!(
            "{} was replaced after it was loaded: its functions are shown as addresses in the earlier file",
            file.display()
        ));
    }
}

/// Warns of gaps because there was no memory for the profiler itself.
fn warn_of_memory(report: &mut Report, request: &Request) {
    let refused = pages::refused().saturating_sub(request.refused_at_start.get().copied().unwrap_or_default());
    if refused > 0 {
        report.warnings.push(format!(
            "the system had no memory for the profiler {}: the totals are complete, but calls, call paths, live blocks or \
             the functions of new threads are missing",
            size::plural(refused, "time"),
        ));
    }
    if !request.memory.is_for_names() {
        report.warnings.push(
            "there was too little memory to read the names of stacks: live blocks are grouped by call path alone"
                .to_owned(),
        );
    }
    if request.memory.left_out() > 0 {
        report.warnings.push(format!(
            "{} of the running program could not be made because there was no memory",
            size::plural(request.memory.left_out(), "report"),
        ));
    }
}
