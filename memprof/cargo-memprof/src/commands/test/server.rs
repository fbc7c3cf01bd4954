//! A test program that forks a process for each test: that costs a fraction of starting it again.
//!
//! The protocol stands in memprof's `os/process/test_server.rs`.

use std::io::{self, Read, Write};
use std::os::unix::process::ExitStatusExt;
use std::path::Path;
use std::process::{Child, ChildStdin, ChildStdout, Command, ExitStatus, Stdio};

/// Argument of the program that stands for the name of a test.
pub(super) const PLACEHOLDER: &str = "memprof-name-of-the-test";
const GREETING: &[u8; 10] = b"memprof 1\n";
/// More than any answer has.
const LONGEST: usize = 64 * 1024;

#[derive(Debug)]
pub(super) struct TestServer {
    program: Child,
    to: ChildStdin,
    from: ChildStdout,
}

impl TestServer {
    /// `None`: the program does not serve, because memprof is not in it, or not on this system.
    pub(super) fn start(command: &mut Command) -> io::Result<Option<Self>> {
        let mut program = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null()).spawn()?;
        let (Some(to), Some(mut from)) = (program.stdin.take(), program.stdout.take()) else { return Ok(None) };
        let mut greeting = [0; GREETING.len()];
        if from.read_exact(&mut greeting).is_ok() && greeting == *GREETING {
            return Ok(Some(Self { program, to, from }));
        }
        drop((to, from));
        let _ = program.kill();
        program.wait()?;
        Ok(None)
    }

    /// Runs a test. Gives the end of its process, and its figures.
    pub(super) fn run(&mut self, test: &str, output: &Path) -> io::Result<(ExitStatus, String)> {
        let mut request = [test.as_bytes(), b"\0", output.as_os_str().as_encoded_bytes(), b"\0"].concat();
        let length = u32::try_from(request.len()).unwrap_or(u32::MAX);
        request.splice(0..0, length.to_ne_bytes());
        self.to.write_all(&request)?;
        let status = i32::from_ne_bytes(self.read()?);
        let length = u32::from_ne_bytes(self.read()?) as usize;
        if status == -1 || length > LONGEST {
            return Err(io::Error::other("the system starts no more processes"));
        }
        let mut figures = vec![0; length];
        self.from.read_exact(&mut figures)?;
        Ok((ExitStatus::from_raw(status), String::from_utf8_lossy(&figures).into_owned()))
    }

    fn read(&mut self) -> io::Result<[u8; 4]> {
        let mut bytes = [0; 4];
        self.from.read_exact(&mut bytes)?;
        Ok(bytes)
    }

    /// Ends the program.
    pub(super) fn end(mut self) {
        drop((self.to, self.from));
        let _ = self.program.wait();
    }
}
