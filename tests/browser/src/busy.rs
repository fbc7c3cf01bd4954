//! A program under load, which serves its figures.

use std::io::{BufRead, BufReader, Lines, Write};
use std::process::{Child, ChildStderr, ChildStdin, ChildStdout, Command, Stdio};
use tempfile::TempDir;

/// The program `busy`, which runs. It is killed at the end of the test.
pub struct Busy {
    process: Child,
    orders: ChildStdin,
    answers: Lines<BufReader<ChildStdout>>,
    // Otherwise the program would write to a closed pipe.
    _said: BufReader<ChildStderr>,
    /// Host and port.
    pub address: String,
    _folder: TempDir,
}

impl Busy {
    /// Starts it at an address, with more of the environment.
    pub fn start(executable: &str, address: &str, environment: &[(&str, &str)]) -> Self {
        let folder = TempDir::new().expect("a folder");
        let mut process = Command::new(executable)
            .env("MEMPROF_SERVE_ADDRESS", address)
            .env("MEMPROF_DUMP_ON_EXIT", "false")
            .envs(environment.iter().copied())
            .current_dir(folder.path())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("the program starts");
        let orders = process.stdin.take().expect("its input is piped");
        let answers = BufReader::new(process.stdout.take().expect("its output is piped")).lines();
        let mut said = BufReader::new(process.stderr.take().expect("its errors are piped"));
        let mut line = String::new();
        said.read_line(&mut line).expect("a line");
        let address = line.trim_end().strip_prefix("memprof: serving http://").and_then(|rest| rest.strip_suffix('/'));
        let address = address.unwrap_or_else(|| panic!("no address in {line:?}")).to_owned();
        Self { process, orders, answers, _said: said, address, _folder: folder }
    }

    pub fn url(&self) -> String {
        format!("http://{}/", self.address)
    }

    pub fn pid(&self) -> u32 {
        self.process.id()
    }

    /// Gives an order, and waits until it is carried out.
    pub fn order(&mut self, order: &str) {
        writeln!(self.orders, "{order}").expect("the program reads");
        assert_eq!(self.answers.next().expect("an answer").expect("a line"), "done");
    }

    /// Kills it.
    pub fn kill(mut self) {
        self.end();
    }

    fn end(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

impl Drop for Busy {
    fn drop(&mut self) {
        self.end();
    }
}
