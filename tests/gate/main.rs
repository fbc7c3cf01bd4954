//! Checks of a real program's reports: a change of its memory fails, nothing else does.
#![allow(missing_docs)]

use memprof::Report;
use memprof::compare::{Checked, Rules, check, repeats};
use memprof_tests::program::Program;

fn run(more: usize, wait: usize) -> Report {
    let program = Program::new(env!("CARGO_BIN_EXE_gate"));
    let ended = program.arg(more.to_string()).arg(wait.to_string()).run();
    ended.expect_status(0);
    ended.expect_report()
}

fn judge(old: &Report, new: &Report, rules: &[&str]) -> Checked {
    check(old, new, &Rules::parse(rules).unwrap())
}

fn violations(checked: &Checked) -> Vec<&str> {
    checked.violations().map(|violation| violation.figure.as_str()).collect()
}

/// 0.5 % of each function, and the default rules.
const RULES: [&str; 2] = ["*.self_allocated_bytes > +0.5%", "default"];

#[test]
fn an_unchanged_program_passes_20_times_of_20() {
    let baseline = run(0, 0);
    for turn in 0..20 {
        let checked = judge(&baseline, &run(0, 0), &RULES);
        assert!(checked.passed(), "run {turn}: {:?} {:?}", violations(&checked), checked.problems);
        assert!(checked.judged.iter().any(|judged| judged.figure == "gate::search.self_allocated_bytes"));
    }
}

#[test]
fn one_percent_in_one_function_is_a_regression() {
    let (baseline, new) = (run(0, 0), run(10, 0));
    let checked = judge(&baseline, &new, &RULES);
    assert_eq!(violations(&checked), ["gate::search.self_allocated_bytes"]);
    let line = checked.violations().next().unwrap().to_string();
    assert!(line.contains(" (+1.00 %); limit +0.5%") || line.contains(" (+0.99 %); limit +0.5%"), "{line}");
    assert!(judge(&new, &baseline, &RULES).passed(), "less is no regression");
    // 6 %: the default rules.
    assert_eq!(violations(&judge(&baseline, &run(60, 0), &[]))[0], "totals.allocated_bytes");
}

#[test]
fn a_change_of_time_alone_passes() {
    let (baseline, new) = (run(0, 0), run(0, 1500));
    assert!(new.program.duration_seconds > baseline.program.duration_seconds + 1.0);
    let rules = ["*.self_allocated_bytes > +0.5%", "*.calls > +0", "totals.peak_bytes > +500%", "default"];
    let checked = judge(&baseline, &new, &rules);
    assert!(checked.passed(), "{:?} {:?}", violations(&checked), checked.problems);
}

#[test]
fn figures_of_fixed_work_repeat() {
    let runs = [run(0, 0), run(0, 0), run(0, 20)];
    let repeated = repeats(&runs);
    for figure in ["calls", "self_allocated_bytes", "self_allocated_count", "peak_bytes"] {
        let figure = format!("gate::search.{figure}");
        assert!(repeated.contains(&figure), "{figure} is not one of {repeated:?}");
    }
    let changed = repeats(&[run(0, 0), run(1, 0)]);
    assert!(!changed.contains(&"gate::search.self_allocated_bytes".to_owned()));
    assert!(changed.contains(&"gate::search.calls".to_owned()));
}
