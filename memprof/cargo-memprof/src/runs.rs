//! Folders of runs: `target/memprof/NAME/N`, with `latest` beside the last ten.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use crate::failure::{Failure, Outcome};

/// Runs that are kept.
const KEPT: usize = 10;

/// Name of the link to the last run.
pub(crate) const LATEST: &str = "latest";

/// Beginning of the name of a folder with the reports of an earlier one of several runs.
pub(crate) const REPEAT: &str = "repeat-";

/// End of the name under which the rows of a package's tests are kept.
pub(crate) const TESTS: &str = "-tests";

/// The runs of one program.
#[derive(Debug)]
pub(crate) struct Runs {
    folder: PathBuf,
}

impl Runs {
    /// The runs of the program `name` that is built into `target`.
    pub(crate) fn of(target: &Path, name: &str) -> Self {
        Self { folder: target.join("memprof").join(name) }
    }

    /// The program of `names` whose run is the latest one.
    pub(crate) fn newest(target: &Path, names: &[String]) -> Option<Self> {
        let programs = names.iter().map(|name| Self::of(target, name));
        let started = |runs: &Self| -> Option<SystemTime> { fs::metadata(runs.all().last()?).ok()?.modified().ok() };
        programs.filter_map(|runs| Some((started(&runs)?, runs))).max_by_key(|(time, _)| *time).map(|(_, runs)| runs)
    }

    /// The runs in a folder.
    pub(crate) fn in_folder(folder: &Path) -> Self {
        Self { folder: folder.to_owned() }
    }

    pub(crate) fn folder(&self) -> &Path {
        &self.folder
    }

    /// The folders of the runs, oldest first.
    pub(crate) fn all(&self) -> Vec<PathBuf> {
        self.numbers().into_iter().map(|number| self.folder.join(number.to_string())).collect()
    }

    fn numbers(&self) -> Vec<u32> {
        let entries = fs::read_dir(&self.folder).into_iter().flatten().flatten();
        let mut numbers: Vec<u32> = entries.filter_map(|entry| entry.file_name().to_str()?.parse().ok()).collect();
        numbers.sort_unstable();
        numbers
    }

    /// Makes the folder of a new run.
    pub(crate) fn begin(&self) -> Outcome<PathBuf> {
        let cannot = |error: io::Error| Failure::of_file("make the folder", &self.folder, &error);
        fs::create_dir_all(&self.folder).map_err(cannot)?;
        let mut number = self.numbers().last().map_or(1, |last| last.saturating_add(1));
        loop {
            let folder = self.folder.join(number.to_string());
            match fs::create_dir(&folder) {
                Ok(()) => return Ok(folder),
                // Another run has begun at the same time.
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists && number < u32::MAX => number += 1,
                Err(error) => return Err(cannot(error)),
            }
        }
    }

    /// Ends a run: without a report its folder goes, else `latest` names it, and runs beyond the last ten go.
    pub(crate) fn end(&self, run: &Path) {
        // Fails if there is a report.
        if fs::remove_dir(run).is_ok() {
            return;
        }
        let latest = self.folder.join(LATEST);
        let number = run.file_name().map(Path::new);
        if let Err(error) = number.map_or(Ok(()), |number| link(number, &latest)) {
            anstream::eprintln!("warning: cannot make {}: {error}", latest.display());
        }
        let all = self.all();
        for old in &all[..all.len().saturating_sub(KEPT)] {
            if let Err(error) = fs::remove_dir_all(old) {
                anstream::eprintln!("warning: cannot remove the old run {}: {error}", old.display());
            }
        }
    }
}

/// Makes `latest` a link to the folder `number` beside it. A reader finds the old one or the new one.
#[cfg(unix)]
fn link(number: &Path, latest: &Path) -> io::Result<()> {
    let new = latest.with_extension(std::process::id().to_string());
    std::os::unix::fs::symlink(number, &new)?;
    fs::rename(&new, latest).inspect_err(|_| drop(fs::remove_file(&new)))
}

/// A junction: links need a privilege.
#[cfg(windows)]
fn link(number: &Path, latest: &Path) -> io::Result<()> {
    if junction::exists(latest)? {
        junction::delete(latest)?;
        fs::remove_dir(latest)?;
    }
    junction::create(latest.with_file_name(number), latest)
}

#[cfg(not(any(unix, windows)))]
fn link(_: &Path, _: &Path) -> io::Result<()> {
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn run(runs: &Runs, has_report: bool) -> PathBuf {
        let folder = runs.begin().expect("a folder");
        if has_report {
            fs::write(folder.join("memory_allocations.json"), "{}").expect("a report");
        }
        runs.end(&folder);
        folder
    }

    #[test]
    fn the_last_ten_are_kept_and_latest_is_the_last() {
        let target = tempfile::tempdir().expect("a folder");
        let runs = Runs::of(target.path(), "shop");
        (0..13).for_each(|_| drop(run(&runs, true)));
        let names: Vec<_> = runs.all().iter().map(|run| run.file_name().expect("a name").to_owned()).collect();
        let expected: Vec<_> = (4..=13).map(|number: u32| std::ffi::OsString::from(number.to_string())).collect();
        assert_eq!(names, expected);
        let latest = fs::canonicalize(runs.folder.join(LATEST)).expect("a link");
        assert!(latest.ends_with("13"), "{}", latest.display());
    }

    #[test]
    fn a_run_without_a_report_leaves_nothing() {
        let target = tempfile::tempdir().expect("a folder");
        let runs = Runs::of(target.path(), "shop");
        let first = run(&runs, true);
        let second = run(&runs, false);
        assert!(first.exists() && !second.exists());
        assert_eq!(runs.all(), [first]);
    }

    #[test]
    fn the_newest_program_is_found() {
        let target = tempfile::tempdir().expect("a folder");
        let names = ["old", "new"].map(str::to_owned);
        assert!(Runs::newest(target.path(), &names).is_none());
        drop(run(&Runs::of(target.path(), "old"), true));
        std::thread::sleep(std::time::Duration::from_millis(20));
        drop(run(&Runs::of(target.path(), "new"), true));
        drop(run(&Runs::of(target.path(), "foreign"), true));
        assert!(Runs::newest(target.path(), &names).expect("a program").folder.ends_with("new"));
    }
}
