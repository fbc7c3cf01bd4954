//! `cargo memprof test`.

mod binary;
mod figures;
mod filter;
mod harness;
mod results;
mod running;
mod selection;
#[cfg(unix)]
mod server;
pub(super) mod table;

use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::SystemTime;

use cargo_metadata::Metadata;
use clap::Args;
use indicatif::HumanCount;
use memprof::compare::Rules;

use self::binary::TestBinaries;
use self::filter::Filter;
use self::harness::Harness;
use self::results::Results;
use self::running::{Chosen, Mode, Session};
use self::selection::TestOptions;
use super::check;
use crate::cargo::{self, BuildOptions};
use crate::failure::{Failure, Outcome};

/// Status of tests that fail, as that of `cargo test`.
const FAILED: u8 = 101;

/// Run tests, and measure the memory of each.
///
/// Each test runs in a process of its own, so that its threads count: bytes and blocks it allocated, the most that
/// lived at once, and what it kept at its end. What the test harness allocates is taken off. The tests stay as they
/// are; memprof's allocator has to be the global one of the test programs. The rows of the last ten runs stay in
/// target/memprof/PACKAGE-tests.
#[derive(Args)]
pub(crate) struct Arguments {
    /// Run the tests whose names contain this
    #[arg(value_name = "TESTNAME")]
    name: Option<String>,
    #[command(flatten)]
    selection: TestOptions,
    #[command(flatten)]
    build: BuildOptions,
    /// Print the rows of all tests, not of the worst ten alone
    #[arg(long, help_heading = "Options")]
    all: bool,
    /// Compare the rows with those of this report, as `cargo memprof check` does: status 3 if a limit is exceeded
    #[arg(long, value_name = "OLD", help_heading = "Options")]
    baseline: Option<PathBuf>,
    /// A rule of the comparison, in place of the default ones; can be given several times
    #[arg(long, value_name = "RULE", help_heading = "Options")]
    fail_on: Vec<String>,
    /// Make the new rows the baseline
    #[arg(long, requires = "baseline", help_heading = "Options")]
    bless: bool,
    /// Run each test so many times: only figures that repeat are compared with the baseline
    #[arg(long, value_name = "N", default_value = "1", help_heading = "Options")]
    repeat: std::num::NonZeroUsize,
    /// Options of the test programs: filters, --skip, --exact, --ignored, --include-ignored, --test-threads,
    /// --show-output
    #[arg(last = true, value_name = "ARGS")]
    arguments: Vec<String>,
}

pub(crate) fn run(arguments: &Arguments) -> Outcome<ExitCode> {
    let started = SystemTime::now();
    let filter = Filter::of(arguments.name.as_ref(), &arguments.arguments).unwrap_or_else(|error| error.exit());
    let rules = Rules::parse(&arguments.fail_on).map_err(|error| Failure::Usage(format!("--fail-on: {error}")))?;
    if arguments.baseline.is_none() && !arguments.fail_on.is_empty() && !rules.are_absolute() {
        return Err(Failure::Usage("a limit with + needs a baseline: --baseline OLD".to_owned()));
    }
    let metadata = cargo::packages(&arguments.build)?;
    let mut options = vec!["--no-run".into()];
    options.extend(arguments.selection.of_build());
    options.extend(arguments.build.of_build());
    let built = cargo::build("test", &options)?;
    let runner = cargo::runner(&arguments.build)?;
    let found = TestBinaries::of(&built, &metadata, runner.as_ref());
    say_what_is_left_out(&found, &arguments.selection);
    let harness = harness(arguments, &metadata);
    let folder = tempfile::tempdir().map_err(|error| Failure::Said(format!("cannot make a folder: {error}")))?;
    let session = Session { filter: &filter, harness: &harness, folder: folder.path() };
    let mut chosen = Vec::new();
    for binary in found.binaries {
        let tests = binary.tests(&filter)?;
        if !tests.is_empty() {
            let mode = session.mode(&binary)?;
            chosen.push((Chosen { binary, tests }, mode));
        }
    }
    let runs = (0..arguments.repeat.get()).map(|_| Ok(Results::of(session.run(&chosen, at_once(&filter))?, &filter)));
    let mut results = Results::of_all(runs.collect::<Outcome<_>>()?);
    for (chosen, _) in chosen.iter().filter(|(_, mode)| *mode == Mode::Together) {
        results.without_figures.retain(|name| *name != chosen.binary.label);
        say_allocator(chosen, metadata.workspace_root.as_std_path());
    }
    results.print(arguments.all, &harness)?;
    if results.has_rows() {
        let folder = results.write(&metadata, started)?;
        let working = std::env::current_dir().unwrap_or_default();
        anstream::eprintln!("reports  {}", folder.strip_prefix(&working).unwrap_or(&folder).display());
    }
    match &arguments.baseline {
        Some(_) if results.failed > 0 => {
            anstream::eprintln!("not compared with the baseline, because a test failed");
            Ok(ExitCode::from(FAILED))
        }
        None if results.failed > 0 => Ok(ExitCode::from(FAILED)),
        Some(baseline) => check::against(baseline, &results.report, &rules, arguments.bless),
        None if !arguments.fail_on.is_empty() => check::alone(&results.report, &rules),
        None => Ok(ExitCode::SUCCESS),
    }
}

/// The harness of the tests. Without it, its allocations stay in the rows.
fn harness(arguments: &Arguments, metadata: &Metadata) -> Harness {
    let found = Harness::find(&arguments.build, metadata.target_directory.as_std_path());
    found.unwrap_or_else(|failure| {
        let reason = match failure {
            Failure::Said(reason) => reason,
            _ => "an empty test cannot be built".to_owned(),
        };
        warn(&format!("{reason}: the rows have what the test harness allocates, about 10 KB in 5 blocks"));
        Harness::default()
    })
}

/// Number of processes at a time.
fn at_once(filter: &Filter) -> usize {
    let variable = std::env::var("RUST_TEST_THREADS").ok().and_then(|threads| threads.parse().ok());
    let given = filter.test_threads.or(variable);
    given.or_else(|| std::thread::available_parallelism().ok()).map_or(1, usize::from)
}

fn say_what_is_left_out(found: &TestBinaries, selection: &TestOptions) {
    for label in &found.without_harness {
        warn(&format!("`{label}` has `harness = false` and no tests with names: it is not run (`cargo test` does)"));
    }
    if selection.has_doc_tests() && !found.documented.is_empty() {
        let names = found.documented.join("`, `");
        warn(&format!("the tests in the documentation of `{names}` are not run: `cargo test --doc` does"));
    }
}

/// Says that the tests of a program have no rows, and what to add.
fn say_allocator(chosen: &Chosen, root: &Path) {
    let Chosen { binary, tests } = chosen;
    let source = binary.source.strip_prefix(root).unwrap_or(&binary.source).display();
    let tests = match tests.iter().filter(|test| !test.is_ignored).count() {
        1 => "1 test has no row".to_owned(),
        count => format!("{} tests have no rows", HumanCount(count as u64)),
    };
    warn(&format!(
        "`{}`: {tests}, because memprof's allocator is not the global one; add to {source}:\n\n    \
         #[cfg(test)]\n    #[global_allocator]\n    static ALLOC: memprof::AllocationTracker = \
         memprof::AllocationTracker::system();\n",
        binary.label
    ));
}

fn warn(text: &str) {
    anstream::eprintln!("\x1b[1m\x1b[33mwarning\x1b[0m: {text}");
}
