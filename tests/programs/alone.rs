//! A program with one thread of its own, beside which the profiler's thread writes reports.

use crate::program;
use memprof_tests::program::ALLOCATIONS;

#[test]
fn the_profilers_thread_is_in_no_figure_and_the_peak_stays_exact() {
    let ended = program!("alone").env("MEMPROF_EVERY_SECONDS", "1").run();
    ended.expect_status(0);
    let figure = |name: &str| -> u64 {
        let line = ended.stdout.lines().find_map(|line| line.strip_prefix(name)).unwrap_or_else(|| panic!("no {name}"));
        line.trim().parse().unwrap()
    };
    assert!(ended.stdout.contains("exact true\n"), "{}", ended.stdout);
    assert!(ended.stdout.contains("beneath true\n"), "{}", ended.stdout);
    assert_eq!((figure("threads"), figure("peak"), figure("missing")), (1, 0, 0));
    // It asks for a file again and again.
    assert!(figure("asked by the program") < 100_000);
    assert!(figure("reports took") > figure("at once") && figure("at once") > 10_000, "{}", ended.stdout);
    assert!(figure("thread holds") < 10_000, "{}", ended.stdout);
    let report = ended.report(&ended.work(ALLOCATIONS));
    assert_eq!(report.threads.iter().map(|row| row.name.as_str()).collect::<Vec<_>>(), ["main"]);
}
