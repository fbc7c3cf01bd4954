//! `cargo memprof test`.

mod binary;
mod figures;
mod filter;
mod harness;
mod running;
mod selection;
#[cfg(unix)]
mod server;
mod table;

use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::{SystemTime, UNIX_EPOCH};

use cargo_metadata::Metadata;
use clap::Args;
use memprof::Report;
use memprof::report::data::SCHEMA_VERSION;

use self::binary::TestBinaries;
use self::filter::Filter;
use self::harness::Harness;
use self::running::{Chosen, Ended, Mode, Session};
use self::selection::TestOptions;
use self::table::grouped;
use crate::cargo::{self, BuildOptions};
use crate::failure::{Failure, Outcome};
use crate::report_file::{self, REPORT};
use crate::runs::Runs;

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
    /// Options of the test programs: filters, --skip, --exact, --ignored, --include-ignored, --test-threads,
    /// --show-output
    #[arg(last = true, value_name = "ARGS")]
    arguments: Vec<String>,
}

pub(crate) fn run(arguments: &Arguments) -> Outcome<ExitCode> {
    let started = SystemTime::now();
    let filter = Filter::of(arguments.name.as_ref(), &arguments.arguments).unwrap_or_else(|error| error.exit());
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
    let ended = session.run(&chosen, at_once(&filter))?;
    finish(arguments, &metadata, &filter, &chosen, ended, &harness, started)
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

/// Prints the failures and the table, and writes the rows.
fn finish(
    arguments: &Arguments,
    metadata: &Metadata,
    filter: &Filter,
    chosen: &[(Chosen, Mode)],
    ended: Vec<Ended>,
    harness: &Harness,
    started: SystemTime,
) -> Outcome<ExitCode> {
    for end in &ended {
        show(end, filter);
    }
    let mut failed = 0;
    let mut passed = 0;
    let mut report = Report::default();
    let mut without_figures = Vec::new();
    for end in ended {
        match end.row.outcome.as_str() {
            "failed" => failed += 1,
            "passed" => passed += 1,
            _ => {}
        }
        if end.has_figures {
            report.tests.push(end.row);
        } else {
            without_figures.push(end.row.name);
        }
    }
    for (chosen, _) in chosen.iter().filter(|(_, mode)| *mode == Mode::Together) {
        without_figures.retain(|name| *name != chosen.binary.label);
        say_allocator(chosen, metadata.workspace_root.as_std_path());
    }
    if !without_figures.is_empty() {
        let names = without_figures.join("`, `");
        let warning = format!("`{names}`: no row, because the process was killed or left without an exit handler");
        warn(&warning);
        report.warnings.push(warning);
    }
    let measured = !report.tests.is_empty();
    if measured {
        std::io::stdout().lock().write_all(table::table(&report.tests, arguments.all).as_bytes())?;
    }
    let ignored = report.tests.iter().filter(|row| row.outcome == "ignored").count();
    anstream::eprintln!("\n{}", summary(passed, failed, ignored));
    if measured {
        if let Some(taken_off) = taken_off(harness) {
            anstream::eprintln!("{taken_off}");
        }
        let folder = write(&mut report, metadata, started)?;
        let working = std::env::current_dir().unwrap_or_default();
        anstream::eprintln!("reports  {}", folder.strip_prefix(&working).unwrap_or(&folder).display());
    }
    Ok(if failed > 0 { ExitCode::from(101) } else { ExitCode::SUCCESS })
}

/// Shows the output of a test that failed, or of any if that is asked for.
fn show(end: &Ended, filter: &Filter) {
    let Some(status) = end.status else { return };
    if status.success() && !filter.show_output {
        return;
    }
    anstream::eprintln!("---- {} ({status}) ----", end.row.name);
    let mut errors = anstream::stderr().lock();
    let _ = errors.write_all(&end.output);
    let _ = errors.write_all(b"\n");
}

/// Says that the tests of a program have no rows, and what to add.
fn say_allocator(chosen: &Chosen, root: &Path) {
    let Chosen { binary, tests } = chosen;
    let source = binary.source.strip_prefix(root).unwrap_or(&binary.source).display();
    let count = tests.iter().filter(|test| !test.is_ignored).count();
    warn(&format!(
        "`{}`: {count} tests without rows, because memprof's allocator is not the global one; add to {source}:\n\n    \
         #[cfg(test)]\n    #[global_allocator]\n    static ALLOC: memprof::AllocationTracker = \
         memprof::AllocationTracker::system();\n",
        binary.label
    ));
}

fn summary(passed: usize, failed: usize, ignored: usize) -> String {
    let mut text = format!("{} passed", grouped(passed as u64));
    for (count, word) in [(failed, "failed"), (ignored, "ignored")] {
        if count > 0 {
            text.push_str(&format!(", {} {word}", grouped(count as u64)));
        }
    }
    text
}

/// What was taken off each row; `None`: nothing.
fn taken_off(harness: &Harness) -> Option<String> {
    let (bytes, count) = harness.allocated();
    let blocks = if count == 1 { "block" } else { "blocks" };
    (count > 0).then(|| {
        let bytes = grouped(u64::try_from(bytes).unwrap_or(0));
        format!("not counted: what the test harness does around a test, such as {bytes} B in {count} {blocks} after it")
    })
}

/// Writes the rows into the folder of a new run.
fn write(report: &mut Report, metadata: &Metadata, started: SystemTime) -> Outcome<PathBuf> {
    let name = package(metadata);
    report.schema_version = SCHEMA_VERSION;
    report.program.name.clone_from(&name);
    report.program.pid = std::process::id();
    report.program.is_final = true;
    report.program.started_at = rfc3339(started);
    report.program.duration_seconds = started.elapsed().unwrap_or_default().as_secs_f64();
    let runs = Runs::of(metadata.target_directory.as_std_path(), &name);
    let folder = runs.begin()?;
    report_file::write(&folder.join(REPORT), report.to_json().as_bytes())?;
    runs.end(&folder);
    Ok(folder)
}

/// Name of the runs: that of the package, or of the folder of the workspace.
fn package(metadata: &Metadata) -> String {
    let packages = metadata.workspace_packages();
    let name = match packages[..] {
        [package] => Some(package.name.to_string()),
        _ => metadata.root_package().map(|package| package.name.to_string()),
    };
    let name = name.or_else(|| metadata.workspace_root.file_name().map(str::to_owned));
    format!("{}-tests", name.unwrap_or_default())
}

/// A time, in whole seconds.
fn rfc3339(time: SystemTime) -> String {
    let seconds = time.duration_since(UNIX_EPOCH).unwrap_or_default().as_secs();
    let (days, rest) = (seconds / 86_400, seconds % 86_400);
    // Days since 1 March of the year 0: leap days are the last ones of their years.
    let days = days + 719_468;
    let era = days / 146_097;
    let of_era = days % 146_097;
    let year_of_era = (of_era - of_era / 1_460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let month = (5 * of_year + 2) / 153;
    let day = of_year - (153 * month + 2) / 5 + 1;
    let (month, next) = if month < 10 { (month + 3, 0) } else { (month - 9, 1) };
    let year = era * 400 + year_of_era + next;
    format!("{year:04}-{month:02}-{day:02}T{:02}:{:02}:{:02}Z", rest / 3600, rest / 60 % 60, rest % 60)
}

fn warn(text: &str) {
    anstream::eprintln!("\x1b[1m\x1b[33mwarning\x1b[0m: {text}");
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    #[test]
    fn times_are_written_as_others_read_them() {
        let at = |seconds| rfc3339(UNIX_EPOCH + Duration::from_secs(seconds));
        assert_eq!(at(0), "1970-01-01T00:00:00Z");
        assert_eq!(at(951_827_696), "2000-02-29T12:34:56Z");
        assert_eq!(at(1_798_761_599), "2026-12-31T23:59:59Z");
    }

    #[test]
    fn nothing_that_did_not_happen_is_counted() {
        assert_eq!(summary(1_000, 0, 0), "1,000 passed");
        assert_eq!(summary(0, 2, 1), "0 passed, 2 failed, 1 ignored");
    }
}
