//! A handler installed before the profile is left alone, or wrapped with its own flags if the key names its signal.

use super::{ALLOCATIONS, Ended, Program, program};

/// Runs the program until its handler was called once.
fn run(program: Program) -> Ended {
    let mut started = program.start();
    started.wait_for("ready");
    // It is in `read` by then.
    std::thread::sleep(std::time::Duration::from_millis(100));
    started.signal(libc::SIGTERM);
    started.end()
}

/// With and without the key.
fn both(how: &str) -> [(Ended, bool); 2] {
    let default = run(program!("handlers").arg(how));
    let wrapped = run(program!("handlers").arg(how).env("MEMPROF_DUMP_ON_SIGNAL", "SIGTERM"));
    [(default, true), (wrapped, false)]
}

fn check(how: &str, blocked: u32, on_stack: u32) {
    for (ended, is_default) in both(how) {
        ended.expect_status(0).expect_report();
        let expected = format!(
            "untouched: {is_default}\nread: -1 Interrupted, called: 1\nblocked: {blocked}, on its stack: {on_stack}\n\
             sender: true\nuntouched at the end: true\n"
        );
        assert_eq!(ended.stdout, expected, "{how}, by default: {is_default}");
    }
}

#[test]
fn a_call_that_is_to_be_interrupted_is_and_the_mask_is_the_handlers() {
    check("plain", 11, 0);
}

#[test]
fn a_handler_that_may_be_called_in_itself_and_one_with_a_stack_of_its_own() {
    check("nodefer", 0, 0);
    check("stack", 1, 1);
}

#[test]
fn a_call_that_is_to_go_on_does() {
    for variables in [None, Some("SIGTERM,SIGUSR1")] {
        let mut program = program!("handlers").arg("restart");
        if let Some(signals) = variables {
            program = program.env("MEMPROF_DUMP_ON_SIGNAL", signals);
        }
        let mut started = program.start();
        started.wait_for("ready");
        std::thread::sleep(std::time::Duration::from_millis(100));
        started.signal(libc::SIGTERM);
        if variables.is_some() {
            started.wait_for(ALLOCATIONS);
        }
        std::thread::sleep(std::time::Duration::from_millis(100));
        assert!(!started.work("first").exists(), "the call goes on");
        started.signal(libc::SIGKILL);
        started.end().expect_signal(libc::SIGKILL);
    }
}

#[test]
fn a_handler_for_one_signal_leaves_the_second_one_to_the_system() {
    for (is_named, is_default) in [(true, false), (false, true)] {
        let mut program = program!("handlers").arg("once");
        if is_named {
            program = program.env("MEMPROF_DUMP_ON_SIGNAL", "SIGTERM");
        }
        let mut started = program.start();
        started.wait_for("ready");
        std::thread::sleep(std::time::Duration::from_millis(100));
        started.signal(libc::SIGTERM);
        started.wait_for("first");
        if is_named {
            // The handler was called, and a report was asked for.
            started.wait_for(super::LEAKS);
        }
        started.signal(libc::SIGTERM);
        let ended = started.end();
        ended.expect_signal(libc::SIGTERM);
        let first = format!("untouched: {is_default}\nread: -1 Interrupted, called: 1\n");
        assert!(ended.stdout.starts_with(&first), "{}", ended.stdout);
        if is_named {
            ended.expect_report();
        } else {
            ended.expect_nothing_written();
        }
    }
}
