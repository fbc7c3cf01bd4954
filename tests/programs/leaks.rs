//! Known leaks: the first group that is named is the guilty function, and without the leak nothing grows.

use memprof::Report;

use super::{Program, program};

/// Every block has a record, and its stack.
fn leaks(kind: &str) -> Program {
    // In a debug build tracking takes long.
    let exact = program!("leaks").arg(kind).env("MEMPROF_OVERHEAD_BUDGET_PERCENT", "0");
    exact.env("MEMPROF_MAX_TRACKED_ALLOCATIONS", "50000").env("MEMPROF_BACKTRACES", "1")
}

fn growing(report: &Report) -> Vec<(Option<&str>, u64)> {
    let growing = report.live.groups.iter().filter(|group| group.verdict.as_deref() == Some("growing"));
    growing.map(|group| (group.path.last().map(String::as_str), group.bytes)).collect()
}

#[test]
fn the_first_group_is_the_guilty_function_and_without_the_leak_nothing_grows() {
    for (kind, guilty) in [("cycle", "insert"), ("tasks", "serve"), ("recorder", "record"), ("endless", "endless")] {
        let guilty = format!("leaks::{guilty}");
        let ended = leaks(kind).run();
        let report = ended.expect_status(0).expect_report();
        let found = growing(&report);
        assert_eq!(found.first().and_then(|(name, _)| *name), Some(guilty.as_str()), "{kind}: {found:?}");
        let first = &report.live.groups[0];
        assert!(first.stack.iter().any(|frame| {
            let function = frame.function.as_deref().unwrap_or_default();
            function.contains(&guilty) && frame.file.as_deref().is_some_and(|file| file.ends_with("src/bin/leaks.rs"))
        }));
        let text = std::fs::read_to_string(ended.work(super::LEAKS)).unwrap();
        let entry = text.split("\n1. growing: ").nth(1).expect("the first entry");
        let place = entry.lines().find(|line| line.starts_with("   --> ")).expect("the place");
        assert!(place.replace('\\', "/").contains("src/bin/leaks.rs:"), "{entry}");

        let report = leaks(kind).arg("repaired").run().expect_status(0).expect_report();
        assert_eq!(growing(&report), [], "{kind}");
    }
}

#[test]
fn what_is_expected_stands_at_the_end_with_its_sum() {
    let ended = leaks("cycle").configured("[leaks]\nignore = [\"*::insert\"]").run();
    let report = ended.expect_status(0).expect_report();
    let expected = report.live.groups.iter().filter(|group| group.path.iter().any(|name| name == "leaks::insert"));
    let patterns: Vec<_> = expected.map(|group| group.expected.as_deref()).collect();
    assert!(!patterns.is_empty() && patterns.iter().all(|pattern| *pattern == Some("*::insert")), "{patterns:?}");
    let text = std::fs::read_to_string(ended.work(super::LEAKS)).unwrap();
    assert!(text.contains("\nnothing grows"), "{text}");
    let (_, closing) = text.split_once("\nexpected: ").expect("the closing section");
    assert!(closing.contains("in leaks::insert ([leaks] ignore has \"*::insert\")"), "{closing}");
}
