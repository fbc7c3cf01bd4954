//! Clients that do not keep the rules.

use crate::client::{Server, answer, program};
use std::io::{Read, Write};
use std::net::{Shutdown, TcpStream};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

#[test]
fn bad_requests_have_a_status_and_one_line() {
    let server = Server::start(program());
    let long = format!("GET / HTTP/1.1\r\nHost: localhost\r\nA: {}\r\n\r\n", "x".repeat(9_000));
    let endless = "x".repeat(100_000);
    for (request, status) in [
        ("POST /metrics HTTP/1.1\r\nHost: localhost\r\nContent-Length: 3\r\n\r\nabc", 405),
        ("DELETE / HTTP/1.1\r\nHost: localhost\r\n\r\n", 405),
        ("get / HTTP/1.1\r\nHost: localhost\r\n\r\n", 405),
        ("GET / HTTP/3\r\nHost: localhost\r\n\r\n", 505),
        ("GET http://localhost/ HTTP/1.1\r\nHost: localhost\r\n\r\n", 400),
        ("GET / HTTP/1.1\r\nHost: localhost\r\nHost: localhost\r\n\r\n", 400),
        ("GET / HTTP/1.1\r\nHost: localhost\r\nno colon\r\n\r\n", 400),
        ("\r\n\r\n", 400),
        ("\0\0\0\0\r\n\r\n", 400),
        (&long, 431),
        (&endless, 431),
    ] {
        let answer = server.send(request.as_bytes());
        assert_eq!(answer.status, status, "{}", &request[..request.len().min(80)]);
    }
    let mut stream = server.connect();
    stream.write_all(b"GET / HT").unwrap();
    stream.shutdown(Shutdown::Write).unwrap();
    assert_eq!(answer(&mut stream).status, 400);
    assert_eq!(server.get("/metrics").status, 200);
    server.end();
}

#[test]
fn slow_clients_are_bounded_and_delay_nobody() {
    let server = Server::start(program());
    // The thread for readings over time begins once there is a second thread.
    std::thread::sleep(Duration::from_millis(500));
    let threads = server.threads();
    let begun = Instant::now();
    let mut slow: Vec<TcpStream> = (0..7).map(|_| server.connect()).collect();
    slow.iter_mut().for_each(|stream| stream.write_all(b"GET /metrics").unwrap());
    for _ in 0..5 {
        assert_eq!(server.get("/debug/pprof/cmdline").status, 200);
    }
    assert!(begun.elapsed() < Duration::from_secs(4), "{:?}", begun.elapsed());
    // The eighth; then there are too many.
    slow.push(server.connect());
    std::thread::sleep(Duration::from_millis(200));
    let refused = server.get("/metrics");
    assert_eq!((refused.status, refused.header("Retry-After")), (503, Some("1")));
    for mut stream in slow {
        assert_eq!(answer(&mut stream).status, 408);
    }
    assert!(begun.elapsed() >= Duration::from_secs(4), "{:?}", begun.elapsed());
    assert_eq!((server.get("/metrics").status, server.threads()), (200, threads));
    server.end();
}

/// Open files of the program.
fn files(server: &Server) -> usize {
    std::fs::read_dir(format!("/proc/{}/fd", server.program.pid())).map_or(0, Iterator::count)
}

#[test]
fn many_bad_clients_leave_nothing_behind() {
    let server = Server::start(program().arg("idle"));
    server.get("/metrics");
    // The server has a second to close a connection.
    std::thread::sleep(Duration::from_millis(1_500));
    let before = (server.threads(), files(&server));
    for turn in 0..600 {
        let mut stream = server.connect();
        let _ = match turn % 6 {
            0 => stream.write_all(b"GET /met"),
            1 => stream.write_all(&[0xff; 512]),
            2 => stream.write_all("GET / HTTP/1.1\r\nA: ".repeat(500).as_bytes()),
            3 => stream.write_all(b"GET /report.html HTTP/1.1\r\nHost: localhost\r\n\r\n"),
            4 => stream.write_all(b"GET /debug/pprof/heap?seconds=600 HTTP/1.1\r\nHost: localhost\r\n\r\n"),
            _ => Ok(()),
        };
    }
    // Connections that the client has closed go at once, all others in time.
    let begun = Instant::now();
    while (server.threads(), files(&server)) != before {
        assert!(begun.elapsed() < Duration::from_secs(20), "{before:?}");
        std::thread::sleep(Duration::from_millis(50));
    }
    assert_eq!(server.get("/metrics").status, 200);
    server.end().expect_report();
}

/// Sends something wrong, and does not wait for the answer unless `is_patient`.
fn misbehave(server: &Server, turn: usize, is_patient: bool) {
    let mut stream = server.connect();
    let long = "x".repeat(turn % 20_000);
    let host = server.address;
    let request = match turn % 12 {
        0 => "GET /met".to_owned(),
        1 => format!("GET / HTTP/1.1\r\nHost: {host}\r\nA: {long}\r\n\r\n"),
        2 => "GET / HTTP/1.1\r\nHost: attacker.example\r\n\r\n".to_owned(),
        3 => format!("POST /metrics HTTP/1.1\r\nHost: {host}\r\nContent-Length: 1000000\r\n\r\n{long}"),
        4 => format!("GET /{long} HTTP/1.1\r\nHost: {host}\r\n\r\n"),
        5 => format!("GET /report.html HTTP/1.1\r\nHost: {host}\r\n\r\n"),
        6 => format!("GET /debug/pprof/heap?seconds=600 HTTP/1.1\r\nHost: {host}\r\n\r\n"),
        7 => format!("GET / HTTP/1.1\r\nHost: {host}\r\nHost: {host}\r\n\r\n"),
        8 => "GET / HTTP/1.1\r\nA: ".repeat(turn % 900),
        9 => format!("{}\0\u{ffff}\r\n\r\n", &long[..long.len() / 2]),
        10 => format!("GET /metrics HTTP/1.1\r\nHost: {host}\r\n\r\n").repeat(50),
        _ => String::new(),
    };
    // The server may have closed it already.
    let _ = stream.write_all(request.as_bytes());
    match turn % 3 {
        0 => drop(stream.shutdown(Shutdown::Write)),
        1 => drop(stream.shutdown(Shutdown::Both)),
        _ => {}
    }
    if is_patient {
        let _ = stream.set_read_timeout(Some(Duration::from_millis(500)));
        let _ = stream.read(&mut [0; 4096]);
    }
}

/// Memory of the profiler and RSS, bytes, by its own answer.
fn memory(server: &Server) -> (u64, u64) {
    let begun = Instant::now();
    let answer = loop {
        let answer = server.get("/report.json?names=0");
        if answer.status == 200 {
            break answer;
        }
        assert!(begun.elapsed() < Duration::from_secs(60), "{answer:?}");
        std::thread::sleep(Duration::from_millis(100));
    };
    let report = memprof::Report::from_json(&answer.text()).unwrap();
    (report.overhead.profiler_bytes, report.os.rss_bytes.unwrap())
}

#[test]
#[ignore = "takes a minute: .ci/serve runs it"]
fn ten_thousand_bad_clients_leave_nothing_behind() {
    let server = Server::start(program().arg("waits"));
    let round = |clients: usize| {
        let next = AtomicUsize::new(0);
        std::thread::scope(|scope| {
            for thread in 0..16 {
                let (next, server) = (&next, &server);
                scope.spawn(move || {
                    while let turn @ ..10_000 = next.fetch_add(1, Ordering::Relaxed) {
                        if turn >= clients {
                            return;
                        }
                        misbehave(server, turn, thread % 2 == 0);
                    }
                });
            }
        });
        // Connections that the client has closed go at once, all others in time.
        std::thread::sleep(Duration::from_secs(8));
    };
    // What stays of it stays once.
    round(1_000);
    let allocated = |server: &Server| {
        server
            .get("/metrics")
            .text()
            .lines()
            .map(str::to_owned)
            .find(|line| line.starts_with("memprof_allocated_bytes_total"))
    };
    let before = (server.threads(), files(&server), allocated(&server));
    let memory_before = memory(&server);
    round(10_000);
    assert_eq!((server.threads(), files(&server), allocated(&server)), before);
    let memory_after = memory(&server);
    println!("profiler and RSS: {memory_before:?} before 10,000 clients, {memory_after:?} after");
    assert!(memory_after.0 <= memory_before.0 + (1 << 20), "{memory_before:?} {memory_after:?}");
    assert!(memory_after.1 <= memory_before.1 + (4 << 20), "{memory_before:?} {memory_after:?}");
    server.end().expect_report();
}
