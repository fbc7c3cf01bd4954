//! What an event costs, in instructions, counted by callgrind: no clock, so the same on a busy machine. The limits are those
//! that the documentation promises, and a few more for churn and for what is off: where blocks lie moves these a little.
//!
//! `cargo test --release -p memprof-tests --test instructions -- --nocapture` shows the figures. A change that costs more, and
//! is worth it, changes the limit here and the figures in README.md and the crate's documentation.
#![allow(missing_docs)]

use std::process::Command;

/// Instructions per event: the slope between two runs, so that what comes before and after does not count.
fn instructions(kind: &str) -> f64 {
    let run = |times: u32| -> f64 {
        let output = Command::new("valgrind")
            .args(["--tool=callgrind", "--callgrind-out-file=/dev/null", env!("CARGO_BIN_EXE_instructions"), kind])
            .arg(times.to_string())
            .output()
            .unwrap();
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{kind}: {said}");
        let collected = said.lines().find_map(|line| line.split_once("Collected : ")).expect("callgrind's total");
        collected.1.trim().parse().unwrap()
    };
    (run(200_000) - run(100_000)) / 100_000.0
}

#[test]
fn no_event_costs_more_than_the_documentation_says() {
    if cfg!(debug_assertions) {
        println!("skipped: the figures are those of a release build; run it with --release");
        return;
    }
    if cfg!(not(all(target_arch = "x86_64", target_os = "linux"))) || Command::new("valgrind").output().is_err() {
        println!("skipped: it takes valgrind, and the limits are those of x86_64 Linux");
        return;
    }
    let pair = instructions("pair-forward");
    let churn = instructions("churn-forward");
    let mut beyond = Vec::new();
    for (kind, without, limit) in [
        ("pair-off", pair, 16.0),
        ("pair", pair, 34.0),
        ("pair-tracked", pair, 120.0),
        ("churn-tracked", churn, 125.0),
        ("churn-sampled-tracked", churn, 80.0),
        ("call", 0.0, 135.0),
        ("call-on-two-threads", 0.0, 135.0),
        ("call-in-turn", 0.0, 2.0 * 145.0),
        ("poll", 0.0, 190.0),
    ] {
        let cost = instructions(kind) - without;
        println!("{kind:22} {cost:7.1}, at most {limit}");
        if cost > limit {
            beyond.push(kind);
        }
    }
    assert!(beyond.is_empty(), "dearer than promised: {beyond:?}");
}
