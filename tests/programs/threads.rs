//! Threads that are there when the process ends: killed where they are, and named as the system names them.
#![cfg(target_os = "linux")]

use super::{function, program};

#[test]
fn threads_that_the_end_of_the_process_kills() {
    for _ in 0..5 {
        // A busy machine must not decide what is tracked.
        let ended = program!("threads").arg("killed").env("MEMPROF_OVERHEAD_BUDGET_PERCENT", "0").run();
        // That the rows add up is checked whenever a report is read.
        let report = ended.expect_status(9).expect_report();
        for (name, calls, held) in
            [("threads::parked", 20, 20_000), ("threads::in_destructor", 20, 10_000), ("threads::busy", 20, 0)]
        {
            let row = function(&report, name);
            assert_eq!((row.calls, row.active, row.peak_bytes), (calls, calls, None), "{row:?}");
            assert_eq!(row.retained_bytes.map(|bytes| bytes.max(held)), row.retained_bytes, "{row:?}");
            assert!(held == 0 || row.self_net_bytes == held as i64, "{row:?}");
        }
        let served: u64 = report.threads.iter().map(|row| row.threads_served).sum();
        assert_eq!(served, 3 * 20 + 2);
        assert_eq!(report.threads.len(), 3 * 20 + 2);
    }
}

#[test]
fn names_of_any_bytes() {
    let ended = program!("threads").arg("names").run();
    let report = ended.expect_status(0).expect_report();
    let mut names: Vec<&str> = report.threads.iter().map(|row| row.name.as_str()).collect();
    names.sort_unstable();
    let expected = [
        "\"quoted\" \\ {}",
        "fifteen letters",
        "grün ist gut:\u{fffd}",
        "main",
        "nnnnnnnnnnnnnnn",
        "over \u{fffd}",
        "red \u{1b}[31m\u{7}",
        "\u{fffd}\u{fffd} no UTF-8",
    ];
    for name in expected {
        assert!(names.contains(&name), "{name:?} is not among {names:?}");
    }
    // A name without a letter is none.
    assert!(names.iter().any(|name| name.starts_with("thread ")), "{names:?}");
    // One of them stands in the texts, as the thread of the worst call.
    let beyond = function(&report, "threads::beyond_its_budget").violations.clone().expect("each call is beyond it");
    assert_eq!(beyond.count, 6);
    let words = ended.stderr.split_whitespace().collect::<Vec<_>>().join(" ");
    let (place, rest) = ("- threads::beyond_its_budget (", "exceeded its budget in 6 of 6 calls; the worst on thread");
    assert!(words.contains(place) && words.contains(rest), "{}", ended.stderr);
    assert!(!ended.stderr.contains(['\u{1b}', '\u{7}']), "{:?}", ended.stderr);
}
