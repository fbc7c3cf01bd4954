//! A system that refuses a resource of the report: permissions, descriptors, the size of files, a reader. The program
//! ends as it would without memprof, and each file that could not be written is reported once.

use std::fs;

use super::{ALLOCATIONS, Program, program};

const BOTH: [&str; 2] = ["memory_allocations.json", "memory_leaks.txt"];

/// `plain`, run as nobody; `None`, with the reason, where nobody may not run it.
fn as_nobody() -> Option<Program> {
    let mut program = program!("plain").as_nobody();
    if program.can_start() {
        return Some(program);
    }
    println!("skipped: the user nobody may not run {}", env!("CARGO_BIN_EXE_plain"));
    None
}

#[test]
fn a_folder_that_may_not_be_written() {
    for output_dir in ["data/logs", "."] {
        let Some(program) = as_nobody() else { return };
        let ended = program.env("MEMPROF_OUTPUT_DIR", output_dir).run();
        ended.expect_status(0);
        assert_eq!(ended.stdout, "the body ran: 5120\n");
        let found = ended.files("tmp");
        assert!(
            found.len() == 2 && BOTH.iter().all(|name| found.iter().any(|found| found.ends_with(name))),
            "{found:?}"
        );
        assert_eq!(ended.files("work"), Vec::<String>::new());
        for name in found.iter().chain(&ended.pages("tmp")) {
            let place = ended.root().join("tmp").join(name);
            assert_eq!(ended.stderr.matches(&format!("written to {}", place.display())).count(), 1, "{}", ended.stderr);
        }
        assert_eq!(ended.stderr.matches("Permission denied").count(), 3, "{}", ended.stderr);
    }
}

#[test]
fn no_folder_may_be_written() {
    let Some(program) = as_nobody() else { return };
    let ended = program.mode("tmp", 0o755).run();
    ended.expect_status(0);
    assert_eq!((ended.files("").len(), ended.tables()), (0, 1), "{}", ended.stderr);
    let said = ended.stderr.lines().filter(|line| line.starts_with("memprof: cannot write the report ")).count();
    assert_eq!(said, 1, "{}", ended.stderr);
    assert_eq!(ended.stdout, "the body ran: 5120\n");
}

#[test]
fn a_report_that_may_not_be_replaced_by_its_reader() {
    let Some(program) = as_nobody() else { return };
    let program = program.file("work/data/logs/memory_allocations.json", "root's").mode("work/data/logs", 0o755);
    let ended = program.run();
    ended.expect_status(0);
    assert_eq!(fs::read_to_string(ended.work(ALLOCATIONS)).unwrap(), "root's");
    assert_eq!(ended.files("tmp").len(), 2, "{}", ended.stderr);
}

#[test]
fn a_configuration_that_may_not_be_read() {
    let Some(program) = as_nobody() else { return };
    let ended = program.configured("").mode("work/memory_profile.toml", 0o000).run();
    ended.expect_status(2).expect_nothing_written();
    assert_eq!((ended.stderr.lines().count(), ended.stdout.as_str()), (1, ""), "{}", ended.stderr);
    assert!(ended.stderr.starts_with("cannot read the configuration "), "{}", ended.stderr);
    assert!(ended.stderr.contains("memory_profile.toml: Permission denied"), "{}", ended.stderr);
}

#[test]
fn no_file_can_be_opened() {
    let ended = program!("ends").arg("no descriptors").run();
    ended.expect_status(0);
    assert_eq!((ended.files("").len(), ended.tables()), (0, 1), "{}", ended.stderr);
    let said: Vec<&str> = ended.stderr.lines().filter(|line| line.starts_with("memprof: cannot")).collect();
    assert!(said.len() == 1 && said[0].contains("Too many open files"), "{}", ended.stderr);
}

#[test]
fn a_limit_for_the_size_of_files() {
    // The system ends a program that writes beyond it, unless the signal is held back. The reader's file has no limit.
    let line = "{ (ulimit -f 1; \"$0\"); echo \"status $?\"; } 2>&1 | cat >all";
    let ended = program!("plain", line).run();
    let all = fs::read_to_string(ended.work("all")).unwrap();
    assert!(all.ends_with("status 0\n"), "{all}");
    assert!(all.contains("memprof: allocated ") && all.contains("File too large"), "{all}");
    assert!(ended.files("tmp").is_empty(), "half a report stayed: {:?}", ended.files("tmp"));
    assert!(ended.files("work/data").is_empty(), "half a report stayed: {:?}", ended.files("work/data"));
}

#[test]
fn nobody_reads_stderr_and_the_program_has_not_ignored_the_signal() {
    let ended = program!("ends").arg("stderr without a reader").run();
    ended.expect_status(0);
    ended.report(&ended.work(ALLOCATIONS));
    assert_eq!(ended.stderr, "");
    // Nor where it is an error that nobody reads.
    let nowhere = program!("ends").env("MEMPROF_OUTPUT_DIR", "/proc/a").env("TMPDIR", "/proc/b");
    nowhere.arg("stderr without a reader").run().expect_status(0);
}
