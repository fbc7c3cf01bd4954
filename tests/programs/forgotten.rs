//! A program that was to be profiled and is not says so, once, and only if somebody wanted figures.

use super::{Program, program};

const NOT_INSTALLED: &str = "memprof: nothing is counted: the global allocator of this program is not memprof's; put \
                             #[memprof::main] on `fn main`\n";
const NO_PROFILE: &str = "memprof: no report was written: no profile was started; put #[memprof::main] on `fn main`, or call \
                          Profiler::start\n";

fn says(program: Program, expected: &str) {
    let ended = program.run();
    ended.expect_status(0).expect_nothing_written();
    // On Windows the C library's lines end as that system's do.
    assert_eq!((ended.stdout.as_str(), ended.stderr.replace("\r\n", "\n").as_str()), ("8192\n", expected));
}

/// The two programs and what each says.
fn both() -> [(&'static str, &'static str); 2] {
    [("forgotten", NOT_INSTALLED), ("never_started", NO_PROFILE)]
}

/// Without any of memprof's variables.
fn bare(name: &str) -> Program {
    let program = if name == "forgotten" { program!("forgotten") } else { program!("never_started") };
    program.unset("MEMPROF_BACKTRACES")
}

#[test]
fn a_variable_shows_that_figures_were_wanted() {
    for (program, expected) in both() {
        says(bare(program).env("MEMPROF_OUTPUT_DIR", "elsewhere"), expected);
        says(bare(program).env("MEMPROF_ENABLED", "1"), expected);
    }
}

#[test]
#[cfg(target_os = "linux")]
fn the_file_shows_it_also_from_a_folder_beneath() {
    for (program, expected) in both() {
        says(bare(program).configured("[reporting]\nkeep = 2\n"), expected);
        says(bare(program).file("memory_profile.toml", ""), expected);
    }
}

#[test]
fn nothing_is_said_where_nobody_asked() {
    for (program, _) in both() {
        says(bare(program), "");
        says(bare(program).env("MEMPROF_ENABLED", "0").env("MEMPROF_KEEP", "3"), "");
        says(bare(program).configured("[memory_profiling]\nenabled = false\n"), "");
    }
}

#[test]
fn nor_where_a_profile_runs() {
    let ended = program!("plain").env("MEMPROF_KEEP", "3").run();
    ended.expect_status(0).expect_report();
    assert!(!ended.stderr.contains("nothing is counted") && !ended.stderr.contains("no report"), "{}", ended.stderr);
}
