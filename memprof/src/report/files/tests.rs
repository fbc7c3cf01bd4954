//! Paths of the written files, with and without failures.

use super::*;
use crate::report::golden;
use std::fs;
#[cfg(unix)]
use std::fs::File;

/// A directory for the reports, one for the fallback, and both file names.
struct Place {
    dir: tempfile::TempDir,
    other: tempfile::TempDir,
    allocations: PathBuf,
    leaks: PathBuf,
}

impl Place {
    fn new() -> Self {
        let dir = tempfile::tempdir().expect("a directory for the test");
        let (allocations, leaks) = (dir.path().join("a.json"), dir.path().join("l.txt"));
        Self { other: tempfile::tempdir().expect("another"), dir, allocations, leaks }
    }

    fn write(&self) -> Result<Written, Error> {
        self.write_with(&golden::report(), None, &mut KnownFiles::default())
    }

    fn write_with(&self, report: &Report, statistics: Option<&[u8]>, known: &mut KnownFiles) -> Result<Written, Error> {
        let names = BaseNames {
            folder: self.dir.path().to_owned(),
            allocations: self.allocations.clone(),
            leaks: self.leaks.clone(),
            statistics: "statistics.txt".into(),
            formats: Vec::new(),
        };
        write_or_else(&output(report, &names, statistics), known, self.other.path())
    }

    /// Writes, and expects the JSON in the fallback directory, for a reason that contains `words`.
    #[track_caller]
    fn allocations_fall_back(&self, words: &str) {
        let written = self.write().expect("the other directory can be written");
        assert_eq!(written.allocation_report, self.other.path().join("vector_search-4711-memory_allocations.json"));
        assert_eq!(read(&written.allocation_report), golden::report());
        let reason = written.fell_back.expect("a reason");
        assert!(reason.contains(words), "{words} is not in: {reason}");
        assert!(reason.contains(&self.allocations.display().to_string()), "{reason}");
        assert!(reason.contains(&written.allocation_report.display().to_string()), "{reason}");
        assert_eq!(names(self.other.path()).iter().filter(|name| name.contains(".tmp")).count(), 0);
    }
}

fn output<'a>(report: &'a Report, names: &'a BaseNames, statistics: Option<&'a [u8]>) -> PendingReport<'a> {
    PendingReport { report, names, number: None, statistics, has_numbers: false, overwrite: false, keep: 10 }
}

fn write_or_else(output: &PendingReport<'_>, known: &mut KnownFiles, fallback: &Path) -> Result<Written, Error> {
    Writer { output, known, fallback: fallback.to_owned(), reasons: Vec::new(), json: None }.write()
}

fn read(path: &Path) -> Report {
    Report::from_json(&fs::read_to_string(path).expect("the file is there")).expect("the file is whole")
}

fn names(dir: &Path) -> Vec<String> {
    let entries = fs::read_dir(dir).expect("the directory is there");
    let mut names: Vec<String> =
        entries.flatten().map(|entry| entry.file_name().to_string_lossy().into_owned()).collect();
    names.sort();
    names
}

#[test]
fn directories_are_made_and_nothing_else_is_left() {
    let dir = tempfile::tempdir().expect("a directory for the test");
    let logs = dir.path().join("data/logs");
    let names_of = BaseNames {
        folder: logs.clone(),
        allocations: "sub/x.json".into(),
        leaks: "l.txt".into(),
        statistics: "s".into(),
        formats: Vec::new(),
    };
    let report = golden::report();
    let written = write(&output(&report, &names_of, None), &mut KnownFiles::default()).expect("all is well");
    assert_eq!(written.allocation_report, logs.join("sub/x.json"));
    assert_eq!(written.leak_report, logs.join("l.txt"));
    assert_eq!(written.fell_back, None);
    assert_eq!(read(&written.allocation_report), golden::report());
    assert_eq!(fs::read_to_string(&written.leak_report).expect("it is there"), leaks::render(&golden::report()));
    assert_eq!(names(&logs), [".gitignore", "l.txt", "sub"]);
    assert_eq!(names(&logs.join("sub")), ["x.json"]);
}

#[test]
fn the_allocators_statistics_go_beside_the_reports_or_where_those_can_go() {
    let mut place = Place::new();
    let text: &[u8] = b"arenas: 8";
    let report = golden::report();
    let written = place.write_with(&report, Some(text), &mut KnownFiles::default());
    assert_eq!(written.expect("all is well").fell_back, None);
    assert_eq!(fs::read(place.dir.path().join("statistics.txt")).expect("it is there"), text);

    place = Place::new();
    fs::create_dir(place.dir.path().join("statistics.txt")).expect("the directory can be written");
    let written = place.write_with(&report, Some(text), &mut KnownFiles::default());
    let why = written.expect("the other directory can be written").fell_back.expect("it is elsewhere");
    let instead = place.other.path().join("vector_search-4711-statistics.txt");
    assert!(why.contains("statistics.txt") && why.contains(instead.to_str().expect("UTF-8")), "{why}");
    assert_eq!(fs::read(instead).expect("it is there"), text);
}

#[cfg(unix)]
#[test]
fn the_files_have_the_permissions_of_any_new_file() {
    use std::os::unix::fs::PermissionsExt;
    let place = Place::new();
    let written = place.write().expect("all is well");
    let other = place.dir.path().join("ordinary");
    File::create(&other).expect("the directory can be written");
    let mode = |path: &Path| fs::metadata(path).expect("it is there").permissions().mode();
    assert_eq!(mode(&written.allocation_report), mode(&other));
    assert_eq!(mode(&written.leak_report), mode(&other));
}

#[test]
fn a_file_in_place_of_the_directory() {
    let mut place = Place::new();
    let file = place.dir.path().join("data");
    fs::write(&file, "mine").expect("the directory can be written");
    place.allocations = file.join("logs").join("a.json");
    place.allocations_fall_back("");
    assert_eq!(fs::read_to_string(&file).expect("it is there"), "mine");
    assert!(place.leaks.exists(), "the other report stays where it should be");
}

#[test]
fn a_directory_in_place_of_the_file() {
    let place = Place::new();
    fs::create_dir(&place.allocations).expect("the directory can be written");
    place.allocations_fall_back("this is a directory");
}

#[test]
fn a_name_that_is_none() {
    let mut place = Place::new();
    place.allocations = place.dir.path().join("new/..");
    place.allocations_fall_back("is no file name");
}

#[test]
fn one_name_for_both() {
    let mut place = Place::new();
    place.leaks.clone_from(&place.allocations);
    let written = place.write().expect("the other directory can be written");
    assert_eq!(read(&place.allocations), golden::report());
    assert_eq!(written.leak_report, place.other.path().join("vector_search-4711-memory_leaks.txt"));
    assert!(written.fell_back.expect("a reason").contains("both reports have this file name"));
}

#[cfg(target_os = "linux")]
#[test]
fn a_directory_that_cannot_be_written() {
    let mut place = Place::new();
    place.allocations = "/proc/self/task/a.json".into();
    place.allocations_fall_back("cannot write /proc/self/task/a.json");
    place.allocations = "/proc/memprof/logs/a.json".into();
    place.allocations_fall_back("cannot write");
}

#[cfg(unix)]
#[test]
fn links_and_pipes_stay_what_they_are() {
    use std::os::unix::fs::{FileTypeExt, symlink};
    let place = Place::new();
    let target = place.dir.path().join("target.json");
    fs::write(&target, golden::report().to_json()).expect("the directory can be written");
    symlink(&target, &place.allocations).expect("the directory can be written");
    assert_eq!(place.write().expect("all is well").fell_back, None);
    assert!(place.allocations.is_symlink());
    assert_eq!(read(&target), golden::report());

    let mut place = Place::new();
    place.allocations = place.dir.path().join("pipe");
    let made = std::process::Command::new("mkfifo").arg(&place.allocations).status();
    assert!(made.is_ok_and(|status| status.success()), "mkfifo works here");
    // It has no reader: writing must neither wait nor replace it.
    place.allocations_fall_back("");
    assert!(fs::metadata(&place.allocations).expect("it is there").file_type().is_fifo());
}

#[cfg(target_os = "linux")]
#[test]
fn a_device_that_is_full() {
    let place = Place::new();
    std::os::unix::fs::symlink("/dev/full", &place.allocations).expect("the directory can be written");
    place.allocations_fall_back("No space left on device");
}

#[cfg(target_os = "linux")]
#[test]
fn a_disk_that_is_full() {
    use std::process::Command;
    let place = Place::new();
    let mount = Command::new("mount").args(["-t", "tmpfs", "-o", "size=64k", "memprof"]).arg(place.dir.path()).output();
    match mount {
        Ok(output) if output.status.success() => {}
        other => {
            eprintln!("skipped: a file system of 64 KiB cannot be mounted here: {other:?}");
            return;
        }
    }
    fs::write(&place.allocations, "old").expect("there is room for this");
    fs::write(place.dir.path().join("fill"), vec![0; 40 * 1024]).expect("there is room for this");
    let outcome = std::panic::catch_unwind(|| {
        place.allocations_fall_back("No space left on device");
        assert_eq!(fs::read_to_string(&place.allocations).expect("it is there"), "old");
        assert_eq!(names(place.dir.path()), ["a.json", "fill", "l.txt"]);
    });
    let unmounted = Command::new("umount").arg(place.dir.path()).status();
    assert!(unmounted.is_ok_and(|status| status.success()));
    outcome.unwrap_or_else(|panic| std::panic::resume_unwind(panic));
}

#[test]
fn nowhere_to_write_is_an_error_with_both_reasons() {
    let place = Place::new();
    let file = place.dir.path().join("file");
    fs::write(&file, "mine").expect("the directory can be written");
    let names = BaseNames {
        folder: place.dir.path().to_owned(),
        allocations: "file/a.json".into(),
        leaks: place.leaks.clone(),
        statistics: "s".into(),
        formats: Vec::new(),
    };
    let report = golden::report();
    let error = write_or_else(&output(&report, &names, None), &mut KnownFiles::default(), &file.join("tmp"))
        .expect_err("both are below a file");
    let message = error.to_string();
    assert!(message.starts_with("cannot write the report "), "{message}");
    assert!(message.contains("a.json") && message.contains("; nor ") && message.contains("4711"), "{message}");
    assert!(place.leaks.exists(), "the report that can be written is written");
}

#[test]
fn nobody_ever_reads_half_a_report() {
    let place = Place::new();
    place.write().expect("all is well");
    std::thread::scope(|scope| {
        let writers: Vec<_> = (0..2)
            .map(|_| {
                scope.spawn(|| (0..20).for_each(|_| assert_eq!(place.write().expect("all is well").fell_back, None)))
            })
            .collect();
        while !writers.iter().all(std::thread::ScopedJoinHandle::is_finished) {
            assert_eq!(read(&place.allocations), golden::report());
        }
    });
    assert_eq!(names(place.dir.path()), ["a.json", "l.txt"]);
}

#[test]
fn names_of_programs_cannot_lead_elsewhere() {
    let mut report = golden::report();
    for (name, start) in [("../../etc/x y", ".._.._etc_x_y-4711-"), ("", "program-4711-"), ("größe", "gr__e-4711-")] {
        report.program.name = name.into();
        assert_eq!(fallback_name(&report, "f"), format!("{start}f"));
    }
}
