//! A library containing memprof that a C program loads and unloads: the program's status is the same as without it.
#![allow(missing_docs)]
#![cfg(all(target_os = "linux", target_env = "gnu"))]

use memprof_tests::function;
use memprof_tests::program::{Ended, Program};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;
use tempfile::TempDir;

/// The program, compiled once.
fn host() -> &'static Path {
    static HOST: OnceLock<(TempDir, PathBuf)> = OnceLock::new();
    let (_, host) = HOST.get_or_init(|| {
        let folder = tempfile::tempdir().unwrap();
        let host = folder.path().join("host");
        let source = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/host.c");
        let compiler = std::env::var_os("CC").unwrap_or_else(|| "cc".into());
        let built = Command::new(compiler).arg("-o").arg(&host).args([source, "-pthread", "-ldl"]).output().unwrap();
        assert!(built.status.success(), "{}", String::from_utf8_lossy(&built.stderr));
        (folder, host)
    });
    host
}

/// The library, which cargo has put beside this test.
fn library() -> PathBuf {
    std::env::current_exe().unwrap().with_file_name("libmemprof_plugin.so")
}

fn start(mode: &str) -> Program {
    Program::new(host().to_str().unwrap()).arg(library()).arg(mode)
}

/// Without a profile nothing says that figures are wanted.
fn run(mode: &str) -> Ended {
    let program = start(mode);
    if mode.contains("profile") { program } else { program.unset("MEMPROF_BACKTRACES") }.run()
}

/// The blocks that the library has kept, by the report.
#[track_caller]
fn kept(ended: &Ended) -> u64 {
    let report = ended.expect_report();
    let work = function(&report, "memprof_plugin::plugin_work");
    assert_eq!(work.self_net_bytes, work.calls as i64 * 1000, "{}", ended.stderr);
    work.calls
}

/// Every process that `exit` ends says so, with memprof and without.
fn byes(mode: &str) -> &'static str {
    if mode.contains("fork") { "bye\nbye\n" } else { "bye\n" }
}

#[test]
fn threads_that_have_allocated_end_after_the_library_was_unloaded() {
    for mode in ["plain", "destructor", "late", "again", "fork", "value", "own thread", "late destructor again value"] {
        let ended = run(mode);
        ended.expect_status(5).expect_nothing_written();
        assert_eq!((ended.stdout.as_str(), ended.stderr.as_str()), (byes(mode), ""), "{mode}");
    }
}

#[test]
fn a_profile_goes_on_and_its_report_is_written_at_the_end() {
    // What a destructor of the program's does after memprof has seen the end of the thread is in no function.
    for (mode, calls) in
        [("profile", 8), ("profile destructor", 16), ("profile late again", 8), ("profile own thread", 9)]
    {
        let ended = run(mode);
        assert_eq!(kept(ended.expect_status(5)), calls, "{mode}");
        assert_eq!(ended.stdout, "bye\n");
    }
    let ended = run("profile signal");
    assert_eq!((kept(ended.expect_signal(15)), ended.stdout.as_str()), (8, ""));
    let ended = run("profile abort");
    assert_eq!((kept(ended.expect_signal(6)), ended.stdout.as_str()), (8, ""));
}

#[test]
fn forked_children_leave_their_own_report() {
    let ended = run("profile fork");
    ended.expect_status(5);
    assert_eq!(ended.files("work/data/logs").len(), 4, "{}", ended.stderr);
    assert_eq!(ended.stdout, "bye\nbye\n");
}

#[test]
fn numbered_reports_go_on() {
    let ended = start("profile running").env("MEMPROF_EVERY_SECONDS", "1").run();
    ended.expect_status(5);
    let files = ended.files("work/data/logs");
    assert!(files.iter().any(|file| file == "memory_allocations.0002.json"), "{files:?}");
}

#[test]
fn many_threads_load_and_unload_it_at_once() {
    for mode in ["together", "together keys"] {
        let ended = run(mode);
        ended.expect_status(5).expect_nothing_written();
        assert_eq!((ended.stdout.as_str(), ended.stderr.as_str()), ("bye\n", ""));
    }
}

#[test]
fn a_program_that_has_taken_all_keys() {
    let ended = run("keys destructor");
    ended.expect_status(5).expect_nothing_written();
    let ended = run("profile keys destructor");
    assert_eq!(kept(ended.expect_status(5)), 16);
}

/// A namespace of its own has a C library of its own, whose keys, handlers and threads the program's does not know.
#[test]
fn a_library_in_a_namespace_of_its_own() {
    for mode in ["dlmopen", "dlmopen value", "dlmopen destructor", "dlmopen fork", "dlmopen own thread"] {
        let ended = run(mode);
        ended.expect_status(5).expect_nothing_written();
        assert_eq!((ended.stdout.as_str(), ended.stderr.as_str()), (byes(mode), ""), "{mode}");
    }
    for mode in ["dlmopen profile", "dlmopen profile value"] {
        assert_eq!(kept(run(mode).expect_status(5)), 8, "{mode}");
    }
}

#[test]
fn where_figures_were_wanted_and_no_profile_was_started_one_line_says_so() {
    let ended = start("plain").run();
    ended.expect_status(5).expect_nothing_written();
    assert!(ended.stderr.starts_with("memprof: no report was written: no profile was started"), "{}", ended.stderr);
    assert_eq!(ended.stderr.lines().count(), 1, "{}", ended.stderr);
}

#[test]
fn two_copies_of_it_at_once() {
    let folder = tempfile::tempdir().unwrap();
    let copy = folder.path().join("copy.so");
    std::fs::copy(library(), &copy).unwrap();
    let second = |mode: &str| start(mode).env("SECOND", &copy);
    let ended = second("second late destructor").unset("MEMPROF_BACKTRACES").run();
    ended.expect_status(5).expect_nothing_written();
    assert_eq!((ended.stdout.as_str(), ended.stderr.as_str()), ("bye\n", ""));
    // Each has a profile, and a report.
    let ended = second("profile second").env("MEMPROF_OUTPUT_DIR", "data/{time}").run();
    ended.expect_status(5);
    assert_eq!(ended.tables(), 2, "{}", ended.stderr);
    for signal in ["signal", "abort"] {
        let ended = second(&format!("profile second {signal}")).run();
        ended.expect_signal(if signal == "abort" { 6 } else { 15 });
    }
}

#[test]
fn a_library_that_another_one_brings_or_that_is_there_from_the_start_or_whose_file_is_gone() {
    // A library in C that needs it.
    let folder = tempfile::tempdir().unwrap();
    let wrapper = folder.path().join("libwrapper.so");
    let compiler = std::env::var_os("CC").unwrap_or_else(|| "cc".into());
    let rpath = format!("-Wl,-rpath,{}", library().parent().unwrap().display());
    let mut command = Command::new(compiler);
    let built = command.args(["-shared", "-Wl,--no-as-needed", "-x", "c", "/dev/null", "-x", "none"]);
    let built = built.arg(library()).arg(rpath).arg("-o").arg(&wrapper).output().unwrap();
    assert!(built.status.success(), "{}", String::from_utf8_lossy(&built.stderr));
    let of = |library: &Path, mode: &str| Program::new(host().to_str().unwrap()).arg(library).arg(mode);
    assert_eq!(kept(of(&wrapper, "profile late").run().expect_status(5)), 8);
    let ended = of(&wrapper, "late destructor again").unset("MEMPROF_BACKTRACES").run();
    assert_eq!(ended.expect_status(5).stderr, "");

    assert_eq!(kept(start("profile again").env("LD_PRELOAD", library()).run().expect_status(5)), 8);

    let copy = folder.path().join("gone.so");
    for mode in ["deleted late destructor", "profile deleted late"] {
        std::fs::copy(library(), &copy).unwrap();
        let ended = of(&copy, mode).env("MEMPROF_BACKTRACES", "1").run();
        ended.expect_status(5);
        assert_eq!(ended.stdout, "bye\n");
    }
}
