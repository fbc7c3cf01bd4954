//! The report files: whole under their names or not there, and in the temporary directory if nothing else works.

use std::fs::{self, File};
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};

use super::Written;
use super::data::Report;
use super::name::printable;
use super::unfinished::Unfinished;
use super::{leaks, placeholder};
use crate::Error;

/// What writes the contents of one file.
type Contents<'a> = &'a dyn Fn(&mut dyn Write) -> io::Result<()>;

/// The file name and the text of the allocator's own statistics.
pub(crate) type Statistics<'a> = (&'a Path, &'a [u8]);

/// Writes both reports, and the allocator's statistics if there are any, into `dir`, which is made if it is not there; file
/// names that are absolute stand as they are.
///
/// A file is written beside its place and renamed, so that nobody ever reads half of one. A file that cannot be
/// written where it should be goes to the system's temporary directory, under a name with the program and its id.
///
/// # Errors
/// [`Error::Io`] if the temporary directory cannot be written either.
pub(crate) fn write(
    report: &Report,
    dir: &Path,
    allocation_report: &Path,
    leak_report: &Path,
    statistics: Option<Statistics<'_>>,
) -> Result<Written, Error> {
    let (allocations, leaks) = (dir.join(allocation_report), dir.join(leak_report));
    write_or_else(
        report,
        &allocations,
        &leaks,
        statistics.map(|(name, text)| (dir.join(name), text)),
        &std::env::temp_dir(),
    )
}

fn write_or_else(
    report: &Report,
    allocations: &Path,
    leaks: &Path,
    statistics: Option<(PathBuf, &[u8])>,
    other_dir: &Path,
) -> Result<Written, Error> {
    let json: Contents<'_> = &|out| report.write_json(out);
    let text: Contents<'_> = &|out| out.write_all(leaks::render(report).as_bytes());
    let first = place(allocations, json);
    let second = if leaks == allocations {
        Err(io::Error::new(io::ErrorKind::AlreadyExists, "both reports have this file name"))
    } else {
        place(leaks, text)
    };

    let mut reasons = Vec::new();
    let mut settle = |wanted: &Path, result: io::Result<()>, name: &str, contents: Contents<'_>| {
        let Err(error) = result else { return Ok(wanted.to_owned()) };
        let instead = other_dir.join(fallback_name(report, name));
        match replace(&instead, contents) {
            Ok(()) => {
                reasons.push(format!(
                    "cannot write {}: {error}; it is {} instead",
                    wanted.display(),
                    instead.display()
                ));
                Ok(instead)
            }
            Err(second) => Err(Error::Io {
                action: "write the report",
                path: wanted.to_owned(),
                source: io::Error::new(
                    error.kind(),
                    format!("{error}; nor {}: {second}", printable(&instead.to_string_lossy())),
                ),
            }),
        }
    };
    // Both are tried before either is given up.
    let allocation_report = settle(allocations, first, "memory_allocations.json", json);
    let leak_report = settle(leaks, second, "memory_leaks.txt", text);
    let statistics = statistics.map(|(path, text)| {
        let text: Contents<'_> = &|out| out.write_all(text);
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        settle(&path, place(&path, text), &name, text)
    });
    let (allocation_report, leak_report) = (allocation_report?, leak_report?);
    statistics.transpose()?;
    Ok(Written {
        allocation_report,
        leak_report,
        fell_back: if reasons.is_empty() { None } else { Some(reasons.join("; ")) },
    })
}

/// Writes the file that the user named, whatever stands there now.
fn place(path: &Path, contents: Contents<'_>) -> io::Result<()> {
    match fs::metadata(path) {
        Ok(there) if there.is_dir() => Err(io::Error::new(io::ErrorKind::IsADirectory, "this is a directory")),
        // A link stays a link: what it points to is replaced.
        Ok(there) if there.is_file() && path.is_symlink() => replace(&fs::canonicalize(path)?, contents),
        Ok(there) if there.is_file() => replace(path, contents),
        // Renaming onto /dev/null would take it from the whole machine.
        Ok(_) => {
            let mut device = open_device(path)?;
            contents(&mut device)
        }
        Err(_) => replace(path, contents),
    }
}

/// Writes beside `path` and renames, so that `path` is the old file or the whole new one at every moment.
fn replace(path: &Path, contents: Contents<'_>) -> io::Result<()> {
    if path.file_name().is_none() {
        return Err(io::Error::new(io::ErrorKind::InvalidInput, "this is no file name"));
    }
    let dir = match path.parent() {
        Some(dir) if !dir.as_os_str().is_empty() => dir,
        _ => Path::new("."),
    };
    fs::create_dir_all(dir)?;
    let (unfinished, file) = Unfinished::in_folder(dir)?;
    let mut out = BufWriter::new(file);
    contents(&mut out)?;
    out.into_inner().map_err(io::IntoInnerError::into_error)?;
    unfinished.becomes(path)
}

/// Opens what is no file. A pipe that nobody reads must not stop the program: it is an error instead.
fn open_device(path: &Path) -> io::Result<File> {
    let mut options = File::options();
    options.write(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::custom_flags(&mut options, libc::O_NONBLOCK);
    options.open(path)
}

/// A name that no other program's report has.
fn fallback_name(report: &Report, name: &str) -> String {
    format!("{}-{}-{name}", placeholder::file_name(&report.program.name), report.program.pid)
}

#[cfg(test)]
mod tests;
