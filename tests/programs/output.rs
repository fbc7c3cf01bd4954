//! Reports that cannot be where they should be, and streams that nobody reads.

use std::os::unix::ffi::OsStringExt;
use std::process::{Command, Stdio};

use super::{ALLOCATIONS, Ended, LEAKS, Program, program};

/// The reports in the temporary directory, which stderr must name.
fn expect_fallback(ended: &Ended, reports: &[&str]) {
    let found = ended.files("tmp");
    assert_eq!(found.len(), reports.len(), "{found:?}: {}", ended.stderr);
    for report in reports {
        let name = found.iter().find(|name| name.ends_with(report)).unwrap_or_else(|| panic!("{found:?}"));
        assert!(name.starts_with("plain-"), "{name}");
        let path = ended.root().join("tmp").join(name);
        assert!(ended.stderr.contains(path.to_str().unwrap()), "{}", ended.stderr);
        if name.ends_with(".json") {
            ended.report(&path);
        }
    }
    assert_eq!(ended.stdout, "the body ran: 5120\n");
}

const BOTH: [&str; 2] = ["memory_allocations.json", "memory_leaks.txt"];

#[test]
fn a_directory_that_cannot_be() {
    for program in [
        program!("plain").env("MEMPROF_OUTPUT_DIR", "/proc/no/such"),
        program!("plain").env("MEMPROF_OUTPUT_DIR", "/dev/null"),
        program!("plain").file("work/data/logs", "a file where the folder should be"),
        program!("plain").file("work/data", "a file where the folder should be"),
        program!("plain").link("work/data", "data"),
    ] {
        let ended = program.run();
        ended.expect_status(0);
        expect_fallback(&ended, &BOTH);
    }
}

#[test]
fn the_status_stays_when_the_reports_go_elsewhere() {
    let ended = program!("ends").arg("exit deep down").env("MEMPROF_OUTPUT_DIR", "/proc/no/such").run();
    ended.expect_status(7);
    assert_eq!(ended.files("tmp").len(), 2, "{}", ended.stderr);
}

#[test]
fn a_full_disk() {
    // Every write to it fails as on a full disk.
    let ended = program!("plain").link("work/data/logs/memory_allocations.json", "/dev/full").run();
    ended.expect_status(0);
    expect_fallback(&ended, &BOTH[..1]);
    assert!(ended.work(LEAKS).exists());
    assert!(ended.stderr.contains("No space left"), "{}", ended.stderr);
}

#[test]
fn a_disk_that_fills_up_while_the_report_is_written() {
    let mounted = "mkdir -p data && mount -t tmpfs -o size=4k memprof data";
    let may_mount = Command::new("unshare")
        .args([
            "--mount",
            "sh",
            "-c",
            "d=$(mktemp -d) && mount -t tmpfs memprof \"$d\" && umount \"$d\"; s=$?; rmdir \"$d\"; exit $s",
        ])
        .stderr(Stdio::null())
        .status()
        .is_ok_and(|status| status.success());
    if !may_mount {
        println!("skipped: this user may not mount a file system");
        return;
    }
    let line = format!("exec unshare --mount sh -c '{mounted} && \"$0\"; s=$?; ls -A data/logs >left; exit $s' \"$0\"");
    let ended = program!("plain", &line).run();
    ended.expect_status(0);
    assert!(!ended.files("tmp").is_empty(), "{}", ended.stderr);
    assert!(ended.stderr.contains("No space left"), "{}", ended.stderr);
    let left = std::fs::read_to_string(ended.work("left")).unwrap();
    assert!(!left.contains(".tmp") && !left.contains("memory_allocations.json"), "half a report stayed: {left}");
}

#[test]
fn nowhere_to_write_at_all() {
    let ended = program!("plain").env("MEMPROF_OUTPUT_DIR", "/proc/a").env("TMPDIR", "/proc/b").run();
    ended.expect_status(0);
    assert_eq!((ended.files(""), ended.tables()), (vec![], 1), "the table is all there is: {}", ended.stderr);
    assert!(ended.stderr.contains("/proc/a") && ended.stderr.contains("/proc/b"), "{}", ended.stderr);
    program!("ends").arg("exit").env("MEMPROF_OUTPUT_DIR", "/proc/a").env("TMPDIR", "/proc/b").run().expect_status(7);
}

#[test]
fn streams_that_are_closed_or_full() {
    for streams in ["2>&-", ">&-", ">&- 2>&-", "<&- >&- 2>&-", "2>/dev/full", ">/dev/full 2>/dev/full"] {
        let line = |rest: &str| format!("exec \"$0\" \"$@\" {rest} {streams}");
        let ended = program!("plain", &line("")).run();
        ended.expect_status(0);
        ended.report(&ended.work(ALLOCATIONS));
        assert_eq!(ended.files("work").len(), 2, "{streams}");
        program!("ends", &line("'exit deep down'")).run().expect_status(7);
        program!("plain", &line("")).configured("[wrong]").run().expect_status(2);
    }
}

#[test]
fn a_reader_that_does_not_read() {
    // The pipe is full, and stays open.
    let full = "mkfifo p && exec 3<>p && dd if=/dev/zero bs=4096 count=16 of=p 2>&1 && exec \"$0\" \"$@\" 2>p";
    let ended = program!("plain", full).run();
    ended.expect_status(0);
    ended.report(&ended.work(ALLOCATIONS));
    let mut started = program!("signals", full).arg("wait").env("MEMPROF_DUMP_ON_SIGNAL", "SIGTERM").start();
    started.wait_for("ready");
    started.signal(libc::SIGTERM);
    let ended = started.end();
    ended.expect_signal(libc::SIGTERM);
    ended.report(&ended.work(ALLOCATIONS));
}

#[test]
fn a_reader_that_goes_away() {
    // Rust programs ignore SIGPIPE; the status is that of the program, not of the reader.
    let ended = program!("plain", "{ \"$0\" 2>&1; echo $? >status; } | true").run();
    assert_eq!(std::fs::read_to_string(ended.work("status")).unwrap(), "0\n");
    ended.report(&ended.work(ALLOCATIONS));
}

#[test]
fn no_colour_where_there_is_no_terminal() {
    let ended = program!("plain").env("TERM", "xterm-256color").run();
    ended.expect_report();
    assert!(!ended.stderr.contains('\u{1b}'), "{:?}", ended.stderr);
}

/// The program with a terminal of 80 columns as its stderr, or `None` where there is none to be had.
fn on_a_terminal(no_colour: bool) -> Option<Ended> {
    let there = Command::new("script").arg("--version").stdout(Stdio::null()).status();
    if !there.is_ok_and(|status| status.success()) {
        println!("skipped: there is no program `script`, which makes terminals");
        return None;
    }
    // `script` shows on its stdout what the program wrote to the terminal.
    let line = "P=\"$0\" exec script -qec 'stty cols 80 rows 24; exec \"$P\"' /dev/null";
    let program = program!("plain", line).env("TERM", "xterm-256color");
    let ended = if no_colour { program.env("NO_COLOR", "1") } else { program }.run();
    ended.expect_status(0);
    assert!(ended.work(ALLOCATIONS).exists());
    Some(ended)
}

#[test]
fn a_terminal_gets_colours_and_lines_that_fit() {
    let Some(ended) = on_a_terminal(false) else { return };
    assert!(ended.stdout.contains('\u{1b}'), "{:?}", ended.stdout);
    let table = ended.stdout.lines().map(without_colours).skip_while(|line| !line.starts_with("memprof: allocated"));
    // Paths stay whole, so that they can be copied.
    let table: Vec<String> = table.take_while(|line| !line.starts_with("all figures:")).collect();
    assert!(table.len() > 10 && table.iter().any(|line| line.contains("plain::keep")), "{}", ended.stdout);
    for line in table {
        assert!(line.chars().count() <= 80, "{line}");
    }
}

#[test]
fn a_terminal_without_colours_if_the_user_wants_none() {
    let Some(ended) = on_a_terminal(true) else { return };
    assert!(ended.stdout.contains("memprof: allocated") && !ended.stdout.contains('\u{1b}'), "{:?}", ended.stdout);
}

/// The line without its escape codes, which end with an `m`.
fn without_colours(line: &str) -> String {
    let mut parts = line.trim_end().split('\u{1b}');
    let first = parts.next().unwrap_or_default().to_owned();
    parts.fold(first, |text, part| text + part.split_once('m').map_or("", |(_, rest)| rest))
}

#[test]
fn any_argument_is_reported() {
    let long = "ä".repeat(4000);
    let program: Program =
        program!("plain").arg(std::ffi::OsString::from_vec(vec![b'a', 0xff, b'z'])).arg(&long).arg("\n\u{1b}[31m");
    let ended = program.run();
    let report = ended.expect_status(0).expect_report();
    assert_eq!(report.program.args, ["a\u{fffd}z", &long, "\n\u{1b}[31m"]);
    assert!(!ended.stderr.contains('\u{1b}'));
}

#[test]
fn a_program_whose_file_is_gone() {
    if let Some(runner) = std::env::var_os(memprof_tests::program::RUNNER) {
        println!("skipped: what runs is the file of {}", runner.display());
        return;
    }
    let ended = program!("plain", "cp \"$0\" gone; exec ./gone").run();
    let name = |ended: &Ended| ended.report(&ended.work(ALLOCATIONS)).program.name;
    assert_eq!(name(&ended), "gone");
}

#[test]
fn a_folder_that_memprof_makes_is_ignored_by_git() {
    let ended = program!("plain").run();
    ended.expect_status(0).expect_report();
    assert_eq!(std::fs::read_to_string(ended.work("data/logs/.gitignore")).unwrap(), "*\n");
    let other = program!("plain").file("work/mine/kept", "").env("MEMPROF_OUTPUT_DIR", "mine").run();
    other.expect_status(0);
    assert!(other.work("mine/memory_leaks.txt").exists() && !other.work("mine/.gitignore").exists());
}
