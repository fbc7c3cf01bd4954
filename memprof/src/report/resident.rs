//! RSS taken apart, and the part that decides: two lines of the table and the leak report.

use super::data::{Finding, Report};
use super::name::PANIC;
use super::rise;
use super::trend::{self, Trend};
use crate::size;

/// Share of RSS, and bytes, from which a part decides.
pub(crate) const LARGE_SHARE: f64 = 0.25;
pub(crate) const MAPPED_SHARE: f64 = 0.5;
const REST_SHARE: f64 = 0.5;
pub(crate) const LARGE: u64 = 64 << 20;
/// Share of the growth of RSS that is explained by one part.
const MOST_OF_IT: f64 = 0.4;
/// The most that the C library adds to a block, bytes.
const OVERHEAD: u64 = 32;

/// The parts of RSS, bytes: they add up, except the free memory of the allocator, which need not be resident.
pub(crate) struct Parts {
    pub(crate) heap: u64,
    /// Free memory of the allocator, as far as it can be resident.
    pub(crate) held: Option<u64>,
    /// C code that uses the same allocator, and the allocator's overhead.
    pub(crate) others: Option<u64>,
    profiler: u64,
    pub(crate) file: u64,
    shared: u64,
    /// Files and shared memory, if the system does not tell them apart.
    mapped: u64,
    stacks: u64,
    rest: u64,
}

/// `None`: the system does not tell the RSS, or not all of the heap is resident.
pub(crate) fn parts(report: &Report) -> Option<Parts> {
    let heap = report.totals.net_bytes.max(0) as u64;
    let os = &report.os;
    let (file, shared) = (os.file_bytes.unwrap_or(0), os.shared_bytes.unwrap_or(0));
    let mut rest = os.rss_bytes?.checked_sub(heap)?;
    let anonymous = os.anonymous_bytes.filter(|_| os.file_bytes.is_none());
    let mapped = anonymous.map_or(0, |anonymous| os.rss_bytes.unwrap_or(0).saturating_sub(anonymous));
    let mut take = |bytes: u64| {
        let taken = bytes.min(rest);
        rest -= taken;
        taken
    };
    // The surest first: the profiler's pages and those of C code need not be resident.
    let (file, shared) = (take(file), take(shared));
    let mapped = take(mapped);
    let stacks = take(os.stack_bytes.unwrap_or(0));
    let others = report.allocator.in_use_bytes.map(|in_use| take(in_use.saturating_sub(heap)));
    let profiler = take(report.overhead.profiler_bytes);
    let held = report.allocator.held_bytes.map(take);
    Some(Parts { heap, held, others, profiler, file, shared, mapped, stacks, rest })
}

impl Parts {
    /// Memory that C code has allocated, at least: the allocator's overhead is not that.
    pub(crate) fn of_c_code(&self, report: &Report) -> u64 {
        let overhead = (report.totals.net_count.max(0) as u64).saturating_mul(OVERHEAD);
        let is_shared = report.allocator.inner == "system";
        self.others.filter(|_| is_shared).unwrap_or(0).saturating_sub(overhead)
    }
}

/// RSS and its parts, and the line that says which of them matters. Empty if the system does not tell the RSS.
pub(super) fn lines(report: &Report) -> Vec<String> {
    let decision = decision(report).map(|decision| format!("RSS: {decision}"));
    composition(report).into_iter().chain(decision).collect()
}

fn composition(report: &Report) -> Option<String> {
    let shown = size::bytes(report.os.rss_bytes?);
    let Some(parts) = parts(report) else {
        return Some(format!(
            "RSS {shown}: the heap has {} live, more than is resident; the rest was never written to, or is swapped out",
            size::bytes(report.totals.net_bytes)
        ));
    };
    let allocator = allocator(report);
    let beyond =
        if report.jemalloc.is_some() { "rounding of sizes".to_owned() } else { "C code and overhead".to_owned() };
    let mut named = vec![format!("{} live heap", size::bytes(parts.heap))];
    for (bytes, name) in [
        (parts.held.unwrap_or(0), format!("{allocator} holds free")),
        (parts.others.unwrap_or(0), beyond),
        (parts.file, "file-backed".to_owned()),
        (parts.shared, "shared".to_owned()),
        (parts.mapped, "file-backed or shared".to_owned()),
        (parts.stacks, "thread stacks".to_owned()),
        (parts.profiler, "the profiler".to_owned()),
    ] {
        if bytes > 0 {
            named.push(format!("{} {name}", size::bytes(bytes)));
        }
    }
    let mut rest = Vec::new();
    if report.os.file_bytes.is_none() && report.os.anonymous_bytes.is_none() {
        rest.push("code");
    }
    if report.os.stack_bytes.is_none() {
        rest.push("stacks");
    }
    if parts.held.is_none() {
        rest.push("what the allocator keeps for reuse");
    }
    rest.push(if parts.others.is_none() || report.jemalloc.is_some() { "C code and maps" } else { "maps" });
    if parts.rest > 0 {
        named.push(format!("{} rest ({})", size::bytes(parts.rest), rest.join(", ")));
    }
    let retained = report.jemalloc.as_ref().map_or(0, |jemalloc| jemalloc.retained);
    let retained = if retained > 0 {
        format!("; jemalloc retains {} of address space, which takes no memory", size::bytes(retained))
    } else {
        String::new()
    };
    Some(format!("RSS {shown} = {}{retained}", named.join(" + ")))
}

/// The name of the allocator in a sentence.
pub(crate) fn allocator(report: &Report) -> &'static str {
    if report.jemalloc.is_some() { "jemalloc" } else { "the allocator" }
}

/// Advice for an allocator that holds much free memory.
pub(crate) fn advice(report: &Report) -> &'static str {
    if report.jemalloc.is_some() {
        "try jemalloc's decay (_RJEM_MALLOC_CONF=dirty_decay_ms:1000 or background_thread = true)"
    } else {
        "try jemalloc's decay (allocator = jemalloc) or MALLOC_ARENA_MAX=2"
    }
}

/// The part of RSS that grows or dominates. `None`: none does.
fn decision(report: &Report) -> Option<String> {
    let trend = trend::of(report);
    if let Some(trend) = trend.filter(|trend| trend.grows) {
        return growing(report, &trend);
    }
    let dominant = dominant(report, trend.is_some());
    let Some(risen) = risen(report) else { return dominant.map(|(_, text)| text) };
    match dominant {
        // The heap rose by too little to explain the size of the process.
        Some((bytes, text)) if (risen as f64) < bytes as f64 * MOST_OF_IT => Some(text),
        _ => Some(format!("the heap grows{}", place(report))),
    }
}

/// The part that explains the growth of RSS.
fn growing(report: &Report, trend: &Trend) -> Option<String> {
    let grown = |bytes: f64| format!("{} in {}", size::bytes(bytes.max(0.0) as u64), size::age(trend.seconds));
    let (stacks, foreign) = (trend.stacks.unwrap_or(0.0), trend.foreign.unwrap_or(0.0));
    let heap = (!is_rise_expected(report)).then(|| format!("the heap grows{}", place(report)));
    let parts = [
        (trend.heap, heap.unwrap_or_default()),
        (trend.held.unwrap_or(0.0), held(report, trend.heap < trend.resident * (1.0 - MOST_OF_IT))),
        (trend.mapped, mapped(report, trend.mapped).to_owned()),
        (stacks, format!("thread stacks grow ({}): threads that do not end", grown(stacks))),
        (foreign, format!("growth outside Rust's allocator: C code or maps ({})", grown(foreign))),
    ];
    let largest = parts.into_iter().max_by(|one, other| one.0.total_cmp(&other.0))?;
    (largest.0 >= trend.resident * MOST_OF_IT && !largest.1.is_empty()).then_some(largest.1)
}

/// The line for files and shared memory that grew together: readings over time do not tell them apart, but one of them
/// may be too small at the end.
fn mapped(report: &Report, grown: f64) -> &'static str {
    let can_be = |bytes: Option<u64>| bytes.unwrap_or(0) as f64 >= grown / 2.0;
    match (can_be(report.os.file_bytes), can_be(report.os.shared_bytes)) {
        (true, false) => "file-backed pages grow: not memory you hold",
        (false, true) => "shared memory grows (shared maps, memfd, /dev/shm): outside Rust's allocator",
        _ => "file-backed or shared pages grow: outside Rust's allocator",
    }
}

/// The part beside the heap that takes most of RSS, and its bytes.
fn dominant(report: &Report, is_flat: bool) -> Option<(u64, String)> {
    let (rss, parts) = (report.os.rss_bytes?, parts(report)?);
    let takes = |bytes: u64, share: f64| bytes >= LARGE && bytes as f64 >= share * rss as f64;
    let of_c_code = parts.of_c_code(report);
    let candidates = [
        (parts.held.unwrap_or(0), LARGE_SHARE, held(report, is_flat)),
        (parts.file, MAPPED_SHARE, format!("{} are file-backed pages: not memory you hold", size::bytes(parts.file))),
        (
            parts.shared,
            LARGE_SHARE,
            format!(
                "{} are shared memory (shared maps, memfd, /dev/shm): outside Rust's allocator",
                size::bytes(parts.shared)
            ),
        ),
        (
            parts.stacks,
            LARGE_SHARE,
            format!("{} are thread stacks: outside Rust's allocator", size::bytes(parts.stacks)),
        ),
        (of_c_code, LARGE_SHARE, format!("{} were allocated outside Rust's allocator: C code", size::bytes(of_c_code))),
        // Else the allocator may hold it.
        (
            parts.held.map_or(0, |_| parts.rest),
            REST_SHARE,
            format!("{} are outside Rust's allocator: C code or maps", size::bytes(parts.rest)),
        ),
    ];
    let large = candidates.into_iter().filter(|(bytes, share, _)| takes(*bytes, *share));
    large.max_by_key(|(bytes, _, _)| *bytes).map(|(bytes, _, text)| (bytes, text))
}

fn held(report: &Report, is_flat: bool) -> String {
    let flat = if is_flat { "heap flat, " } else { "" };
    let held = parts(report).and_then(|parts| parts.held).unwrap_or(0);
    format!("{flat}{} holds {} of free memory: {}", allocator(report), size::bytes(held), advice(report))
}

/// Bytes by which the exact net of the process rises, or the live bytes of the groups that grow. `None`: nothing grows.
fn risen(report: &Report) -> Option<u64> {
    let rise = rise::present(report).map(|rise| rise.bytes);
    let growing = report.findings.iter().filter(|finding| finding.kind == "growing").map(|finding| finding.bytes);
    growing.chain(rise).max()
}

/// True if all of the known rise of the net is in groups that are expected.
fn is_rise_expected(report: &Report) -> bool {
    rise::is_in_groups(report) && growing_finding(report).is_none()
}

fn growing_finding(report: &Report) -> Option<&Finding> {
    report.findings.iter().find(|finding| finding.kind == "growing")
}

/// The function in which the heap grows, as far as it is known.
fn place(report: &Report) -> String {
    let rise = rise::present(report).and_then(|rise| rise.function.as_deref()).filter(|&function| function != PANIC);
    let name = growing_finding(report).map_or(rise, |finding| finding.function.as_deref());
    name.map_or_else(String::new, |name| format!(", in {}", super::name::printable(name)))
}

#[cfg(test)]
mod tests;
