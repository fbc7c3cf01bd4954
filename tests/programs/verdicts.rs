//! Growing groups are found, however they grow, and others are not accused.

use memprof::Report;

use super::{Program, program};

/// Every block has a record: in a debug build tracking takes long.
fn exact(kind: &str) -> Program {
    let program = program!("verdicts").arg(kind).env("MEMPROF_OVERHEAD_BUDGET_PERCENT", "0");
    // Without optimization a large table takes long to read.
    program.env("MEMPROF_MAX_TRACKED_ALLOCATIONS", "2000")
}

/// Hardly any block has a record.
fn thin(kind: &str) -> Program {
    exact(kind).env("MEMPROF_SAMPLE_INTERVAL_BYTES", "100000000")
}

fn run(program: Program) -> (Report, String) {
    let ended = program.run();
    let report = ended.expect_status(0).expect_report();
    let text = std::fs::read_to_string(ended.work(super::LEAKS)).unwrap();
    // Sentences are broken at blanks.
    (report, text.replace("\n     ", " "))
}

/// The verdicts on what a function keeps, and how it grows.
fn of<'a>(report: &'a Report, function: &str) -> Vec<(&'a str, Option<&'a str>)> {
    let name = format!("verdicts::{function}");
    let groups = report.live.groups.iter().filter(|group| group.path.last() == Some(&name));
    groups.map(|group| (group.verdict.as_deref().unwrap(), group.growth.as_deref())).collect()
}

fn growing(report: &Report) -> Vec<&str> {
    let growing = report.live.groups.iter().filter(|group| group.verdict.as_deref() == Some("growing"));
    growing.map(|group| group.path.last().map_or("", String::as_str)).collect()
}

#[test]
fn a_table_that_is_replaced_by_a_larger_one_grows() {
    let (report, text) = run(exact("table"));
    assert_eq!(of(&report, "note"), [("growing", Some("larger blocks"))], "{text}");
    assert!(text.contains("\n1 group is growing (") && text.contains("= keeps getting larger: +"), "{text}");
    let (report, text) = run(exact("table").arg("repaired"));
    assert_eq!(growing(&report), [""; 0], "{text}");
}

#[test]
fn a_table_that_grows_beside_a_sample_is_found_too() {
    let (report, text) = run(exact("table").env("MEMPROF_SAMPLE_INTERVAL_BYTES", "20000"));
    assert_eq!(of(&report, "note"), [("growing", Some("larger blocks"))], "{text}");
    assert_eq!(report.live.sampled_because.as_deref(), Some("fixed interval"));
    assert!(text.contains("\na sample because `sample_interval_bytes` is set;"), "{text}");
}

#[test]
fn a_pause_hides_no_leak() {
    let (report, text) = run(exact("pause"));
    assert_eq!(of(&report, "keep"), [("growing", Some("new blocks"))], "{text}");
    // Lines are broken where they are long.
    let words = text.split_whitespace().collect::<Vec<_>>().join(" ");
    let sentence = "one block survives each call of verdicts::keep (500 of 500); none made in the last ";
    assert!(words.contains(sentence), "{text}");
}

#[test]
fn a_leak_that_starts_in_the_last_quarter_is_found() {
    let (report, text) = run(exact("late"));
    assert_eq!(of(&report, "keep"), [("growing", Some("new blocks"))], "{text}");
    let (report, text) = run(exact("late").arg("repaired"));
    assert_eq!(growing(&report), [""; 0], "{text}");
}

#[test]
fn what_was_made_in_a_stretch_that_is_over_is_kept_but_not_since_the_start() {
    let (report, text) = run(exact("middle"));
    assert_eq!(of(&report, "keep"), [("kept", None)], "{text}");
    assert!(text.contains("   = grew steadily from ") && text.contains("\nnothing has grown in the last "), "{text}");
    assert!(!text.contains("nothing grows"), "{text}");
}

#[test]
fn the_depth_of_recursion_is_no_other_place() {
    let program = |kind| exact(kind).env("MEMPROF_MAX_TRACKED_ALLOCATIONS", "20000").env("MEMPROF_BACKTRACES", "1");
    for (kind, function, groups) in [("split", "note_of_many", 2), ("recursion", "note", 1)] {
        let (report, text) = run(program(kind));
        let verdicts = of(&report, function);
        assert!(verdicts.contains(&("growing", Some("larger blocks"))), "{kind}: {verdicts:?} {text}");
        assert!(verdicts.iter().all(|verdict| verdict.0 == "growing"), "{kind}: {verdicts:?} {text}");
        assert_eq!(verdicts.len(), groups, "{kind}: {verdicts:?} {text}");
        let sum: u64 = report.live.groups.iter().map(|group| group.bytes).sum();
        assert_eq!(Some(sum), report.live.estimated_bytes, "{kind}");
        let (report, text) = run(program(kind).arg("repaired"));
        assert_eq!(growing(&report), [""; 0], "{kind}: {text}");
    }
}

#[test]
fn what_was_filled_and_does_not_grow_any_more_is_not_said_to_rise() {
    // Not a sample of some hundred records: where it cannot say that the blocks have ceased, their buffer may be called
    // growing for a while.
    let all = || exact("filled").env("MEMPROF_MAX_TRACKED_ALLOCATIONS", "20000");
    for program in [&(|| thin("filled")) as &dyn Fn() -> Program, &all] {
        let runs: Vec<_> = (0..3).map(|_| run(program())).collect();
        let Some((report, text)) = runs.iter().find(|(report, _)| growing(report).is_empty()) else {
            // It lasts 1.1 s. On a machine that is busy with other things the readings after the filling may be too
            // few.
            assert!(runs.iter().all(|(report, _)| report.program.duration_seconds > 1.8), "{}", runs[0].1);
            println!("not checked: the machine is too busy");
            continue;
        };
        assert!(!text.contains("but the net of the whole program rose"), "{text}");
        // A machine that is busy with other things has the filling look uneven: then there is no rise to speak of.
        let Some(rise) = report.live.net_rise.as_ref() else { continue };
        assert!(rise.ended_seconds.is_some_and(|ended| ended > 0.1), "{rise:?}");
        assert!(text.contains("\nnothing is known to grow now: the net ") && text.contains("\nbefore that it rose "));
    }
}

#[test]
fn caches_queues_and_scratch_space_are_not_accused() {
    for kind in ["cache", "queue", "enlarged"] {
        let (report, text) = run(exact(kind));
        assert_eq!(growing(&report), [""; 0], "{kind}: {text}");
    }
}

#[test]
fn where_no_group_shows_it_the_net_does() {
    let (report, text) = run(thin("alone"));
    let rise = report.live.net_rise.as_ref().expect("a rise");
    assert!((25_000..=60_000).contains(&rise.bytes), "{rise:?}");
    assert!(
        text.contains("\nno group is known to grow, but the net of the whole program rose steadily: by "),
        "{text}"
    );
    assert!(text.contains("\nmost of it is the net of verdicts::keep: its net rose by "), "{text}");
    assert!(!text.contains("nothing grows") && !text.contains("no block made"), "{text}");
    // Without a live table it is the same.
    let (report, text) = run(exact("alone").env("MEMPROF_TRACK_ALLOCATIONS", "false"));
    assert!(report.live.net_rise.is_some() && text.contains("its net rose by "), "{text}");
}

#[test]
fn without_a_thread_of_our_own_those_that_publish_read() {
    let without =
        |kind| exact(kind).env("MEMPROF_DUMP_ON_SIGNAL", "").env("MEMPROF_SAMPLE_INTERVAL_BYTES", "100000000");
    // However many threads there are.
    for program in [without("alone"), without("alone").env("SECOND_THREAD", "1")] {
        let (report, _) = run(program);
        let rise = report.live.net_rise.as_ref().expect("a rise");
        assert!((25_000..=60_000).contains(&rise.bytes), "{rise:?}");
        assert_eq!(rise.function.as_deref(), Some("verdicts::keep"));
    }
    // What grows by replacing a block is found from readings alone.
    let (report, _) = run(exact("table").env("MEMPROF_DUMP_ON_SIGNAL", ""));
    assert_eq!(growing(&report).len(), 1, "{:?}", report.live.groups);
    // A table that is too large to be read in an allocation.
    let large = |kind| without(kind).env("MEMPROF_MAX_TRACKED_ALLOCATIONS", "20001");
    let (report, text) = run(large("much"));
    let rise = report.live.net_rise.as_ref().expect("a rise");
    assert!((1_000_000..=2_000_000).contains(&rise.bytes) && rise.function.is_none(), "{rise:?}");
    assert!(text.contains("\nno group is known to grow, but"), "{text}");
    // Less than what a reading can be off.
    let (report, text) = run(large("alone"));
    assert!(report.live.net_rise.is_none() && !text.contains("nothing grows"), "{text}");
}

#[test]
fn a_function_whose_results_others_drop_is_not_named() {
    let (report, text) = run(thin("parser"));
    let rise = report.live.net_rise.as_ref().expect("a rise");
    assert!((25_000..=60_000).contains(&rise.bytes) && rise.function.is_none(), "{rise:?}");
    assert!(!text.contains("verdicts::parse:") && !text.contains("nothing grows"), "{text}");
    let (report, text) = run(thin("parser").arg("repaired"));
    assert!(report.live.net_rise.is_none() && !text.contains("rose steadily"), "{text}");
}

#[test]
fn what_a_sample_does_not_hold_is_not_known() {
    let (report, text) = run(thin("alone"));
    assert!(report.live.groups.iter().all(|group| group.verdict.as_deref() == Some("unknown")), "{text}");
    let keep = super::function(&report, "verdicts::keep");
    let busy = super::function(&report, "verdicts::busy");
    assert_eq!((keep.retained_bytes, busy.retained_bytes), (None, None), "{text}");
}
