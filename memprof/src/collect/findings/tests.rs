//! The rules on reports made by hand, and on the golden one.

use super::small_blocks;
use crate::collect::live::small_sizes::SmallSizes;
use crate::live::{Drawn, Record, Records};
use crate::report::data::{
    CallTreeNode, Distribution, Finding, Function, InFlight, LargeFuture, LiveGroup, NetRise, PeakFunction,
    PeakPicture, Report,
};
use crate::report::golden;
use crate::report::leaks;

/// The findings of a report without a live table.
fn of(report: &Report) -> Vec<Finding> {
    super::of(report, None)
}

fn kinds(findings: &[Finding]) -> Vec<&str> {
    findings.iter().map(|finding| finding.kind.as_str()).collect()
}

#[test]
fn the_golden_report_has_the_findings_that_its_figures_give() {
    let mut report = golden::report();
    let findings = of(&report);
    let stands = std::mem::replace(&mut report.findings, findings);
    golden::bless(&report);
    assert_eq!(report.findings, stands, "{:#?}", report.findings);
}

#[test]
fn a_program_without_the_allocator_has_one_finding() {
    let findings = of(&Report::default());
    assert_eq!(kinds(&findings), ["not_installed"]);
    assert!(findings[0].title.contains("#[global_allocator]"), "{findings:?}");
}

const MB: u64 = 1 << 20;

fn installed(functions: Vec<Function>) -> Report {
    let mut report = Report { functions, ..Report::default() };
    report.allocator.installed = true;
    report.totals.allocated_bytes = 100 * MB;
    report
}

/// A function that was called 1,000 times and allocated `bytes` by itself.
fn function(bytes: u64) -> Function {
    Function {
        name: "app::search".into(),
        file: "src/app.rs".into(),
        line: 7,
        calls: 1_000,
        allocated_bytes: bytes,
        self_allocated_bytes: bytes,
        self_allocated_count: 5_000,
        ..Function::default()
    }
}

fn even(bytes: u64) -> Option<Distribution> {
    Some(Distribution { min: bytes, p50: Some(bytes), p95: Some(bytes), p99: Some(bytes), max: bytes })
}

#[test]
fn growing_buffers_are_regrowth_from_a_fifth_of_the_function_and_a_hundredth_of_the_process() {
    let grown = |copied_bytes| Function { reallocated_count: 4_000, copied_bytes, ..function(10 * MB) };
    let findings = of(&installed(vec![grown(2 * MB)]));
    assert_eq!(kinds(&findings), ["regrowth"]);
    assert_eq!(
        findings[0].title,
        "app::search (src/app.rs:7) grew buffers 4,000 times in 1,000 calls, moving at most 2.0 MB (2.0 KB a call), 2.0 % \
         of all allocated bytes"
    );
    assert_eq!((findings[0].bytes, findings[0].share), (2 * MB, Some(0.02)));
    assert!(of(&installed(vec![grown(2 * MB - 1)])).is_empty(), "less than a fifth of what the function allocated");
    let backtraces = Function { name: "(panic)".into(), ..grown(2 * MB) };
    assert!(of(&installed(vec![backtraces])).is_empty(), "the messages of panics are not the user's to change");
    let small = Function { copied_bytes: MB - 1, ..function(2 * MB) };
    assert!(of(&installed(vec![small])).is_empty(), "less than a hundredth of what the process allocated");
}

#[test]
fn short_lived_buffers_are_transient_unless_they_only_grew() {
    let churn = |peak| Function { per_call: even(8 * 1024), peak_per_call: even(peak), ..function(8_000 * 1024) };
    let findings = of(&installed(vec![churn(1024)]));
    assert_eq!(kinds(&findings), ["transient"]);
    assert_eq!(findings[0].bytes, 7 * 1024 * 1_000);
    assert!(!findings[0].exact, "percentiles are estimates");
    assert!(of(&installed(vec![churn(2049)])).is_empty(), "less than four times the peak");
    let grown = Function { reallocated_count: 1, copied_bytes: 4 * MB, ..churn(1024) };
    assert_eq!(kinds(&of(&installed(vec![grown]))), ["regrowth"]);
    let caller = Function { self_allocated_bytes: 0, ..churn(1024) };
    assert!(of(&installed(vec![caller])).is_empty(), "a callee allocated it");
}

#[test]
fn a_few_large_calls_are_uneven() {
    let few = |p99, calls| {
        let spread = Distribution { min: 10, p50: Some(1_000), p95: Some(1_000), p99: Some(p99), max: 5 * MB };
        Function { per_call: Some(spread), calls, ..function(50 * MB) }
    };
    assert_eq!(kinds(&of(&installed(vec![few(2 * MB, 1_000)]))), ["uneven"]);
    assert!(of(&installed(vec![few(19_999, 100_000)])).is_empty(), "less than 20 times the median");
    assert!(of(&installed(vec![few(2 * MB, 99)])).is_empty(), "too few calls");
}

#[test]
fn memory_that_is_held_stands_before_memory_that_is_short_lived() {
    let mut report = golden::report();
    report.functions[0].copied_bytes = report.totals.allocated_bytes;
    let findings = of(&report);
    let advice = findings.iter().position(|finding| finding.kind == "regrowth").expect("one");
    let is_advice = |finding: &Finding| super::is_advice(&finding.kind);
    assert!(!findings[..advice].iter().any(is_advice) && findings[advice..].iter().all(is_advice), "{findings:?}");
}

fn of_size(size: u64) -> Record {
    Record { size, owner_word: 0, ticks: 0, drawn: Drawn::CERTAIN, stack: 0, grown: 0 }
}

#[test]
fn small_blocks_are_a_finding_where_the_allocator_adds_much() {
    let mut records = Records::with_capacity(100_000).expect("memory");
    for _ in 0..60_000 {
        records.push(of_size(8));
    }
    for _ in 0..40_000 {
        records.push(of_size(100));
    }
    let mut report = installed(Vec::new());
    report.totals.net_bytes = 60_000 * 8 + 40_000 * 100;
    let sizes = SmallSizes::of(&records);
    let finding = |usable: usize| small_blocks::finding(&report, &sizes, |_| Some(usable));
    let found = finding(32).expect("a finding");
    assert_eq!((found.bytes, found.exact), (60_000 * 24, true));
    assert!(
        found.title.starts_with("60,000 live blocks have at most 64 B: the allocator adds 1.4 MB to their 468.8 KB")
    );
    assert!(finding(16).is_none(), "less than 1 MB");
    assert!(small_blocks::finding(&report, &sizes, |_| None).is_none(), "an allocator that cannot be asked");
}

#[test]
fn growth_at_one_place_is_one_finding() {
    let group = |caller: &str, line: u32, bytes: u64| LiveGroup {
        path: vec![caller.into(), format!("app::at_{line}")],
        file: Some("src/app.rs".into()),
        line: Some(line),
        bytes,
        count: 10,
        bytes_per_second: 1024.0,
        verdict: Some("growing".into()),
        growth: Some("new blocks".into()),
        ..LiveGroup::default()
    };
    let mut report = installed(Vec::new());
    report.totals.net_bytes = 10_000;
    report.live.groups = vec![group("app::a", 7, 3_000), group("app::b", 7, 1_000), group("app::a", 9, 500)];
    let findings = of(&report);
    let found: Vec<(u64, Option<u32>)> = findings.iter().map(|finding| (finding.bytes, finding.line)).collect();
    assert_eq!(found, [(4_000, Some(7)), (500, Some(9))]);
    assert!(findings[0].title.contains(" +2.0 KB/s"), "{findings:?}");
    assert!(findings[0].detail.contains("in 20 blocks of 2 groups,"), "{findings:?}");
}

#[test]
fn a_collection_and_what_is_in_it_are_one_finding_with_the_share_of_the_leak_report() {
    let group = |bytes: u64, growth: &str| LiveGroup {
        path: vec!["app::keep".into()],
        file: Some("src/app.rs".into()),
        line: Some(7),
        bytes,
        count: 10,
        bytes_per_second: 1024.0,
        verdict: Some("growing".into()),
        growth: Some(growth.into()),
        ..LiveGroup::default()
    };
    let mut report = installed(Vec::new());
    report.totals.net_bytes = 300_000;
    report.live.tracked = Some(20);
    report.live.groups = vec![group(200_000, "new blocks"), group(50_000, "larger blocks")];
    let findings = of(&report);
    assert_eq!(kinds(&findings), ["growing"]);
    assert_eq!((findings[0].bytes, findings[0].line), (250_000, Some(7)));
    assert!(findings[0].title.contains("83.3 % of the live bytes), +2.0 KB/s"), "{findings:?}");
    assert!(findings[0].advice.contains("each call"), "of the larger part");
    assert!(leaks::render(&report).contains("app::keep: 244.1 KB"), "{}", leaks::render(&report));
    // In a sample the groups can have more than the exact sum: of what they have, in both texts.
    report.live.groups = vec![group(400_000, "new blocks"), group(100_000, "larger blocks")];
    report.live.groups[1].path = vec!["app::other".into()];
    report.live.groups[1].line = Some(9);
    let findings = of(&report);
    let text = leaks::render(&report);
    for (finding, share) in findings.iter().zip([" 80.0 % of the live bytes", " 20.0 % of the live bytes"]) {
        assert!(finding.title.contains(share) && text.contains(share), "{findings:?}\n{text}");
    }
}

#[test]
fn a_large_future_is_named_unless_another_one_in_it_makes_it_large() {
    let future = |name: &str, bytes| Function {
        name: name.into(),
        large_future: Some(LargeFuture { bytes, alive: 2, most_alive: 1_200 }),
        ..function(0)
    };
    let mut report = installed(vec![future("app::handle", 50_000), future("app::query", 49_152), function(0)]);
    let row =
        |id, parent, function: &str| CallTreeNode { id, parent, function: function.into(), ..CallTreeNode::default() };
    report.call_tree = vec![row(0, None, "app::handle"), row(1, Some(0), "app::search"), row(2, Some(1), "app::query")];
    let findings = of(&report);
    assert_eq!(kinds(&findings), ["large_future"]);
    assert_eq!(
        findings[0].title,
        "app::query (src/app.rs:7): its future takes 48.0 KB; 1,200 were alive at once, together 56.3 MB"
    );
    assert_eq!((findings[0].bytes, findings[0].exact), (49_152 * 1_200, true));
    // Without the other one it is large, too.
    report.functions[0] = future("app::handle", 49_152 + 16_385);
    assert_eq!(of(&report).len(), 2);
    // The caller is not around the callee's future, which is larger: it is spawned or boxed.
    report.functions[0] = future("app::handle", 20_000);
    assert_eq!(of(&report).len(), 2);
}

/// A heap of 40 MB at its highest, of which a function held so many bytes; 10 MB are left.
fn peaked(bytes: u64, error: u64) -> Report {
    let held = PeakFunction {
        name: "app::search".into(),
        retained_bytes: Some(bytes),
        retained_error_bytes: Some(error),
        ..PeakFunction::default()
    };
    let path = vec!["app::main".to_owned(), "app::search".to_owned()];
    let group =
        LiveGroup { path: path.clone(), file: Some("src/app.rs".into()), line: Some(7), ..LiveGroup::default() };
    let mut report = installed(Vec::new());
    report.totals.net_bytes = 10 << 20;
    report.peak = Some(PeakPicture {
        seconds: 2.5,
        net_bytes: 40 << 20,
        process_peak_bytes: 41 << 20,
        exact: error == 0,
        functions: vec![held],
        unattributed_bytes: (40 * MB).saturating_sub(bytes),
        groups: vec![group],
        in_flight: vec![InFlight { thread: "main".into(), path }],
    });
    report
}

#[test]
fn who_held_a_quarter_of_a_peak_that_is_over_is_a_finding() {
    let findings = of(&peaked(30 * MB, 0));
    assert_eq!(kinds(&findings), ["peak"]);
    assert_eq!(
        findings[0].title,
        "app::search (src/app.rs:7) held 30.0 MB of the peak of 41.0 MB (exact, 75.0 %), 2.5 s after the start"
    );
    assert_eq!(
        findings[0].detail,
        "in flight: app::main → app::search; the picture shows 40.0 MB live, 97.6 % of the peak; 10.0 MB are live now"
    );
    assert_eq!((findings[0].bytes, findings[0].share, findings[0].exact), (30 * MB, Some(0.75), true));
    assert!(of(&peaked(10 * MB - 1, 0)).is_empty(), "less than a quarter");
    let estimate = of(&peaked(12 * MB, MB));
    assert!(estimate[0].title.contains("(± 1.0 MB, 30.0 %)") && !estimate[0].exact, "{estimate:?}");
    assert!(of(&peaked(12 * MB, MB + 1)).is_empty(), "within two standard errors of less than a quarter");
    let mut still_there = peaked(30 * MB, 0);
    still_there.totals.net_bytes = 33 << 20;
    assert!(of(&still_there).is_empty(), "the heap is still as high, and `retained` says who holds it");
    let mut far = peaked(30 * MB, 0);
    far.peak.as_mut().unwrap().process_peak_bytes = 45 << 20;
    assert!(of(&far).is_empty(), "the picture is less than 90 % of the peak");
    let mut small = peaked(30 * MB, 0);
    let peak = small.peak.as_mut().unwrap();
    (peak.net_bytes, peak.process_peak_bytes, small.totals.net_bytes) = (1 << 19, 1 << 19, 0);
    assert!(of(&small).is_empty(), "less than 1 MB");
}

#[test]
fn memory_outside_every_function_that_held_the_peak_is_a_finding_with_its_place() {
    let mut report = peaked(5 * MB, 0);
    let group = LiveGroup { bytes: 35 * MB, file: None, line: None, ..LiveGroup::default() };
    report.peak.as_mut().unwrap().groups.push(group);
    let findings = of(&report);
    assert!(findings[0].title.starts_with("(outside tracked functions) held 35.0 MB"), "{findings:?}");
    assert_eq!((&findings[0].function, findings[0].share), (&None, Some(0.875)));
}

#[test]
fn growth_that_only_the_exact_net_shows_is_a_finding() {
    let rising = |change: fn(&mut NetRise)| {
        let mut rise = NetRise {
            bytes: 80 << 10,
            seconds: 5.0,
            ended_seconds: None,
            function: Some("app::search".into()),
            function_bytes: Some(75 << 10),
        };
        change(&mut rise);
        let mut report = installed(vec![function(MB)]);
        report.live.net_rise = Some(rise);
        of(&report)
    };
    let findings = rising(|_| ());
    assert_eq!(kinds(&findings), ["growing"]);
    assert_eq!(
        findings[0].title,
        "app::search (src/app.rs:7) keeps growing: its net rose by 75.0 KB in the last 5.0 s (exact), +15.0 KB/s"
    );
    assert!(findings[0].exact);
    assert!(rising(|rise| rise.seconds = 4.9).is_empty(), "too short");
    assert!(rising(|rise| rise.bytes = 63 << 10).is_empty(), "too little");
    assert!(rising(|rise| rise.function_bytes = Some(39 << 10)).is_empty(), "most of it elsewhere");
    assert!(rising(|rise| rise.function = None).is_empty(), "nobody to name");
    assert!(rising(|rise| rise.ended_seconds = Some(1.0)).is_empty(), "it is over");
    assert!(rising(|rise| rise.function = Some("(panic)".into())).is_empty(), "symbols of backtraces");
}
