//! Reports that every format must survive.

use crate::report::data::{CallTreeNode, Frame, Function, LiveGroup, Report, Unattributed};
use crate::report::golden;

/// Names that would end a text, a line, a tag or a page, if any format let them.
pub(super) const HOSTILE: [&str; 12] = [
    "</title></script><script>alert(1)</script>",
    "a\";b\\",
    "one;two three 7",
    "line\nbreak\r\n\t",
    "\u{1b}[31mred\u{202e}dleiy\u{200b}",
    "`code` | cell ``",
    "@everyone #1 https://example.org www.example.org ![x](y)",
    "=1+1,\"quoted\"",
    "größe 数据 🦀",
    "",
    " ",
    "]]>&amp;<!--",
];

/// All of them, with a name for messages.
pub(super) fn all() -> Vec<(&'static str, Report)> {
    vec![
        ("golden", golden::report()),
        ("empty", Report::default()),
        ("not installed", not_installed()),
        ("no functions", no_functions()),
        ("no stacks", no_stacks()),
        ("no records", no_records()),
        ("sampled", sampled()),
        ("hostile", hostile()),
        ("deep", deep()),
        ("huge", huge()),
        ("astray", astray()),
    ]
}

/// Nothing was counted.
pub(super) fn not_installed() -> Report {
    let mut report = Report::default();
    report.program.name = "plain".into();
    report
}

/// All memory is outside tracked functions, and live blocks have stacks.
pub(super) fn no_functions() -> Report {
    let mut report = golden::report();
    report.functions.clear();
    report.call_tree.clear();
    let totals = &report.totals;
    report.unattributed = Unattributed {
        self_allocated_bytes: totals.allocated_bytes,
        self_allocated_count: totals.allocated_count,
        self_net_bytes: totals.net_bytes,
        ..Unattributed::default()
    };
    for group in &mut report.live.groups {
        group.path.clear();
        (group.file, group.line) = (None, None);
    }
    report
}

pub(super) fn no_stacks() -> Report {
    let mut report = golden::report();
    report.live.groups.iter_mut().for_each(|group| group.stack.clear());
    report
}

/// `track_allocations = false`.
pub(super) fn no_records() -> Report {
    let mut report = golden::report();
    report.live.groups.clear();
    report.live.exact = false;
    report.peak = None;
    (report.live.tracked, report.live.estimated_bytes, report.live.estimated_count) = (None, None, None);
    report
}

/// A sample whose estimates exceed the exact net.
pub(super) fn sampled() -> Report {
    let mut report = golden::report();
    report.live.exact = false;
    report.live.sample_interval_bytes = 65_536;
    report.live.error_bytes = Some(300_000);
    for group in &mut report.live.groups {
        group.bytes = group.bytes * 10 / 7;
        group.count = group.count * 10 / 7;
        group.error_bytes = 10_000;
    }
    if let Some(peak) = &mut report.peak {
        peak.exact = false;
        peak.groups.iter_mut().for_each(|group| group.bytes = group.bytes * 10 / 7);
    }
    report
}

/// Every text is hostile.
pub(super) fn hostile() -> Report {
    let mut report = golden::report();
    let mut names = HOSTILE.iter().cycle();
    let mut next = || names.next().copied().unwrap_or_default().to_owned();
    report.program.name = next();
    report.program.args = HOSTILE.iter().map(|name| (*name).to_owned()).collect();
    for function in &mut report.functions {
        (function.name, function.file) = (next(), next());
    }
    report.call_tree.iter_mut().for_each(|row| row.function = next());
    for group in report.live.groups.iter_mut().chain(report.peak.iter_mut().flat_map(|peak| &mut peak.groups)) {
        group.path = group.path.iter().map(|_| next()).collect();
        (group.file, group.verdict) = (Some(next()), Some(next()));
        group.stack = (0..15)
            .map(|line| Frame {
                function: (line % 5 > 0).then(|| next().into()),
                file: (line % 3 > 0).then(|| next().into()),
                line: (line % 4 > 0).then_some(line),
                address: u64::MAX - u64::from(line),
                module: (line % 7 > 0).then(|| next().into()),
            })
            .collect();
    }
    for finding in &mut report.findings {
        (finding.title, finding.advice, finding.function) = (next(), next(), Some(next()));
    }
    report.warnings = HOSTILE.iter().map(|name| (*name).to_owned()).collect();
    report
}

/// A call path of many functions, and a deep stack.
pub(super) fn deep() -> Report {
    let mut report = golden::report();
    let name = |index: u32| format!("deep::level{index}::{}", "x".repeat(200));
    report.call_tree = (0..2_000)
        .map(|id| CallTreeNode {
            id,
            parent: id.checked_sub(1),
            function: name(id),
            self_allocated_bytes: 1,
            self_allocated_count: 1,
            ..CallTreeNode::default()
        })
        .collect();
    report.functions = (0..2_000)
        .map(|id| Function {
            name: name(id),
            allocated_bytes: u64::from(2_000 - id),
            self_allocated_bytes: 1,
            self_allocated_count: 1,
            ..Function::default()
        })
        .collect();
    report.live.groups.truncate(1);
    if let Some(group) = report.live.groups.first_mut() {
        let frame = Frame { function: Some("recursion".into()), ..Frame::default() };
        (group.path, group.stack) = ((0..2_000).map(name).collect(), vec![frame; 1_024]);
        (group.bytes, group.count) = (4_096, 1);
    }
    let outside = &report.unattributed;
    report.totals.allocated_bytes = 2_000 + outside.self_allocated_bytes;
    report.totals.allocated_count = 2_000 + outside.self_allocated_count;
    report
}

/// Figures at the limits of their types: sums saturate.
pub(super) fn huge() -> Report {
    let mut report = golden::report();
    for row in &mut report.call_tree {
        (row.self_allocated_bytes, row.self_allocated_count) = (u64::MAX, u64::MAX);
    }
    let groups = report.live.groups.iter_mut().chain(report.peak.iter_mut().flat_map(|peak| &mut peak.groups));
    groups.for_each(|group| (group.bytes, group.count) = (u64::MAX, u64::MAX));
    (report.totals.net_bytes, report.totals.net_count) = (i64::MAX, i64::MAX);
    (report.program.duration_seconds, report.program.started_at) = (f64::INFINITY, "yesterday".into());
    report
}

/// Rows that refer to no row or to a later one, and a negative net.
pub(super) fn astray() -> Report {
    let mut report = golden::report();
    for (index, row) in (0_u32..).zip(&mut report.call_tree) {
        row.parent = Some([index, index + 1, u32::MAX][index as usize % 3]);
    }
    (report.totals.net_bytes, report.totals.net_count) = (-7, -1);
    report.live.groups.push(LiveGroup { path: vec!["nowhere".into()], bytes: 5, count: 1, ..LiveGroup::default() });
    report
}

/// True if the sums of the report can be told.
pub(super) fn adds_up(name: &str) -> bool {
    name != "huge"
}
