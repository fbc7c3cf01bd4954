//! Paths, variables and arguments that a user can give and hardly any does.

use std::ffi::OsString;
use std::os::unix::ffi::OsStringExt;
use std::path::Path;

use super::{ALLOCATIONS, Ended, program};

fn expect_reports_in(ended: &Ended, folder: &Path) {
    ended.expect_status(0);
    ended.report(&folder.join("memory_allocations.json"));
    assert!(folder.join("memory_leaks.txt").exists());
    assert_eq!(ended.files("tmp"), Vec::<String>::new());
    assert_eq!(ended.stdout, "the body ran: 5120\n");
    assert!(!ended.stderr.contains("warning"), "{}", ended.stderr);
}

#[test]
fn a_folder_by_way_of_others() {
    let ended = program!("plain").env("MEMPROF_OUTPUT_DIR", "a/../../b/./c/..").file("work/a/there", "").run();
    expect_reports_in(&ended, &ended.root().join("b"));
    let ended = program!("plain").configured("[reporting]\noutput_dir = '../up'").run();
    expect_reports_in(&ended, &ended.root().join("up"));
}

#[test]
fn a_folder_whose_name_is_not_text() {
    let name = OsString::from_vec(b"not\xfftext".to_vec());
    let ended = program!("plain").env("MEMPROF_OUTPUT_DIR", &name).run();
    let folder = ended.root().join("work").join(&name);
    expect_reports_in(&ended, &folder);
    assert!(ended.stderr.contains("not\u{fffd}text/memory_allocations.json"), "{}", ended.stderr);
}

#[test]
fn a_folder_whose_name_commands_the_terminal() {
    let ended = program!("plain").env("MEMPROF_OUTPUT_DIR", "red\u{1b}[31m\nline").run();
    expect_reports_in(&ended, &ended.work("red\u{1b}[31m\nline"));
    assert!(!ended.stderr.contains('\u{1b}'), "{:?}", ended.stderr);
    assert!(ended.stderr.contains("red\\u{1b}[31m\\nline/memory_allocations.json"), "{}", ended.stderr);
    // Neither does it where nothing can be written.
    let ended = program!("plain")
        .env("MEMPROF_OUTPUT_DIR", "/proc/red\u{1b}[31m\nline")
        .env("TMPDIR", "/proc/blue\u{1b}[34m\nline")
        .run();
    ended.expect_status(0);
    assert!(!ended.stderr.contains('\u{1b}'), "{:?}", ended.stderr);
    let said = ended.stderr.lines().filter(|line| line.contains("red") || line.contains("blue")).count();
    assert_eq!(said, 1, "{}", ended.stderr);
}

#[test]
fn names_that_are_too_long() {
    let long = "x".repeat(4000);
    for output_dir in [long.clone(), "y/".repeat(2500)] {
        let ended = program!("plain").env("MEMPROF_OUTPUT_DIR", output_dir).run();
        ended.expect_status(0);
        assert_eq!(ended.files("tmp").len(), 2, "{}", ended.stderr);
        assert_eq!(ended.stderr.matches("File name too long").count(), 3, "{}", ended.stderr);
    }
    let ended = program!("plain").env("MEMPROF_LEAK_REPORT", &long).run();
    ended.expect_status(0);
    assert_eq!((ended.files("tmp").len(), ended.files("work")), (1, vec![ALLOCATIONS.to_owned()]), "{}", ended.stderr);
    let ended = program!("plain").env("MEMPROF_CONFIG", &long).run();
    ended.expect_status(2).expect_nothing_written();
    assert!(ended.stderr.contains("File name too long") && ended.stderr.len() < 400, "{}", ended.stderr);
}

#[test]
fn links_that_lead_nowhere() {
    for target in ["memory_allocations.json", "../../gone/file.json"] {
        let ended = program!("plain").link("work/data/logs/memory_allocations.json", target).run();
        ended.expect_status(0).expect_report();
    }
    let ended = program!("plain").link("work/memory_profile.toml", "memory_profile.toml").run();
    ended.expect_status(2).expect_nothing_written();
    assert!(ended.stderr.starts_with("cannot read the configuration "), "{}", ended.stderr);
    assert_eq!(ended.stderr.lines().count(), 1, "{}", ended.stderr);
}

#[test]
fn folders_in_place_of_files() {
    let ended = program!("plain").file("work/data/logs/memory_allocations.json/mine", "mine").run();
    ended.expect_status(0);
    assert_eq!(ended.files("tmp").len(), 1, "{}", ended.stderr);
    assert_eq!(ended.stderr.matches("this is a directory").count(), 1, "{}", ended.stderr);
    let ended = program!("plain").file("work/memory_profile.toml/mine", "mine").run();
    ended.expect_status(2);
    assert_eq!((ended.tables(), ended.stderr.lines().count()), (0, 1), "{}", ended.stderr);
    assert!(ended.stderr.starts_with("cannot read the configuration "), "{}", ended.stderr);
    assert!(ended.stderr.contains("memory_profile.toml: Is a directory"), "{}", ended.stderr);
}

#[test]
fn variables_that_are_not_text() {
    let odd = |bytes: &[u8]| OsString::from_vec(bytes.to_vec());
    for (name, value, said) in [
        ("MEMPROF_ENABLED", odd(b"tr\xffue"), "MEMPROF_ENABLED: must be true, false, 1 or 0; found `tr\u{fffd}ue`"),
        ("MEMPROF_KEEP", odd(b"1e99 GiB"), "MEMPROF_KEEP: must be a whole number from 1 to 1000000; found `1e99 GiB`"),
        ("MEMPROF_KEEP", odd(b"-1"), "MEMPROF_KEEP: must be a whole number from 1 to 1000000; found `-1`"),
        ("MEMPROF_KEEP", odd(b"NaN"), "MEMPROF_KEEP: must be a whole number from 1 to 1000000; found `NaN`"),
        ("MEMPROF_IGNORE", odd(b"a\xff"), "MEMPROF_IGNORE: must be text in UTF-8"),
        ("MEMPROF_LEAK_REPORT", odd(b"../x\xff"), "MEMPROF_LEAK_REPORT: must be a file name without a folder; found"),
        ("MEMPROF_CONFIG", odd(b"no\xffwhere"), "MEMPROF_CONFIG: cannot read `no\u{fffd}where`: "),
    ] {
        let ended = program!("plain").env(name, value).run();
        ended.expect_status(2).expect_nothing_written();
        assert!(ended.stderr.starts_with(said) && ended.stderr.lines().count() == 1, "{}", ended.stderr);
    }
    // One whose name is not text is none of memprof's, and said to be.
    let line = "exec env \"$(printf 'MEMPROF_\\377=1')\" \"$(printf 'X\\377=1')\" \"$0\"";
    let report = program!("plain", line).run().expect_status(0).expect_report();
    assert!(report.warnings.iter().any(|text| text.contains("`MEMPROF_\u{fffd}`")), "{:?}", report.warnings);
    assert_eq!(report.warnings.len(), 1, "{:?}", report.warnings);
}

#[test]
fn a_working_directory_that_is_gone() {
    let ended = program!("plain", "mkdir gone; cd gone; rmdir ../gone; exec \"$0\"").run();
    ended.expect_status(0);
    assert_eq!(ended.tables(), 1);
    assert_eq!(ended.files("tmp").len(), 2, "{}", ended.stderr);
    assert!(ended.stderr.contains("the working directory is not known"), "{}", ended.stderr);
}

#[test]
fn a_pipe_in_place_of_the_configuration() {
    let written =
        "mkfifo pipe; (printf '[reporting]\\noutput_dir = \"piped\"\\n' >pipe &) ; MEMPROF_CONFIG=pipe exec \"$0\"";
    program!("plain", written).run().expect_status(2).expect_nothing_written();
    // A device is read as a file is: an empty one stands for the defaults.
    let ended = program!("plain").env("MEMPROF_CONFIG", "/dev/null").run();
    expect_reports_in(&ended, &ended.work("data/logs"));
    // Nobody writes to it: the program does not wait.
    let ended = program!("plain", "mkfifo memory_profile.toml; exec \"$0\"").run();
    ended.expect_status(2).expect_nothing_written();
    assert!(ended.stderr.starts_with("cannot read the configuration "), "{}", ended.stderr);
    assert!(ended.stderr.ends_with(": it is a pipe; a configuration is read from a file\n"), "{}", ended.stderr);
    assert_eq!(ended.stderr.lines().count(), 1, "{}", ended.stderr);
}
