//! Without its default features memprof costs nothing: not one instruction, as callgrind counts them.

use std::process::Command;

/// Instructions for 100,000 events: the difference of two runs, so that what comes before and after does not count.
fn instructions(kind: &str) -> i64 {
    let run = |times: u32| -> i64 {
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
    run(200_000) - run(100_000)
}

#[test]
fn no_event_costs_one_instruction_more_than_without() {
    if cfg!(debug_assertions) {
        println!("skipped: nothing is inlined in a debug build; run it with --release");
        return;
    }
    if cfg!(not(target_os = "linux")) || Command::new("valgrind").output().is_err() {
        println!("skipped: it takes valgrind");
        return;
    }
    for kind in ["allocations", "calls", "polls"] {
        let (with, without) = (instructions(kind), instructions(&format!("{kind}-without")));
        println!("{kind:12} {:5.1} instructions, without memprof {:5.1}", with as f64 / 1e5, without as f64 / 1e5);
        // Less than one instruction in a hundred events: start and end are not the same to the last one.
        assert!((with - without).abs() < 1_000, "{kind}: {with} instead of {without}");
    }
}
