//! `cargo memprof run`.

use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode, ExitStatus, Stdio};

use cargo_metadata::Metadata;
use clap::Args;
use memprof::{Format, compare};

use crate::cargo::{self, BuildOptions, Built, ProfileOptions, Program, ProgramOptions};
use crate::failure::{Failure, Outcome};
use crate::report_file::{self, REPORT};
use crate::runs::{self, Runs};
use crate::{commands, process};

/// Build and run a program, and keep its reports.
///
/// The program has the terminal, and this command ends as the program does. It is built in release mode with line
/// numbers, in a folder of its own (target/memprof-release): `cargo build --release` finds everything as it was.
/// The reports of the last ten runs stay in target/memprof/NAME.
#[derive(Args)]
pub(crate) struct Arguments {
    #[command(flatten)]
    program: ProgramOptions,
    #[command(flatten)]
    profile: ProfileOptions,
    #[command(flatten)]
    build: BuildOptions,
    /// Write the reports into this folder, which has none yet
    #[arg(long, value_name = "FOLDER", help_heading = "Options")]
    output_dir: Option<PathBuf>,
    /// Write the report in this format too; can be given several times
    #[arg(long, value_name = "FORMAT", value_parser = commands::report::format_parser(), help_heading = "Options")]
    format: Vec<Format>,
    /// Run the program N times, without standard input, and note in the report which figures repeat to the byte
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = clap::value_parser!(u32).range(1..), help_heading = "Options")]
    repeat: u32,
    /// Open the page in the browser afterwards
    #[arg(long, help_heading = "Options")]
    open: bool,
    /// Arguments of the program
    #[arg(last = true, value_name = "ARGS")]
    arguments: Vec<OsString>,
}

pub(crate) fn run(arguments: &Arguments) -> Outcome<ExitCode> {
    let metadata = cargo::packages(&arguments.build)?;
    let program = Program::chosen(&arguments.program, &metadata)?;
    let mut options = program.of_build();
    options.extend(arguments.profile.with_line_numbers());
    options.extend(arguments.build.of_build());
    let built = cargo::build("build", &options)?;
    let place = Place::of(arguments, &metadata, &program)?;
    let mut command = command(arguments, &metadata, &program, &built)?;
    let status = run_often(arguments.repeat, &place, &mut command, &arguments.format)?;
    let reports = reports(&place.folder);
    place.end();
    let at_limit: Vec<_> =
        report_file::of_running(&place.folder).into_iter().filter(|it| report_file::is_at_limit(it)).collect();
    if reports.is_empty() && at_limit.is_empty() {
        anstream::eprintln!("{}", without_report(&program, status));
    } else {
        if reports.is_empty() {
            anstream::eprintln!(
                "\nmemprof: `{}` ended by {status}, after it had reached a limit of its memory",
                program.name
            );
        }
        say(&place, &reports, &at_limit);
        if arguments.open {
            open(&place.folder)?;
        }
    }
    Ok(process::end_like(status))
}

/// The folder of the reports.
struct Place {
    folder: PathBuf,
    /// `None` if the user has named the folder.
    runs: Option<Runs>,
}

impl Place {
    fn of(arguments: &Arguments, metadata: &Metadata, program: &Program) -> Outcome<Self> {
        let Some(folder) = &arguments.output_dir else {
            let runs = Runs::of(metadata.target_directory.as_std_path(), &program.name);
            return Ok(Self { folder: runs.begin()?, runs: Some(runs) });
        };
        if !reports(folder).is_empty() || !report_file::of_running(folder).is_empty() {
            let reason = format!("{} has reports already: name another folder, or remove it", folder.display());
            return Err(Failure::Said(reason));
        }
        let cannot = |error| Failure::of_file("make the folder", folder, &error);
        fs::create_dir_all(folder).map_err(cannot)?;
        Ok(Self { folder: folder.canonicalize().map_err(cannot)?, runs: None })
    }

    /// Runs the program, which writes its reports into the folder.
    fn run(&self, command: &mut Command, formats: &[Format]) -> Outcome<ExitStatus> {
        command.env("MEMPROF_OUTPUT_DIR", &self.folder).envs([
            ("MEMPROF_ENABLED", "1"),
            ("MEMPROF_DUMP_ON_EXIT", "1"),
            ("MEMPROF_ALLOCATION_REPORT", REPORT),
            ("MEMPROF_LEAK_REPORT", Format::Leaks.file_name()),
            ("MEMPROF_HTML_REPORT", Format::Html.file_name()),
        ]);
        if !formats.is_empty() {
            let mut names: Vec<_> = [&Format::Html].into_iter().chain(formats).map(|format| format.name()).collect();
            names.retain(|name| ![Format::Table, Format::Leaks].iter().any(|format| format.name() == *name));
            names.sort_unstable();
            names.dedup();
            command.env("MEMPROF_FORMATS", names.join(","));
        }
        let ended = process::run(command);
        let ended = ended.map_err(|error| Failure::of_file("run", Path::new(command.get_program()), &error))?;
        self.name_first(ended.pid)?;
        Ok(ended.status)
    }

    /// Gives the report of the program itself the first name: a program that it started may have ended before it.
    fn name_first(&self, pid: u32) -> Outcome {
        let all = reports(&self.folder);
        let is_its = |path: &&PathBuf| report_file::read(path).is_ok_and(|report| report.program.pid == pid);
        let own = if all.len() > 1 { all.iter().find(is_its) } else { None };
        let Some(mark) = own.and_then(|path| mark(path)) else { return Ok(()) };
        let cannot = |error| Failure::of_file("rename the reports in", &self.folder, &error);
        // All names before any changes: a folder may list a file again under its new one.
        let entries: Vec<_> = fs::read_dir(&self.folder).map_err(cannot)?.flatten().collect();
        for entry in entries {
            let (path, name) = (entry.path(), entry.file_name().to_string_lossy().into_owned());
            let Some((start, end)) = name.split_once(&format!("{mark}.")) else { continue };
            let first = path.with_file_name(format!("{start}.{end}"));
            let other = path.with_extension("swapped");
            if first.exists() {
                fs::rename(&first, &other).map_err(cannot)?;
            }
            fs::rename(&path, &first).map_err(cannot)?;
            if other.exists() {
                fs::rename(&other, &path).map_err(cannot)?;
            }
        }
        Ok(())
    }

    fn end(&self) {
        if let Some(runs) = &self.runs {
            runs.end(&self.folder);
        }
    }
}

/// Runs the program `times` times, or until it fails. The report of the last run then knows which figures repeat.
///
/// All runs write into the same folder, so that they have the same environment; the earlier reports are moved into
/// folders beneath it.
fn run_often(times: u32, place: &Place, command: &mut Command, formats: &[Format]) -> Outcome<ExitStatus> {
    if times > 1 {
        // The first run would read all of it.
        command.stdin(Stdio::null());
    }
    let mut earlier = Vec::new();
    let (mut ran, mut status) = (1, place.run(command, formats)?);
    while ran < times && status.success() {
        earlier.push(moved(&place.folder, ran)?);
        (ran, status) = (ran + 1, place.run(command, formats)?);
    }
    if times > 1 && status.success() {
        note_repeats(&earlier, &place.folder.join(REPORT))?;
    } else if times > 1 {
        anstream::eprintln!("\nstopped after run {ran} of {times} ({status}): no figure is known to repeat");
    }
    Ok(status)
}

/// Moves the files of a run into a folder beneath theirs, and gives it.
fn moved(folder: &Path, number: u32) -> Outcome<PathBuf> {
    let target = folder.join(format!("{}{number}", runs::REPEAT));
    let cannot = |error| Failure::of_file("move the reports into", &target, &error);
    fs::create_dir(&target).map_err(cannot)?;
    for entry in fs::read_dir(folder).map_err(cannot)?.flatten() {
        if entry.file_type().is_ok_and(|kind| kind.is_file()) {
            fs::rename(entry.path(), target.join(entry.file_name())).map_err(cannot)?;
        }
    }
    Ok(target)
}

fn note_repeats(earlier: &[PathBuf], last: &Path) -> Outcome {
    let files: Vec<_> = earlier.iter().map(|folder| folder.join(REPORT)).chain([last.to_owned()]).collect();
    if !files.iter().all(|file| file.exists()) {
        return Ok(());
    }
    let mut reports = files.iter().map(|file| report_file::read(file)).collect::<Outcome<Vec<_>>>()?;
    let repeats = compare::repeats(&reports);
    let Some(mut report) = reports.pop() else { return Ok(()) };
    let all = compare::figures(&report).len();
    anstream::eprintln!("\n{} of {all} figures are the same in all {} runs", repeats.len(), files.len());
    report.repeats = repeats;
    report_file::write(last, format!("{}\n", report.to_json()).as_bytes())
}

/// The program, with the environment that cargo gives to it, under the runner of its target.
fn command(arguments: &Arguments, metadata: &Metadata, program: &Program, built: &Built) -> Outcome<Command> {
    let missing = || Failure::Said(format!("cargo has built no executable of `{}`", program.name));
    let (artifact, executable) = built.executable(program).ok_or_else(missing)?;
    let mut command = match cargo::runner(&arguments.build)? {
        Some(runner) => {
            let mut command = Command::new(runner.path);
            command.args(runner.args).arg(executable);
            command
        }
        None => Command::new(executable),
    };
    command.args(&arguments.arguments).envs(cargo::environment(built, artifact, metadata));
    Ok(command)
}

/// The last reports in a folder: one, or more if the program started others.
fn reports(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten().map(|entry| entry.path());
    let is_last = |path: &PathBuf| report_file::is_report(path) && report_file::running_number(path).is_none();
    let mut reports: Vec<_> = entries.filter(is_last).collect();
    reports.sort();
    reports
}

/// The mark in the name of a report that was not the first: `-2` of `memory_allocations-2.json`.
fn mark(report: &Path) -> Option<String> {
    let stem = report.file_stem()?.to_str()?;
    let mark = stem.strip_prefix(Path::new(REPORT).file_stem()?.to_str()?)?;
    (!mark.is_empty()).then(|| mark.to_owned())
}

fn without_report(program: &Program, status: ExitStatus) -> String {
    let name = &program.name;
    if !program.uses_memprof {
        return format!(
            "memprof: `{name}` wrote no report, because memprof is not in it: `cargo memprof init` adds it"
        );
    }
    if status.success() {
        return format!(
            "memprof: `{name}` wrote no report: put `#[memprof::main]` on its main function, and keep the dependency's \
             feature `profiling`"
        );
    }
    format!(
        "memprof: `{name}` wrote no report: it ended by {status}, or `#[memprof::main]` is not on its main function"
    )
}

/// Prints the folder and the next commands. The program has named the files itself, if they are its only ones.
fn say(place: &Place, reports: &[PathBuf], at_limit: &[PathBuf]) {
    let working = std::env::current_dir().unwrap_or_default();
    let short = |path: &Path| path.strip_prefix(&working).unwrap_or(path).display().to_string();
    anstream::eprintln!("\nreports  {}", short(&place.folder));
    if reports.len() > 1 {
        anstream::eprintln!(
            "         {} are of programs that it started: `cargo memprof merge` adds all up",
            reports.len() - 1
        );
    }
    for report in at_limit {
        anstream::eprintln!("limit    {}", short(report));
    }
    let quoted = |path: String| if path.contains([' ', '\'']) { format!("{path:?}") } else { path };
    let named = if place.runs.is_some() { String::new() } else { format!(" {}", quoted(short(&place.folder))) };
    anstream::eprintln!("look     cargo memprof report{named} --open");
    if place.runs.as_ref().is_some_and(|runs| runs.all().len() > 1) {
        anstream::eprintln!("compare  cargo memprof diff");
    }
}

/// Opens the page; one that the program was told not to write is made.
fn open(folder: &Path) -> Outcome {
    let page = folder.join(Format::Html.file_name());
    if !page.exists() {
        report_file::write(&page, &report_file::read(folder)?.to_format(Format::Html))?;
    }
    commands::report::open(&page)
}
