//! Formats of a report, opened by the tools that they are for. Without such a tool its test says so and is skipped.

mod dhat;
mod files;
mod pprof;

use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::sync::OnceLock;

use memprof::{Format, Report};
use memprof_tests::program::{ALLOCATIONS, Ended, Program};

/// The names of all formats that are files.
const FORMATS: &str = "html,pprof,dhat,folded,speedscope,csv,markdown,svg";

/// Runs of programs with all formats, each once.
fn runs() -> &'static [(&'static str, Ended)] {
    static RUNS: OnceLock<Vec<(&str, Ended)>> = OnceLock::new();
    RUNS.get_or_init(|| {
        let run = |program: Program| {
            let ended = program.env("MEMPROF_FORMATS", FORMATS).env("MEMPROF_BACKTRACES", "1").run();
            ended.expect_status(0);
            ended
        };
        let leaks = |kind: &str| Program::new(env!("CARGO_BIN_EXE_leaks")).arg(kind);
        let exact = |kind: &str| leaks(kind).env("MEMPROF_OVERHEAD_BUDGET_PERCENT", "0");
        vec![
            ("exact", run(exact("tasks").env("MEMPROF_MAX_TRACKED_ALLOCATIONS", "50000"))),
            ("sampled", run(leaks("cycle").env("MEMPROF_SAMPLE_INTERVAL_BYTES", "4096"))),
            ("without records", run(leaks("recorder").env("MEMPROF_TRACK_ALLOCATIONS", "0"))),
            ("without functions", run(Program::new(env!("CARGO_BIN_EXE_outputs")).arg("load"))),
            ("not installed", run(Program::new(env!("CARGO_BIN_EXE_allocator_none")))),
        ]
    })
}

fn report(ended: &Ended) -> Report {
    ended.report(&ended.work(ALLOCATIONS))
}

/// The reports of all runs, and the one in `tests/golden`.
fn reports() -> Vec<(&'static str, Report)> {
    let golden = std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("golden/memory_allocations.json"));
    let golden = Report::from_json(&golden.unwrap()).unwrap();
    runs().iter().map(|(name, ended)| (*name, report(ended))).chain([("golden", golden)]).collect()
}

/// A report in a format, as a file in a folder of its own.
struct FormatFile {
    folder: tempfile::TempDir,
    path: PathBuf,
}

impl FormatFile {
    fn new(report: &Report, format: Format) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join(format.file_name());
        std::fs::write(&path, report.to_format(format)).unwrap();
        Self { folder, path }
    }
}

/// Runs a tool. `None`: it is not there, which is said.
fn output(command: &mut Command) -> Option<Output> {
    match command.output() {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
            println!("skipped: there is no program {:?}", command.get_program());
            None
        }
        output => Some(output.unwrap()),
    }
}
