//! Reports of several programs, processes and profiles under one name: none is lost or replaces another that is wanted.

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::process::{Command, Stdio};

use memprof::Report;

use super::{ALLOCATIONS, Ended, Program, program};

/// The reports in a folder, by name.
fn reports(ended: &Ended, folder: &str) -> BTreeMap<String, Report> {
    let files = ended.files(folder).into_iter().filter(|name| name.ends_with(".json"));
    files.map(|name| (name.clone(), ended.report(&ended.root().join(folder).join(name)))).collect()
}

fn logs(ended: &Ended) -> BTreeMap<String, Report> {
    reports(ended, "work/data/logs")
}

fn names(reports: &BTreeMap<String, Report>) -> Vec<&str> {
    reports.keys().map(String::as_str).collect()
}

/// The only report in the folder.
fn only(ended: &Ended) -> Report {
    let mut reports = logs(ended.expect_status(0));
    assert_eq!(ended.files("work/data/logs"), ["memory_allocations.json", "memory_leaks.txt"], "{}", ended.stderr);
    reports.pop_first().unwrap().1
}

/// A line for the shell in which `$0` is the program; `run` waits for a file that the program makes.
fn outputs(line: &str) -> Program {
    program!("outputs", &format!("seen() {{ while [ ! -e $1 ]; do sleep 0.01; done; }}\n{line}"))
}

/// True if this user may make namespaces of process ids.
fn may_have_containers() -> bool {
    let asked =
        Command::new("unshare").args(["--pid", "--fork", "--mount-proc", "true"]).stderr(Stdio::null()).status();
    let may = asked.is_ok_and(|status| status.success());
    if !may {
        println!("skipped: this user may not make namespaces (root may)");
    }
    may
}

#[test]
fn a_report_in_the_middle_is_not_replaced_by_a_later_program() {
    let line =
        "\"$0\" load work middle touch=one wait=go & seen one; \"$0\" load work; ls data/logs >left; touch go; wait";
    let ended = outputs(line).run();
    ended.expect_status(0);
    let left = fs::read_to_string(ended.work("left")).unwrap();
    assert_eq!(
        left,
        "memory_allocations-2.json\nmemory_allocations.json\nmemory_leaks-2.txt\nmemory_leaks.txt\nmemory_report-2.html\n"
    );
    let reports = logs(&ended);
    assert_eq!(names(&reports), ["memory_allocations-2.json", "memory_allocations.json"]);
    assert!(reports.values().all(|report| report.program.is_final));
    // The first one has replaced its own.
    assert_ne!(reports["memory_allocations-2.json"].program.run, reports["memory_allocations.json"].program.run);
}

#[test]
fn a_report_says_whether_it_is_the_last_one() {
    let ended =
        outputs("\"$0\" load work middle touch=one wait=go & seen one; cp data/logs/*.json .; touch go; wait").run();
    let middle = ended.report(&ended.expect_status(0).work("memory_allocations.json"));
    let last = ended.expect_report();
    assert!(!middle.program.is_final && last.program.is_final);
    assert_eq!((&middle.program.run, &middle.program.host), (&last.program.run, &last.program.host));
    let text = fs::read_to_string(ended.work(ALLOCATIONS)).unwrap();
    assert!(text.contains("\"final\": true") && text.contains("\"run\": \""), "{text}");
}

#[test]
fn what_a_killed_program_has_left_is_replaced() {
    let line = "\"$0\" load work middle kill=9; \"$0\" load work; \"$0\" load work middle kill=9; \"$0\" load work";
    assert!(only(&outputs(line).run()).program.is_final);
}

#[test]
fn programs_with_numbered_reports_keep_out_of_each_others_way() {
    let settings = "[reporting]\nevery_seconds = 1\nkeep = 2";
    let line = "\"$0\" load work sleep=3400 & \"$0\" load work sleep=3400 & wait";
    let ended = outputs(line).configured(settings).run();
    let reports = logs(ended.expect_status(0));
    let mut runs: BTreeMap<&str, Vec<(&str, bool)>> = BTreeMap::new();
    for (name, report) in &reports {
        runs.entry(&report.program.run).or_default().push((name, report.program.is_final));
    }
    assert_eq!(runs.len(), 2, "{runs:?}");
    for files in runs.values() {
        assert_eq!(files.len(), 3, "two numbered ones and the last one: {runs:?}");
        let suffix = files[0].0.contains("-2");
        assert!(files.iter().all(|(name, _)| name.contains("-2") == suffix), "one suffix for all: {runs:?}");
        assert_eq!(files.iter().filter(|(_, is_final)| *is_final).count(), 1);
    }
    assert_eq!(ended.files("work/data/logs").len(), 12, "{:?}", ended.files("work/data/logs"));
    // A later run of the same kind begins at 1 again, and takes their places.
    let again = outputs("\"$0\" load work sleep=1400; \"$0\" load work sleep=2400").configured(settings).run();
    let reports = logs(again.expect_status(0));
    assert_eq!(
        names(&reports),
        ["memory_allocations.0001.json", "memory_allocations.0002.json", "memory_allocations.json"]
    );
    assert_eq!(reports.values().map(|report| &report.program.run).collect::<std::collections::BTreeSet<_>>().len(), 1);
}

#[test]
fn containers_with_equal_process_ids_each_leave_a_report() {
    if !may_have_containers() {
        return;
    }
    let one = "unshare --pid --fork --mount-proc \"$0\" load work touch=ready-$i wait=go fork &";
    let line = format!("for i in 1 2 3; do {one} done; for i in 1 2 3; do seen ready-$i; done; touch go; wait");
    let ended = outputs(&line).run();
    let reports = logs(ended.expect_status(0));
    assert_eq!(reports.len(), 6, "{:?}", names(&reports));
    assert!(reports.values().filter(|report| report.program.pid == 1).count() == 3, "{:?}", names(&reports));
    let runs: std::collections::BTreeSet<_> = reports.values().map(|report| &report.program.run).collect();
    assert_eq!(runs.len(), 6);
    // One after the other they replace each other's.
    let one = "unshare --pid --fork --mount-proc \"$0\" load work;";
    let ended = outputs(&one.repeat(3)).run();
    assert_eq!(names(&logs(ended.expect_status(0))), ["memory_allocations.json"]);
}

#[test]
fn so_many_reports_stand_side_by_side_whose_run_nobody_can_judge() {
    if !may_have_containers() {
        return;
    }
    // Each is killed after a report in the middle, in a container of its own. The containers stay: the system reuses
    // the number of one that has gone, and its programs are known to be over.
    let killed = |count: usize| {
        let inside = "\"$0\" load work middle kill=9; : >done-$1; while [ ! -e go ]; do sleep 0.05; done";
        let one = format!("unshare --pid --fork --mount-proc sh -c '{inside}' \"$0\" $i & seen done-$i; sleep 0.02");
        format!("for i in $(seq {count}); do {one}; done")
    };
    let settings = "[reporting]\nkeep = 3";
    let ended = outputs(&format!("{}; touch go; wait", killed(6))).configured(settings).run();
    let reports = logs(ended.expect_status(0));
    assert_eq!(names(&reports), ["memory_allocations-2.json", "memory_allocations-3.json", "memory_allocations.json"]);
    // The latest three are there: the oldest made room each time.
    let mut started: Vec<_> = reports.values().map(|report| report.program.started_at.clone()).collect();
    let newest = reports["memory_allocations-3.json"].program.started_at.clone();
    started.sort();
    assert_eq!(started[2], newest);
    // One that ends in the usual way leaves them, and is replaced by the next.
    let line = format!("{}; \"$0\" load work; \"$0\" load work; touch go; wait", killed(2));
    let ended = outputs(&line).configured(settings).run();
    assert_eq!(logs(ended.expect_status(0)).len(), 3);
}

#[test]
fn profiles_of_one_process_each_leave_a_report() {
    let ended = outputs("exec \"$0\" own=data work finish own=data work work finish own=data work finish").run();
    let reports = reports(ended.expect_status(0), "work/data");
    let expected = ["memory_allocations-2.json", "memory_allocations-3.json", "memory_allocations.json"];
    assert_eq!(names(&reports), expected);
    assert_eq!(ended.files("work/data").len(), 6);
    // As many as `keep` says: ten.
    let line = format!("\"$0\" {}; \"$0\" own=data work finish", "own=data work finish ".repeat(14));
    let ended = outputs(&line).run();
    assert_eq!(ended.expect_status(0).files("work/data").len(), 20);
}

#[test]
fn a_file_that_is_no_report_stays() {
    let ended =
        outputs("\"$0\" load work; \"$0\" load work").file("work/data/logs/memory_allocations.json", "mine").run();
    ended.expect_status(0);
    assert_eq!(fs::read_to_string(ended.work(ALLOCATIONS)).unwrap(), "mine");
    let files = ended.files("work/data/logs");
    assert_eq!(files, ["memory_allocations-2.json", "memory_allocations.json", "memory_leaks-2.txt"]);
    // An empty one holds nothing that could be lost.
    let ended = outputs("exec \"$0\" load work").file("work/data/logs/memory_allocations.json", "").run();
    ended.expect_status(0).expect_report();
}

#[test]
fn a_clock_that_goes_wrong_decides_nothing() {
    let future = "touch -d 2099-01-01 data/logs/*";
    let past = "touch -d 1999-01-01 data/logs/*";
    let ended = outputs(&format!("\"$0\" load work; {future}; \"$0\" load work; {past}; \"$0\" load work")).run();
    only(&ended);
    // Nor where the program ran beside it.
    let line = format!(
        "\"$0\" load work wait=go & \"$0\" load touch=one work; seen data/logs/memory_leaks.txt; {past}; touch go; wait"
    );
    assert_eq!(logs(outputs(&line).run().expect_status(0)).len(), 2);
}

#[test]
fn a_report_is_removed_only_if_it_is_the_one_that_was_written() {
    let settings = "[reporting]\nevery_seconds = 1\nkeep = 1";
    let line = "\"$0\" load work wait=go & seen data/logs/memory_leaks.0001.txt; mv data/logs/memory_allocations.0001.json kept; \
                echo mine >data/logs/memory_allocations.0001.json; echo mine >new; mv new data/logs/memory_leaks.0001.txt; \
                seen data/logs/memory_leaks.0003.txt; touch go; wait";
    let ended = outputs(line).configured(settings).run();
    ended.expect_status(0);
    for name in ["memory_allocations.0001.json", "memory_leaks.0001.txt"] {
        assert_eq!(fs::read_to_string(ended.work("data/logs").join(name)).unwrap(), "mine\n");
    }
    assert!(!ended.work("data/logs/memory_leaks.0002.txt").exists());
}

#[test]
fn numbered_reports_that_fall_back_keep_their_numbers() {
    let settings = "[reporting]\nevery_seconds = 1\nkeep = 2\noutput_dir = '/proc/none'";
    let ended = outputs("exec \"$0\" load work sleep=3400").configured(settings).run();
    let reports = reports(ended.expect_status(0), "tmp");
    assert_eq!(reports.len(), 3, "{:?}", names(&reports));
    for end in ["memory_allocations.0002.json", "memory_allocations.0003.json", "memory_allocations.json"] {
        assert!(
            reports.keys().any(|name| name.starts_with("outputs-") && name.ends_with(end)),
            "{:?}",
            names(&reports)
        );
    }
    assert_eq!(ended.files("tmp").len(), 6);
}

#[test]
fn names_that_are_taken_in_the_temporary_directory_do_not_lose_the_report() {
    // Of every process id there could be one, of the unfinished files that were foreseen there are.
    let line = "cd ../tmp; for i in $(seq 0 1000); do mkdir .memprof-$$-$i.tmp; done; for s in '' -2 -3 -4 -5 -6 -7 -8 -9; do \
                mkdir outputs-$$-memory_allocations$s.json; ln -s /nowhere outputs-$$-memory_leaks$s.txt; done; cd ../work; \
                exec \"$0\" load work";
    let ended = outputs(line).configured("[reporting]\noutput_dir = '/proc/none'").run();
    ended.expect_status(0);
    let files = ended.files("tmp");
    let real: Vec<_> = files.iter().filter(|name| ended.root().join("tmp").join(name).is_file()).collect();
    assert!(
        real.iter().any(|name| name.ends_with(".json")) && real.iter().any(|name| name.ends_with(".txt")),
        "{files:?}"
    );
}

#[test]
fn a_hundred_programs_in_one_folder() {
    let line = "for i in $(seq 100); do \"$0\" load work wait=go & done; sleep 1; touch go; wait; ls data/logs | wc -l >first; \
                for i in $(seq 20); do \"$0\" load work; done";
    let ended = outputs(line).run();
    ended.expect_status(0);
    assert_eq!(fs::read_to_string(ended.work("first")).unwrap(), "300\n");
    let reports = logs(&ended);
    assert_eq!(reports.len(), 100);
    // The twenty that came after each replaced the one before it.
    let pids: std::collections::BTreeSet<_> = reports.values().map(|report| report.program.pid).collect();
    assert_eq!(pids.len(), 100);
    assert_eq!((ended.files("work/data/logs").len(), ended.pages("work/data/logs").len()), (200, 100));
}

#[test]
fn placeholders_name_the_machine() {
    let ended = outputs("exec \"$0\" load work").configured("[reporting]\noutput_dir = 'logs/{host}'").run();
    let report = ended.report(&ended.expect_status(0).work("logs").join(host()).join("memory_allocations.json"));
    assert_eq!(report.program.host, Some(host()));
}

fn host() -> String {
    fs::read_to_string("/proc/sys/kernel/hostname").unwrap().trim().to_owned()
}

#[test]
fn permissions_are_those_that_the_owner_has_given() {
    let mode = |ended: &Ended, path: &str| fs::metadata(ended.root().join(path)).unwrap().permissions().mode() & 0o777;
    // Nobody but the owner writes, whatever the mask allows.
    let ended = outputs("umask 0; exec \"$0\" load work").run();
    ended.expect_status(0).expect_report();
    for (path, expected) in [
        ("work/data", 0o755),
        ("work/data/logs", 0o755),
        ("work/data/logs/memory_allocations.json", 0o644),
        ("work/data/logs/memory_leaks.txt", 0o644),
        ("work/data/logs/.gitignore", 0o644),
    ] {
        assert_eq!(mode(&ended, path), expected, "{path}");
    }
    // A mask holds, and so does what the owner has set since.
    for (mask, chmod, expected) in
        [("077", "true", 0o600), ("022", "chmod 600 data/logs/m*", 0o600), ("077", "chmod 640 data/logs/m*", 0o640)]
    {
        let ended = outputs(&format!("umask {mask}; \"$0\" load work; {chmod}; \"$0\" load work middle work")).run();
        only(&ended);
        for name in ["memory_allocations.json", "memory_leaks.txt"] {
            assert_eq!(mode(&ended, &format!("work/data/logs/{name}")), expected, "{mask} {chmod}");
        }
    }
    // In a folder that anybody may write, nobody else reads them.
    let ended = outputs("umask 0; exec \"$0\" load work").file("work/shared/x", "").mode("work/shared", 0o1777);
    let ended = ended.configured("[reporting]\noutput_dir = 'shared'").run();
    ended.expect_status(0);
    assert_eq!(mode(&ended, "work/shared/memory_allocations.json"), 0o600);
    let elsewhere =
        outputs("exec \"$0\" load work").mode("tmp", 0o1777).configured("[reporting]\noutput_dir = '/proc/a'");
    let ended = elsewhere.run();
    let files = ended.expect_status(0).files("tmp");
    assert!(files.len() == 2 && files.iter().all(|name| mode(&ended, &format!("tmp/{name}")) == 0o600), "{files:?}");
}

#[test]
fn a_program_that_changes_its_root_goes_on_with_its_run() {
    // SAFETY: the call has no preconditions.
    if unsafe { libc::geteuid() } != 0 {
        println!("skipped: root alone may change the root");
        return;
    }
    let ended =
        outputs("\"$0\" load work middle chroot=. middle work").env("MEMPROF_OUTPUT_DIR", "/tmp/.memprof-root").run();
    let _ = fs::remove_dir_all("/tmp/.memprof-root");
    let reports = reports(ended.expect_status(0), "work/tmp/.memprof-root");
    assert_eq!(names(&reports), ["memory_allocations.json"], "{}", ended.stderr);
    let program = &reports["memory_allocations.json"].program;
    assert!(program.is_final && !program.run.starts_with("0-"), "{}", program.run);
}

#[test]
fn nothing_else_is_left_in_the_folder() {
    let line = "\"$0\" load work; \"$0\" load work middle middle work fork; ls -a data/logs >left";
    let ended = outputs(line).run();
    let left = fs::read_to_string(ended.expect_status(0).work("left")).unwrap();
    assert!(!left.contains(".tmp"), "{left}");
}
