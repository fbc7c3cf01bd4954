//! A program of `src/bin`, run as a user runs it: a process of its own, with a folder and an environment of its own.

use std::ffi::OsStr;
use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

use memprof::Report;
use tempfile::TempDir;

/// Features of Unix only: users, signals, shells, links.
#[cfg(unix)]
mod unix;

/// No program here works for more than a second; one that takes this long hangs.
const PATIENCE: Duration = Duration::from_secs(60);

/// Path of the report relative to the working directory, unless configured otherwise.
pub const ALLOCATIONS: &str = "data/logs/memory_allocations.json";
/// The other report.
pub const LEAKS: &str = "data/logs/memory_leaks.txt";

/// A program about to be run. Its folder has the working directory `work` and the temporary directory `tmp`.
#[derive(Debug)]
pub struct Program {
    folder: TempDir,
    command: Command,
    /// The script that the command runs, if it is one of ours.
    _script: Option<TempDir>,
}

impl Program {
    /// The executable, as `env!("CARGO_BIN_EXE_…")` names it.
    pub fn new(executable: &str) -> Self {
        let (executable, script) = runnable(executable);
        Self::with(Command::new(executable), script)
    }

    fn with(mut command: Command, script: Option<TempDir>) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let (work, temporary) = (folder.path().join("work"), folder.path().join("tmp"));
        fs::create_dir(&work).unwrap();
        fs::create_dir(&temporary).unwrap();
        // What the developer has set for the test run must not decide what is tested.
        // Unix has the first name, Windows the second.
        command.env_clear().env("TMPDIR", &temporary).env("TMP", temporary).current_dir(work).stdin(Stdio::null());
        // Names take long to find in the debug information of a test build, and these programs are not about them.
        command.env("MEMPROF_BACKTRACES", "0");
        #[cfg(unix)]
        unix::take_signals(&mut command);
        // Windows finds its own libraries by the last.
        for name in ["PATH", "SystemRoot"] {
            if let Some(value) = std::env::var_os(name) {
                command.env(name, value);
            }
        }
        Self { folder, command, _script: script }
    }

    /// The folder above the working directory.
    pub fn root(&self) -> &Path {
        self.folder.path()
    }

    /// One more argument.
    pub fn arg(mut self, argument: impl AsRef<OsStr>) -> Self {
        self.command.arg(argument);
        self
    }

    /// Sets an environment variable.
    pub fn env(mut self, name: &str, value: impl AsRef<OsStr>) -> Self {
        self.command.env(name, value);
        self
    }

    /// Leaves an environment variable out.
    pub fn unset(mut self, name: &str) -> Self {
        self.command.env_remove(name);
        self
    }

    /// Makes a file, and the folders above it.
    pub fn file(self, path: &str, text: &str) -> Self {
        let path = self.root().join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
        self
    }

    /// The same with `memory_profile.toml` in the working directory.
    pub fn configured(self, text: &str) -> Self {
        self.file("work/memory_profile.toml", text)
    }

    /// Runs the program to its end. Panics if it hangs.
    pub fn run(self) -> Ended {
        self.start().end()
    }

    /// Starts the program.
    pub fn start(mut self) -> Started {
        // Files, not pipes: a pipe stays open as long as some process that the program left behind.
        let said = |name: &str| File::create(self.folder.path().join(name)).unwrap();
        let child = self.command.stdout(said("stdout")).stderr(said("stderr")).spawn().unwrap();
        Started { folder: self.folder, _script: self._script, child, started: Instant::now() }
    }
}

/// A program that runs.
#[derive(Debug)]
pub struct Started {
    folder: TempDir,
    /// It is read when the program has begun.
    _script: Option<TempDir>,
    child: Child,
    started: Instant,
}

impl Started {
    /// A path in the working directory.
    pub fn work(&self, path: &str) -> PathBuf {
        self.folder.path().join("work").join(path)
    }

    /// Waits until the program has made a file of this name in its working directory.
    pub fn wait_for(&mut self, file: &str) {
        while !self.work(file).exists() {
            assert_eq!(self.child.try_wait().unwrap(), None, "it has ended: {}", self.said());
            self.be_patient();
        }
    }

    /// Standard error so far.
    pub fn stderr(&self) -> String {
        self.said()
    }

    /// The process.
    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    /// Waits for its end. Panics if it hangs.
    pub fn end(mut self) -> Ended {
        let status = loop {
            if let Some(status) = self.child.try_wait().unwrap() {
                break status;
            }
            self.be_patient();
        };
        let read = |name: &str| {
            let path = self.folder.path().join(name);
            let text = String::from_utf8_lossy(&fs::read(&path).unwrap()).into_owned();
            fs::remove_file(path).unwrap();
            text
        };
        Ended { stdout: read("stdout"), stderr: read("stderr"), status, folder: self.folder }
    }

    fn be_patient(&mut self) {
        if self.started.elapsed() > PATIENCE {
            self.child.kill().unwrap();
            self.child.wait().unwrap();
            panic!("the program hangs; so far it said: {}", self.said());
        }
        std::thread::sleep(Duration::from_millis(5));
    }

    fn said(&self) -> String {
        fs::read_to_string(self.folder.path().join("stderr")).unwrap()
    }
}

/// Runner for programs of another processor, with its arguments, such as `qemu-aarch64 -L /usr/aarch64-linux-gnu`.
pub const RUNNER: &str = "MEMPROF_TEST_RUNNER";

/// Runs an executable, with the runner if it is not for this processor.
pub fn command(executable: &Path) -> Command {
    let runner = std::env::var(RUNNER).unwrap_or_default();
    let mut words = runner.split_whitespace().map(OsStr::new).chain([executable.as_os_str()]);
    let mut command = Command::new(words.next().unwrap());
    command.args(words);
    command
}

/// A file that can be run: the executable, or a script that has it run, and the script's folder.
fn runnable(executable: &str) -> (PathBuf, Option<TempDir>) {
    let Ok(runner) = std::env::var(RUNNER) else { return (executable.into(), None) };
    let folder = tempfile::tempdir().unwrap();
    let script = folder.path().join("runner");
    fs::write(&script, format!("#!/bin/sh\nexec {runner} '{executable}' \"$@\"\n")).unwrap();
    #[cfg(unix)]
    fs::set_permissions(&script, std::os::unix::fs::PermissionsExt::from_mode(0o755)).unwrap();
    (script, Some(folder))
}

/// A program that has ended, and what it left.
#[derive(Debug)]
pub struct Ended {
    folder: TempDir,
    /// How it ended.
    pub status: ExitStatus,
    /// Standard output of the program.
    pub stdout: String,
    /// Standard error of the program, of memprof and of the runtime.
    pub stderr: String,
}

impl Ended {
    /// The folder above the working directory.
    pub fn root(&self) -> &Path {
        self.folder.path()
    }

    /// A path in the working directory.
    pub fn work(&self, path: &str) -> PathBuf {
        self.root().join("work").join(path)
    }

    /// Panics, with all that was said, unless this is the exit status.
    pub fn expect_status(&self, code: i32) -> &Self {
        assert_eq!(self.status.code(), Some(code), "{}\nstdout: {}\nstderr: {}", self.status, self.stdout, self.stderr);
        self
    }

    /// Panics unless the two reports and the page, and no other files, are in their default places, and the table is
    /// printed once on stderr. Returns the report.
    pub fn expect_report(&self) -> Report {
        assert_eq!(
            self.files("work/data"),
            ["logs/memory_allocations.json", "logs/memory_leaks.txt"],
            "{}",
            self.stderr
        );
        // Where little memory is left there is no page, and the table says so.
        if !self.stderr.contains("warning: too little memory was left for the formats html") {
            assert_eq!(self.pages("work/data"), ["logs/memory_report.html"], "{}", self.stderr);
        }
        assert_eq!(self.tables(), 1, "{}", self.stderr);
        assert!(fs::read_to_string(self.work(LEAKS)).unwrap().lines().count() > 5);
        self.report(&self.work(ALLOCATIONS))
    }

    /// Panics unless nothing was written, neither files nor a table.
    pub fn expect_nothing_written(&self) -> &Self {
        let written: Vec<String> = self
            .all_files("")
            .into_iter()
            .filter(|name| name.contains("memory_") && !name.ends_with(".toml"))
            .collect();
        assert_eq!(written, Vec::<String>::new());
        assert_eq!(self.tables(), 0, "{}", self.stderr);
        self
    }

    /// How many tables stand on stderr.
    pub fn tables(&self) -> usize {
        self.stderr.lines().filter(|line| line.starts_with("memprof: allocated ")).count()
    }

    /// Reads a report, and checks that its rows add up.
    pub fn report(&self, path: &Path) -> Report {
        let text =
            fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}: {}", path.display(), self.stderr));
        let report = Report::from_json(&text).unwrap();
        assert_eq!(report.to_json() + "\n", text, "the report does not survive being read");
        crate::rows::assert_rows_add_up(&report);
        report
    }

    /// The files beneath a folder, sorted, but for `.gitignore` and the pages; none where there is no such folder.
    pub fn files(&self, folder: &str) -> Vec<String> {
        let mut files = self.all_files(folder);
        files.retain(|name| !is_page(name));
        files
    }

    /// The pages beneath a folder, sorted.
    pub fn pages(&self, folder: &str) -> Vec<String> {
        let mut files = self.all_files(folder);
        files.retain(|name| is_page(name));
        files
    }

    fn all_files(&self, folder: &str) -> Vec<String> {
        let folder = self.root().join(folder);
        let mut files = Vec::new();
        let mut folders = vec![folder.clone()];
        while let Some(next) = folders.pop() {
            for entry in fs::read_dir(next).into_iter().flatten() {
                let path = entry.unwrap().path();
                if path.is_dir() && !path.is_symlink() {
                    folders.push(path);
                } else if path.file_name() != Some(OsStr::new(".gitignore")) {
                    let name = path.strip_prefix(&folder).unwrap().display().to_string();
                    files.push(name.replace(std::path::MAIN_SEPARATOR, "/"));
                }
            }
        }
        files.sort();
        files
    }
}

/// True if the file is the page of a report, whatever marks its name has.
fn is_page(name: &str) -> bool {
    name.contains("memory_report") && name.ends_with(".html")
}
