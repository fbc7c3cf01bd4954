//! Running the tests: each in a process of its own, several at once.

use std::collections::VecDeque;
use std::ffi::OsStr;
use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitStatus};
use std::sync::{Mutex, PoisonError};
use std::thread;

use indicatif::{ProgressBar, ProgressStyle};
use memprof::report::data::TestRow;

use super::binary::{Listed, TestBinary, arguments};
use super::figures::Figures;
use super::filter::Filter;
use super::harness::Harness;
#[cfg(unix)]
use super::server::{PLACEHOLDER, TestServer};
use crate::failure::{Failure, Outcome};

/// Variable by which a test process is asked for its figures.
const VARIABLE: &str = "MEMPROF_TEST";

/// A test program, with the tests in it that are to be run.
#[derive(Debug)]
pub(super) struct Chosen {
    pub(super) binary: TestBinary,
    pub(super) tests: Vec<Listed>,
}

/// End of one test, or of a program whose tests have no rows.
#[derive(Debug)]
pub(super) struct Ended {
    pub(super) row: TestRow,
    /// True if there are figures. A process that was killed has none.
    pub(super) has_figures: bool,
    /// End of the process; `None`: the test was ignored.
    pub(super) status: Option<ExitStatus>,
    pub(super) output: Vec<u8>,
}

/// How the tests of a program run.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Mode {
    /// Forked from a program that waits before its main.
    #[cfg(unix)]
    Served,
    /// Each starts the program.
    Started,
    /// All in one process: memprof's allocator is not in the program.
    Together,
}

/// The state that all workers share.
pub(super) struct Session<'s> {
    pub(super) filter: &'s Filter,
    pub(super) harness: &'s Harness,
    /// Folder for the outputs.
    pub(super) folder: &'s Path,
}

impl Session<'_> {
    /// How the tests of a program can run.
    pub(super) fn mode(&self, binary: &TestBinary) -> Outcome<Mode> {
        let cannot = |error| Failure::Said(format!("cannot run `{}`: {error}", binary.label));
        let output = self.folder.join("probe");
        #[cfg(unix)]
        if let Some(mut server) = TestServer::start(&mut self.serving(binary)).map_err(cannot)? {
            let answer = server.run(PLACEHOLDER, &output);
            server.end();
            if let Ok((_, figures)) = answer {
                let is_installed = Figures::parse(&figures).is_some_and(|figures| figures.is_installed);
                return Ok(if is_installed { Mode::Served } else { Mode::Together });
            }
        }
        let (_, figures) = self.start(binary, "memprof-no-test", &output).map_err(cannot)?;
        let is_installed = Figures::parse(&figures).is_some_and(|figures| figures.is_installed);
        Ok(if is_installed { Mode::Started } else { Mode::Together })
    }

    /// Runs all tests, `at_once` at a time, in the order of the list.
    pub(super) fn run(&self, chosen: &[(Chosen, Mode)], at_once: usize) -> Outcome<Vec<Ended>> {
        let mut queue = VecDeque::new();
        for (index, (chosen, mode)) in chosen.iter().enumerate() {
            if *mode == Mode::Together {
                queue.push_back((index, None));
            } else {
                queue.extend(chosen.tests.iter().map(|test| (index, Some(test))));
            }
        }
        let bar = bar(queue.len());
        let mut ended: Vec<Option<Ended>> = Vec::new();
        ended.resize_with(queue.len(), || None);
        let queue = Mutex::new(queue.into_iter().enumerate());
        let ended = Mutex::new(ended);
        let next = || queue.lock().unwrap_or_else(PoisonError::into_inner).next();
        let work = |worker: usize| -> Outcome {
            let mut worker = Worker::new(self, worker);
            while let Some((place, (index, test))) = next() {
                let Some((chosen, mode)) = chosen.get(index) else { continue };
                let end = match test {
                    Some(test) => worker.run(index, &chosen.binary, *mode, test),
                    None => worker.run_together(&chosen.binary),
                }
                .map_err(|error| Failure::Said(format!("cannot run the tests of `{}`: {error}", chosen.binary.label)));
                let end = end?;
                bar.inc(1);
                if let Some(slot) = ended.lock().unwrap_or_else(PoisonError::into_inner).get_mut(place) {
                    *slot = Some(end);
                }
            }
            worker.end_server();
            Ok(())
        };
        let results: Vec<_> = thread::scope(|scope| {
            let workers: Vec<_> = (0..at_once).map(|worker| scope.spawn(move || work(worker))).collect();
            workers.into_iter().map(thread::ScopedJoinHandle::join).collect()
        });
        bar.finish_and_clear();
        for result in results {
            result.unwrap_or_else(|_| Err(Failure::said("a thread of this command panicked")))?;
        }
        Ok(ended.into_inner().unwrap_or_else(PoisonError::into_inner).into_iter().flatten().collect())
    }

    fn command(&self, binary: &TestBinary, name: &str, file: &OsStr) -> Command {
        let mut value = std::ffi::OsString::from(format!("{},{},", self.harness.before, self.harness.message_bytes()));
        value.push(file);
        let mut command = binary.command();
        command.args(arguments(name)).env(VARIABLE, value);
        // A test that is ignored runs only if this says so.
        if self.filter.ignored || self.filter.include_ignored {
            command.arg("--include-ignored");
        }
        command
    }

    #[cfg(unix)]
    fn serving(&self, binary: &TestBinary) -> Command {
        self.command(binary, PLACEHOLDER, OsStr::new(""))
    }

    /// Starts the program for one test.
    fn start(&self, binary: &TestBinary, name: &str, output: &Path) -> io::Result<(ExitStatus, String)> {
        let file = output.with_extension("figures");
        let _ = fs::remove_file(&file);
        let written = File::create(output)?;
        let mut command = self.command(binary, name, file.as_os_str());
        let status = command.stdout(written.try_clone()?).stderr(written).status()?;
        Ok((status, fs::read_to_string(file).unwrap_or_default()))
    }
}

fn bar(length: usize) -> ProgressBar {
    let style = ProgressStyle::with_template("{bar:30} {pos}/{len} tests").unwrap_or(ProgressStyle::default_bar());
    // Nothing is drawn if stderr is no terminal.
    ProgressBar::new(length as u64).with_style(style)
}

/// One thread that runs tests.
struct Worker<'s> {
    session: &'s Session<'s>,
    output: PathBuf,
    /// The program that serves, and its number.
    #[cfg(unix)]
    server: Option<(usize, TestServer)>,
}

impl<'s> Worker<'s> {
    fn new(session: &'s Session<'s>, number: usize) -> Self {
        Self {
            session,
            output: session.folder.join(format!("output-{number}")),
            #[cfg(unix)]
            server: None,
        }
    }

    fn run(&mut self, index: usize, binary: &TestBinary, mode: Mode, test: &Listed) -> io::Result<Ended> {
        let name = format!("{}::{}", binary.label, test.path);
        if test.is_ignored {
            let row = Figures::default().row(name, "ignored", &test.path, &Harness::default());
            return Ok(Ended { row, has_figures: true, status: None, output: Vec::new() });
        }
        let (status, figures) = match mode {
            #[cfg(unix)]
            Mode::Served => self.ask(index, binary, &test.path)?,
            _ => self.session.start(binary, &test.path, &self.output)?,
        };
        let _ = index;
        let figures = Figures::parse(&figures);
        let outcome = if status.success() { "passed" } else { "failed" };
        let row = figures.clone().unwrap_or_default().row(name, outcome, &test.path, self.session.harness);
        Ok(Ended { row, has_figures: figures.is_some(), status: Some(status), output: self.output(status)? })
    }

    /// Runs all tests of a program in one process.
    fn run_together(&mut self, binary: &TestBinary) -> io::Result<Ended> {
        let written = File::create(&self.output)?;
        let mut command = binary.command();
        command.args(self.session.filter.of_run()).stdout(written.try_clone()?).stderr(written);
        let status = command.status()?;
        let mut row = TestRow::default();
        row.name.clone_from(&binary.label);
        row.outcome = if status.success() { "passed" } else { "failed" }.to_owned();
        Ok(Ended { row, has_figures: false, status: Some(status), output: self.output(status)? })
    }

    #[cfg(unix)]
    fn ask(&mut self, index: usize, binary: &TestBinary, test: &str) -> io::Result<(ExitStatus, String)> {
        if self.server.as_ref().is_none_or(|(present, _)| *present != index) {
            self.end_server();
            let server = TestServer::start(&mut self.session.serving(binary))?;
            self.server = server.map(|server| (index, server));
        }
        if let Some((_, server)) = &mut self.server {
            match server.run(test, &self.output) {
                Ok(answer) => return Ok(answer),
                // The test has ended its server, or the system has no process for it.
                Err(_) => self.end_server(),
            }
        }
        self.session.start(binary, test, &self.output)
    }

    fn end_server(&mut self) {
        #[cfg(unix)]
        if let Some((_, server)) = self.server.take() {
            server.end();
        }
    }

    /// The output, if it will be shown.
    fn output(&self, status: ExitStatus) -> io::Result<Vec<u8>> {
        let is_shown = !status.success() || self.session.filter.show_output;
        if is_shown { fs::read(&self.output) } else { Ok(Vec::new()) }
    }
}
