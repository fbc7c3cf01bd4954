//! A service with 64 connections for a minute, while it is scraped each second and profiled, beside the same service
//! without memprof: `PLAIN_SERVICE` names that. `.ci/serve` builds both.
#![cfg(feature = "profiled")]
#![allow(missing_docs)]

use memprof::Report;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::path::Path;
use std::process::{Child, ChildStdout, Command, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

const CONNECTIONS: u32 = 64;
/// Requests a second of all connections.
const RATE: u32 = 1_600;
const ROUNDS: u32 = 6;
const ROUND: Duration = Duration::from_secs(10);
/// Allocated by `candidates` in a request: a list of 60 vectors, and 60 blocks.
const CANDIDATES_BYTES: u64 = 60 * 24 + 60 * 64 + 16 * (59 * 60 / 2);

/// A service that runs.
struct Service {
    process: Child,
    address: String,
    /// Kept, so that the service can write to it.
    _output: BufReader<ChildStdout>,
}

impl Service {
    fn start(executable: &str, folder: &Path) -> Self {
        let mut process = Command::new(executable)
            .current_dir(folder)
            .env("MEMPROF_SERVE_ADDRESS", "127.0.0.1:0")
            .stdout(Stdio::piped())
            .stderr(std::fs::File::create(folder.join("said")).unwrap())
            .spawn()
            .unwrap_or_else(|error| panic!("{executable}: {error}"));
        let mut output = BufReader::new(process.stdout.take().unwrap());
        let mut line = String::new();
        output.read_line(&mut line).unwrap();
        let address = line.trim().strip_prefix("http://").unwrap().trim_end_matches('/').to_owned();
        Self { process, address, _output: output }
    }

    fn end(mut self) {
        assert_eq!(get(&self.address, "/quit").0, 200);
        assert!(self.process.wait().unwrap().success());
    }
}

/// After a test that failed.
impl Drop for Service {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// One request on a connection of its own: the status and the body.
fn get(address: &str, target: &str) -> (u16, Vec<u8>) {
    let mut stream = TcpStream::connect(address).unwrap();
    let request = format!("GET {target} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n");
    stream.write_all(request.as_bytes()).unwrap();
    let mut bytes = Vec::new();
    stream.read_to_end(&mut bytes).unwrap();
    let end = bytes.windows(4).position(|part| part == b"\r\n\r\n").expect("the end of a head");
    let status = std::str::from_utf8(&bytes[9..12]).unwrap().parse().unwrap();
    (status, bytes.split_off(end + 4))
}

/// A connection that asks at fixed moments. The time of an answer counts from the moment it should have been asked for.
fn ask(address: &str, number: u32, latencies: &mut Vec<Duration>) {
    let mut stream = BufReader::new(TcpStream::connect(address).unwrap());
    stream.get_ref().set_nodelay(true).unwrap();
    let pause = Duration::from_secs(1) * CONNECTIONS / RATE;
    let begun = Instant::now() + pause * number / CONNECTIONS;
    let mut due = begun;
    let mut turn = number;
    while due < begun + ROUND {
        thread::sleep(due.saturating_duration_since(Instant::now()));
        let request = format!("GET /search?wanted={turn} HTTP/1.1\r\nHost: localhost\r\n\r\n");
        stream.get_mut().write_all(request.as_bytes()).unwrap();
        let mut length = 0;
        let mut line = String::new();
        while line != "\r\n" {
            line.clear();
            assert!(stream.read_line(&mut line).unwrap() > 0, "the service has closed the connection");
            if let Some(value) = line.strip_prefix("content-length: ") {
                length = value.trim().parse().unwrap();
            }
        }
        let mut body = vec![0; length];
        stream.read_exact(&mut body).unwrap();
        assert_eq!(body, b"1008", "the largest candidate");
        latencies.push(due.elapsed());
        due += pause;
        turn += CONNECTIONS;
    }
}

/// A round of all connections.
fn load(address: &str, latencies: &mut Vec<Duration>) {
    thread::scope(|scope| {
        let connections = (0..CONNECTIONS).map(|number| {
            scope.spawn(move || {
                let mut latencies = Vec::new();
                ask(address, number, &mut latencies);
                latencies
            })
        });
        let connections: Vec<_> = connections.collect();
        connections.into_iter().for_each(|connection| latencies.extend(connection.join().unwrap()));
    });
}

fn metric(text: &str, name: &str) -> f64 {
    let line = text.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(' '));
    line.unwrap_or_else(|| panic!("no {name} in {text}")).parse().unwrap()
}

/// Requests to the server of memprof meanwhile.
#[derive(Debug, Default)]
struct Asked {
    scrapes: u32,
    profiles: u32,
}

/// Scrapes each second and profiles each 5 s, until it is done.
fn observe(address: &str, done: &AtomicBool) -> Asked {
    let mut asked = Asked::default();
    let profile = || {
        let (status, body) = get(address, "/debug/pprof/allocs?seconds=5");
        assert_eq!((status, &body[..2]), (200, &[0x1f, 0x8b][..]), "{}", String::from_utf8_lossy(&body));
    };
    thread::scope(|scope| {
        let profiles = scope.spawn(|| {
            let mut profiles = 0;
            while !done.load(Ordering::Acquire) {
                profile();
                profiles += 1;
            }
            profiles
        });
        let mut calls = 0.0;
        while !done.load(Ordering::Acquire) {
            let (status, body) = get(address, "/metrics");
            let text = String::from_utf8(body).unwrap();
            assert_eq!(status, 200, "{text}");
            let name = "memprof_function_calls_total{function=\"memprof_fleet::search\"}";
            let now = if text.contains(name) { metric(&text, name) } else { 0.0 };
            assert!(now >= calls, "a counter fell from {calls} to {now}");
            calls = now;
            asked.scrapes += 1;
            thread::sleep(Duration::from_secs(1));
        }
        asked.profiles = profiles.join().unwrap();
    });
    asked
}

fn quantile(latencies: &mut [Duration], share: f64) -> f64 {
    latencies.sort_unstable();
    latencies[((latencies.len() - 1) as f64 * share) as usize].as_secs_f64() * 1e6
}

#[test]
fn nothing_is_lost_under_load() {
    let Some(plain) = std::env::var_os("PLAIN_SERVICE") else {
        println!("skipped: PLAIN_SERVICE names no service without memprof; .ci/serve builds it");
        return;
    };
    let folder = tempfile::tempdir().unwrap();
    let plain_folder = tempfile::tempdir().unwrap();
    let service = Service::start(env!("CARGO_BIN_EXE_memprof-fleet"), folder.path());
    let plain = Service::start(plain.to_str().unwrap(), plain_folder.path());
    let said = std::fs::read_to_string(folder.path().join("said")).unwrap();
    let (_, rest) = said.split_once("memprof: serving http://").unwrap_or_else(|| panic!("{said}"));
    let observed = rest.split_once("/\n").unwrap().0;

    let mut asked = Asked::default();
    let (mut with, mut without) = (Vec::new(), Vec::new());
    for _ in 0..ROUNDS {
        load(&plain.address, &mut without);
        let done = AtomicBool::new(false);
        thread::scope(|scope| {
            let observer = scope.spawn(|| observe(observed, &done));
            load(&service.address, &mut with);
            done.store(true, Ordering::Release);
            let round = observer.join().unwrap();
            asked.scrapes += round.scrapes;
            asked.profiles += round.profiles;
        });
    }
    service.end();
    plain.end();

    let path = folder.path().join("data/logs/memory_allocations.json");
    let report = Report::from_json(&std::fs::read_to_string(path).unwrap()).unwrap();
    let row = |name: &str| {
        let name = format!("memprof_fleet::{name}");
        report.functions.iter().find(|row| row.name == name).unwrap_or_else(|| panic!("no {name}"))
    };
    let requests = with.len() as u64;
    for name in ["search", "candidates", "rank", "remember"] {
        assert_eq!(row(name).calls, requests, "{name}");
    }
    assert_eq!(row("candidates").self_allocated_count, 61 * requests);
    assert_eq!(row("candidates").self_allocated_bytes, CANDIDATES_BYTES * requests);
    assert!(asked.scrapes >= 50 && asked.profiles >= 6, "{asked:?}");

    println!("{requests} requests at {RATE} a second, {asked:?}");
    for (name, share) in [("median", 0.5), ("90 %", 0.9), ("99 %", 0.99)] {
        let (with, without) = (quantile(&mut with, share), quantile(&mut without, share));
        println!("{name}: {with:.0} µs with memprof, {without:.0} µs without: {:.2} times", with / without);
    }
}
