//! `respond` in servers of the program: the documents' examples, each asked as a program of its own.

use crate::client::{Answer, answer};
use std::io::{BufRead, BufReader, Write};
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

/// The executable of an example, built here.
fn example(name: &str) -> PathBuf {
    let folder = Path::new(env!("CARGO_BIN_EXE_serves")).parent().unwrap();
    let mut command = Command::new(env!("CARGO"));
    command.current_dir(env!("CARGO_MANIFEST_DIR")).args(["build", "--quiet", "--offline", "--example", name]);
    command.args(["--features", "serve"]);
    if folder.ends_with("release") {
        command.arg("--release");
    }
    let output = command.output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    folder.join("examples").join(name)
}

/// An example that runs. It is ended with the test.
struct Example {
    program: Child,
    address: String,
    _folder: tempfile::TempDir,
}

impl Example {
    fn start(name: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let mut command = Command::new(example(name));
        command.arg("127.0.0.1:0").env("MEMPROF_BACKTRACES", "0").current_dir(folder.path()).stdout(Stdio::piped());
        let mut program = command.spawn().unwrap();
        let output = BufReader::new(program.stdout.take().unwrap());
        let mut example = Self { program, address: String::new(), _folder: folder };
        let said = output.lines().next().unwrap().unwrap();
        let address = said.strip_prefix("http://").and_then(|rest| rest.strip_suffix('/'));
        address.expect("an address").clone_into(&mut example.address);
        example
    }

    fn ask(&self, method: &str, target: &str, host: &str) -> Answer {
        let mut stream = TcpStream::connect(&self.address).unwrap();
        stream.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
        let request = format!("{method} {target} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n");
        stream.write_all(request.as_bytes()).unwrap();
        answer(&mut stream)
    }
}

impl Drop for Example {
    fn drop(&mut self) {
        let _ = self.program.kill();
        let _ = self.program.wait();
    }
}

fn check(name: &str) {
    let server = Example::start(name);
    let get = |target: &str| server.ask("GET", target, "localhost");
    assert_eq!(get("/").text(), "hello");
    for (target, kind) in [
        ("/memprof/", "text/html; charset=utf-8"),
        ("/memprof/metrics", "text/plain; version=0.0.4; charset=utf-8"),
        ("/memprof/report.json", "application/json"),
        ("/memprof/debug/pprof/heap?gc=1", "application/octet-stream"),
        ("/memprof/debug/pprof/allocs?debug=1", "text/plain; charset=utf-8"),
        ("/memprof/debug/pprof/cmdline", "text/plain; charset=utf-8"),
    ] {
        let answer = get(target);
        let head = answer.head.to_ascii_lowercase();
        assert_eq!(answer.status, 200, "{target}");
        assert!(head.contains(&format!("\r\ncontent-type: {kind}")), "{target}: {head}");
        assert!(!answer.body.is_empty(), "{target}");
        let head = server.ask("HEAD", target, "localhost");
        assert_eq!((head.status, head.body.len()), (200, 0), "{target}");
    }
    assert!(get("/memprof/metrics").text().contains("\nmemprof_allocated_bytes_total "));
    let report = memprof::Report::from_json(&get("/memprof/report.json").text()).unwrap();
    memprof_tests::assert_rows_add_up(&report);
    assert!(!report.program.is_final);
    assert_eq!(get("/memprof/x").status, 404);
    assert_eq!(get("/memprof/debug/pprof/heap?seconds=1").status, 503);
    // Another length has readings of its own.
    assert_eq!(get("/memprof/debug/pprof/allocs?seconds=600").status, 503);
    std::thread::sleep(Duration::from_millis(1_200));
    assert_eq!(get("/memprof/debug/pprof/heap?seconds=1").status, 200);
    assert_eq!(server.ask("POST", "/memprof/metrics", "localhost").status, 405);
    assert_eq!(server.ask("GET", "/memprof/metrics", "attacker.example").status, 403);
}

#[test]
fn the_axum_example_answers() {
    check("serve_axum");
}

#[test]
fn the_hyper_example_answers() {
    check("serve_hyper");
}

#[test]
fn examples_are_short() {
    for name in ["axum.rs", "hyper.rs"] {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../memprof/docs/fleet").join(name);
        let lines = std::fs::read_to_string(path).unwrap().lines().count();
        assert!(lines < 60, "{name} has {lines} lines");
    }
}
