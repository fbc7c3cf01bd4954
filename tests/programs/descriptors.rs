//! Pipes that are read slowly, and descriptors that are not what their numbers say.

use std::fs;

use super::{ALLOCATIONS, program};

#[test]
fn a_slow_reader_of_a_pipe_gets_the_whole_report() {
    // The arguments make it larger than a pipe.
    let line = "mkdir -p data/logs; mkfifo data/logs/memory_allocations.json; \
                { while dd bs=16384 count=1 2>/dev/null >part && [ -s part ]; do cat part; sleep 0.1; done; } \
                <data/logs/memory_allocations.json >read & \
                \"$0\" load work sleep=200 touch=$(printf '%0200d' 0) $(printf ' touch=%0240d' $(seq 1 1500)); wait";
    let ended = program!("outputs", line).run();
    ended.expect_status(0);
    let text = fs::read_to_string(ended.work("read")).unwrap();
    assert!(text.len() > 300_000, "{}: {}", text.len(), ended.stderr);
    ended.report(&ended.work("read"));
    assert_eq!(ended.files("tmp"), Vec::<String>::new(), "{}", ended.stderr);
}

#[test]
fn a_reader_that_takes_nothing_for_two_seconds_is_given_up() {
    let line = "mkdir -p data/logs; mkfifo data/logs/memory_allocations.json; sleep 4 <data/logs/memory_allocations.json & \
                \"$0\" load work sleep=200 $(printf ' touch=%0240d' $(seq 1 600))";
    let ended = program!("outputs", line).run();
    ended.expect_status(0);
    assert_eq!(ended.files("tmp").len(), 1, "{}", ended.stderr);
    assert!(ended.stderr.contains("its reader has read nothing for two seconds"), "{}", ended.stderr);
}

#[test]
fn the_programs_own_file_is_not_written_to() {
    for end in ["", "kill=15", "exit"] {
        let line = format!("\"$0\" load work descriptor=2 {}; true", if end == "exit" { "" } else { end });
        let ended = program!("outputs", &line).run();
        ended.expect_status(0);
        assert_eq!(fs::read_to_string(ended.work("mine")).unwrap(), "", "{end}");
        if end.is_empty() {
            ended.report(&ended.work(ALLOCATIONS));
        }
    }
    // Nor where it was there before the profile, and stderr never was.
    for stderr in ["", "2>&-"] {
        let ended = program!("outputs", &format!("exec \"$0\" descriptor=2 load work {stderr}")).run();
        ended.expect_status(0);
        assert_eq!(fs::read_to_string(ended.work("mine")).unwrap(), "", "{stderr}");
        ended.report(&ended.work(ALLOCATIONS));
    }
    // An error of memprof's is none of that file's either.
    let ended = program!("outputs", "exec \"$0\" load work descriptor=2").env("MEMPROF_OUTPUT_DIR", "/proc/a");
    let ended = ended.env("TMPDIR", "/proc/b").run();
    ended.expect_status(0);
    assert_eq!(fs::read_to_string(ended.work("mine")).unwrap(), "");
}

#[test]
fn a_stderr_that_is_a_file_from_the_start_gets_the_table() {
    let ended = program!("outputs", "exec \"$0\" load work 2>said").run();
    ended.expect_status(0);
    assert!(fs::read_to_string(ended.work("said")).unwrap().contains("memprof: allocated "));
}
