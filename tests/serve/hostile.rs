//! Clients that do not keep the rules.

use crate::client::{Server, answer, program};
use std::io::Write;
use std::net::{Shutdown, TcpStream};
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

#[test]
fn many_bad_clients_leave_nothing_behind() {
    let server = Server::start(program().arg("idle"));
    let files =
        |server: &Server| std::fs::read_dir(format!("/proc/{}/fd", server.program.pid())).map_or(0, Iterator::count);
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
