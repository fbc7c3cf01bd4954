//! Reports in files: finding, reading and writing them.

use std::fs::{self, File};
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};

use memprof::Report;

use crate::cargo::{BuildOptions, packages};
use crate::failure::{Failure, Outcome};
use crate::runs::{self, Runs};

/// Name of a report in the folder of a run.
pub(crate) const REPORT: &str = "memory_allocations.json";

/// Standard input or output.
pub(crate) const STANDARD: &str = "-";

/// Reads the report in a file, in the folder of a run, or (`-`) on standard input.
pub(crate) fn read(path: &Path) -> Outcome<Report> {
    if path.as_os_str() == STANDARD {
        report(&text(io::stdin(), path)?, path)
    } else {
        read_file(&found(&named(path)?))
    }
}

/// Refuses the rows of tests, where a report of a program is meant.
pub(crate) fn of_program(report: Report, path: &Path) -> Outcome<Report> {
    if report.tests.is_empty() {
        return Ok(report);
    }
    let path = path.display();
    Err(Failure::Said(format!(
        "{path} has the rows of tests: `cargo memprof test --baseline {path}` or `cargo memprof check` compares them"
    )))
}

/// Reads the report in a file.
pub(crate) fn read_file(path: &Path) -> Outcome<Report> {
    report(&text_of_file(path)?, path)
}

fn report(text: &str, path: &Path) -> Outcome<Report> {
    Report::from_json(text).map_err(|error| Failure::Said(format!("{}: {error}", path.display())))
}

/// The folder of the run that is meant, unless there is a file of this name: `latest`, a number, `NAME` of a program,
/// or `NAME/N`.
fn named(path: &Path) -> Outcome<PathBuf> {
    let Some(name) = path.to_str().filter(|_| !path.exists()) else { return Ok(path.to_owned()) };
    if name == runs::LATEST {
        return latest();
    }
    if is_number(name) {
        return run_of(&latest()?.with_file_name(name));
    }
    let (program, number) = name.split_once(['/', '\\']).unwrap_or((name, runs::LATEST));
    let Ok(metadata) = packages(&BuildOptions::default()) else { return Ok(path.to_owned()) };
    let folder = Runs::of(metadata.target_directory.as_std_path(), program).folder().join(number);
    match folder.parent().is_some_and(Path::is_dir) && (number == runs::LATEST || is_number(number)) {
        true => run_of(&folder),
        false => Ok(path.to_owned()),
    }
}

/// True for a text that can only mean a run.
pub(crate) fn is_number(name: &str) -> bool {
    name.parse::<u32>().is_ok()
}

/// The folder of a run that is there.
fn run_of(folder: &Path) -> Outcome<PathBuf> {
    if folder.is_dir() {
        return Ok(folder.to_owned());
    }
    let name = |path: &Path| path.file_name().unwrap_or_default().to_string_lossy().into_owned();
    let program = folder.parent().unwrap_or(folder);
    let runs: Vec<_> = Runs::in_folder(program).all().iter().map(|run| name(run)).collect();
    Err(Failure::Said(format!("there is no run {} of {} ({})", name(folder), name(program), runs.join(", "))))
}

/// The report's file: a run is named by its folder. A program that was killed may have left reports at a limit. Higher
/// numbers than that of the latest one are of an earlier run.
pub(crate) fn found(path: &Path) -> PathBuf {
    if !path.is_dir() {
        return path.to_owned();
    }
    let last = path.join(REPORT);
    let written = |report: &PathBuf| fs::metadata(report).and_then(|report| report.modified()).ok();
    let at_limit = || of_running(path).into_iter().filter(|report| is_at_limit(report)).max_by_key(written);
    if last.exists() { last } else { at_limit().unwrap_or(last) }
}

/// The reports in a folder that programs have written while they ran, in the order of their numbers.
pub(crate) fn of_running(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten().map(|entry| entry.path());
    let mut reports: Vec<_> = entries.filter(|path| is_report(path) && running_number(path).is_some()).collect();
    reports.sort_by_key(|path| running_number(path).map(|(kind, number)| (kind.to_owned(), number)));
    reports
}

/// True for the name of a JSON report.
pub(crate) fn is_report(path: &Path) -> bool {
    let name = path.file_name().and_then(|name| name.to_str());
    name.is_some_and(|name| name.starts_with("memory_allocations") && name.ends_with(".json"))
}

/// Kind and number of a report of a running program: `limit-` and 1 of `memory_allocations.limit-1.json`.
pub(crate) fn running_number(path: &Path) -> Option<(&str, u64)> {
    let (_, mark) = path.file_stem()?.to_str()?.split_once('.')?;
    let (kind, number) = mark.split_at(mark.find(|it: char| it.is_ascii_digit())?);
    Some((kind, number.parse().ok()?))
}

/// True for a report that was written at a limit of the memory.
pub(crate) fn is_at_limit(path: &Path) -> bool {
    running_number(path).is_some_and(|(kind, _)| kind == "limit-")
}

fn text_of_file(path: &Path) -> Outcome<String> {
    let file = File::open(path).map_err(|error| Failure::of_file("read", path, &error))?;
    text(file, path)
}

/// The text of a report. What does not begin like one is not read to its end.
fn text(mut from: impl Read, path: &Path) -> Outcome<String> {
    let cannot = |error: &io::Error| match error.kind() {
        io::ErrorKind::InvalidData => Failure::Said(format!("{}: this is no report: it is not UTF-8", path.display())),
        _ => Failure::of_file("read", path, error),
    };
    let mut start = Vec::new();
    from.by_ref().take(4096).read_to_end(&mut start).map_err(|error| cannot(&error))?;
    // A mark that editors on Windows put before UTF-8.
    if let Some(rest) = start.strip_prefix(b"\xef\xbb\xbf") {
        start = rest.to_vec();
    }
    if start.iter().find(|byte| !byte.is_ascii_whitespace()) != Some(&b'{') {
        let why = if start.is_empty() { "it is empty" } else { "it is not a JSON object" };
        return Err(Failure::Said(format!("{}: this is no report: {why}", path.display())));
    }
    let mut text = String::new();
    start.as_slice().chain(from).read_to_string(&mut text).map_err(|error| cannot(&error))?;
    Ok(text)
}

/// The last run of the package in the working directory.
pub(crate) fn latest() -> Outcome<PathBuf> {
    latest_two().map(|(_, new)| new)
}

/// The last two runs of one program, of the package in the working directory: the older one, if there is one, and the
/// newer one.
pub(crate) fn latest_two() -> Outcome<(Option<PathBuf>, PathBuf)> {
    let metadata = packages(&BuildOptions::default())
        .map_err(|_| Failure::said("there is no package here whose last run could be meant: name a report"))?;
    let names: Vec<_> = metadata
        .workspace_packages()
        .iter()
        .flat_map(|package| &package.targets)
        .filter(|target| target.is_bin() || target.is_example())
        .map(|target| target.name.clone())
        .collect();
    let runs = Runs::newest(metadata.target_directory.as_std_path(), &names).map(|runs| runs.all()).unwrap_or_default();
    match &runs[..] {
        [] => Err(Failure::said("there is no run yet: `cargo memprof run`, or name a report")),
        [new] => Ok((None, new.clone())),
        [.., old, new] => Ok((Some(old.clone()), new.clone())),
    }
}

/// Writes a file, or (`-`) standard output. A file is whole or as it was.
pub(crate) fn write(path: &Path, content: &[u8]) -> Outcome {
    if path.as_os_str() == STANDARD {
        let mut out = io::stdout().lock();
        return Ok(out.write_all(content).and_then(|()| out.flush())?);
    }
    replace(path, content).map_err(|error| {
        // The library of temporary files adds the name of one.
        let error = error.raw_os_error().map_or(error, io::Error::from_raw_os_error);
        Failure::of_file("write", path, &error)
    })
}

fn replace(path: &Path, content: &[u8]) -> io::Result<()> {
    // A pipe or a device.
    if fs::metadata(path).is_ok_and(|present| !present.is_file()) {
        return fs::OpenOptions::new().write(true).open(path)?.write_all(content);
    }
    // What a link names is replaced, not the link.
    let path = fs::canonicalize(path).unwrap_or_else(|_| path.to_owned());
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let mut new = tempfile::Builder::new();
    #[cfg(unix)]
    new.permissions(std::os::unix::fs::PermissionsExt::from_mode(0o666));
    let mut new = new.prefix(".memprof").tempfile_in(folder)?;
    new.write_all(content)?;
    new.persist(&path).map(drop).map_err(|error| error.error)
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, SystemTime};

    use super::*;

    #[test]
    fn a_killed_run_is_its_latest_report_at_a_limit() {
        let folder = tempfile::tempdir().unwrap();
        let write = |name: &str, seconds_ago| {
            let file = File::create(folder.path().join(name)).unwrap();
            file.set_modified(SystemTime::now() - Duration::from_secs(seconds_ago)).unwrap();
        };
        let is_found = |name: &str| assert_eq!(found(folder.path()), folder.path().join(name));
        is_found(REPORT);
        // The run before was killed, too, and wrote more of them.
        write("memory_allocations.limit-1.json", 10);
        write("memory_allocations.limit-2.json", 300);
        write("memory_allocations.0001.json", 5);
        write("memory_allocations.high-1.json", 1);
        is_found("memory_allocations.limit-1.json");
        write("memory_allocations.limit-10.json", 2);
        is_found("memory_allocations.limit-10.json");
        write(REPORT, 400);
        is_found(REPORT);
    }
}
