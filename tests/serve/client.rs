//! A program that serves, and a client that sends any bytes.

use memprof_tests::program::{Ended, Program, Started};
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::{Duration, Instant};

/// A program that serves.
pub(crate) struct Server {
    pub(crate) program: Started,
    pub(crate) address: SocketAddr,
}

/// An answer.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) head: String,
    pub(crate) body: Vec<u8>,
}

pub(crate) fn program() -> Program {
    Program::new(env!("CARGO_BIN_EXE_serves")).env("MEMPROF_SERVE_ADDRESS", "127.0.0.1:0")
}

impl Server {
    pub(crate) fn start(program: Program) -> Self {
        let mut program = program.start();
        program.wait_for("begun");
        let begun = Instant::now();
        loop {
            let said = program.stderr();
            let address = said.split_once("memprof: serving http://").and_then(|(_, rest)| rest.split_once("/\n"));
            if let Some((address, _)) = address {
                let address = address.parse().unwrap();
                return Self { program, address };
            }
            assert!(begun.elapsed() < Duration::from_secs(30), "{said}");
            std::thread::sleep(Duration::from_millis(5));
        }
    }

    pub(crate) fn connect(&self) -> TcpStream {
        let stream = TcpStream::connect(self.address).unwrap();
        stream.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
        stream
    }

    /// The answer to these bytes.
    pub(crate) fn send(&self, request: &[u8]) -> Answer {
        let mut stream = self.connect();
        stream.write_all(request).unwrap();
        answer(&mut stream)
    }

    pub(crate) fn get(&self, target: &str) -> Answer {
        self.get_with(target, &format!("Host: {}\r\n", self.address))
    }

    pub(crate) fn get_with(&self, target: &str, headers: &str) -> Answer {
        self.send(format!("GET {target} HTTP/1.1\r\n{headers}\r\n").as_bytes())
    }

    /// Names of the program's threads.
    pub(crate) fn threads(&self) -> usize {
        std::fs::read_dir(format!("/proc/{}/task", self.program.pid())).map_or(0, Iterator::count)
    }

    /// Lets the program end.
    pub(crate) fn end(self) -> Ended {
        std::fs::write(self.program.work("stop"), "").unwrap();
        let ended = self.program.end();
        ended.expect_status(0);
        ended
    }
}

/// Reads an answer of memprof's to its end.
pub(crate) fn answer(stream: &mut TcpStream) -> Answer {
    let answer = any_answer(stream);
    if answer.status != 200 {
        let text = answer.text();
        assert!(text.ends_with('\n') && text.lines().count() == 1, "a refusal is one line: {text:?}");
    }
    answer
}

/// Reads the answer of any server to its end.
pub(crate) fn any_answer(stream: &mut TcpStream) -> Answer {
    let mut bytes = Vec::new();
    stream.read_to_end(&mut bytes).unwrap();
    let end = bytes.windows(4).position(|bytes| bytes == b"\r\n\r\n").expect("the end of a head");
    let head = String::from_utf8(bytes[..end].to_vec()).unwrap();
    let body = bytes[end + 4..].to_vec();
    let status = head.strip_prefix("HTTP/1.1 ").unwrap()[..3].parse().unwrap();
    Answer { status, head, body }
}

impl Answer {
    pub(crate) fn text(&self) -> String {
        String::from_utf8(self.body.clone()).unwrap()
    }

    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        let lines = self.head.lines().filter_map(|line| line.split_once(": "));
        lines.filter(|(other, _)| *other == name).map(|(_, value)| value).next()
    }
}
