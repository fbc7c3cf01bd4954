//! Start and end of the server.

use crate::client::{Server, program};
use memprof_tests::Profile;
use std::net::{TcpListener, TcpStream};
use std::time::{Duration, Instant};

#[test]
fn a_taken_port_is_a_warning() {
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap();
    let program = program().env("MEMPROF_SERVE_ADDRESS", address.to_string()).file("work/stop", "");
    let ended = program.run();
    ended.expect_status(0);
    let warning = format!("nothing is served at {address}: ");
    assert!(ended.stderr.contains(&format!("memprof: {warning}")), "{}", ended.stderr);
    let report = ended.expect_report();
    assert!(report.warnings.iter().any(|line| line.starts_with(&warning)), "{:?}", report.warnings);
}

#[test]
fn addresses_for_others_need_a_token() {
    for address in ["0.0.0.0:0", "[::]:0"] {
        let ended = program().env("MEMPROF_SERVE_ADDRESS", address).file("work/stop", "").run();
        let report = ended.expect_status(0).expect_report();
        let expected = format!(
            "nothing is served at {address}: other machines can reach this address; set serve_token, or use 127.0.0.1"
        );
        assert_eq!(report.warnings, [expected]);
    }
}

#[test]
fn a_program_ends_while_it_is_asked() {
    let server = Server::start(program());
    let mut waiting = server.connect();
    std::io::Write::write_all(&mut waiting, b"GET /debug/pprof/heap?seconds=60 HTTP/1.1\r\nHost: localhost\r\n\r\n")
        .unwrap();
    std::thread::sleep(Duration::from_millis(100));
    let begun = Instant::now();
    server.end().expect_report();
    assert!(begun.elapsed() < Duration::from_secs(10), "{:?}", begun.elapsed());
}

#[test]
fn the_server_ends_with_its_profile_and_begins_with_the_next() {
    let free = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let headers = [("Host", "localhost")];
    for _ in 0..3 {
        let profile = Profile::with(|config| config.serve.serve_address = free.to_string());
        assert!(TcpStream::connect(free).is_ok());
        assert_eq!(memprof::serve::respond("GET", "/metrics", "", &headers).status, 200);
        assert_eq!(memprof::serve::respond("HEAD", "/metrics", "", &headers).body, b"");
        assert!(profile.report().warnings.is_empty());
        drop(profile);
        assert_eq!(memprof::serve::respond("GET", "/metrics", "", &headers).status, 503);
        let begun = Instant::now();
        while TcpStream::connect(free).is_ok() {
            assert!(begun.elapsed() < Duration::from_secs(10));
            std::thread::sleep(Duration::from_millis(10));
        }
    }
}

#[cfg(unix)]
#[test]
fn a_child_does_not_keep_the_port() {
    let mut server = Server::start(program().arg("forks"));
    server.program.wait_for("forked");
    assert_eq!(server.get("/metrics").status, 200);
    let address = server.address;
    server.end().expect_report();
    // The child lives for seconds.
    assert!(TcpStream::connect(address).is_err(), "somebody listens at {address}");
}

#[test]
fn a_difference_without_a_socket_is_asked_for_twice() {
    let _profile = Profile::with(|_| {});
    let headers = [("Host", "localhost")];
    let ask = || memprof::serve::respond("GET", "/debug/pprof/allocs", "seconds=1", &headers);
    let first = ask();
    assert_eq!((first.status, first.headers.last()), (503, Some(&("Retry-After", "1".to_owned()))));
    std::thread::sleep(Duration::from_millis(1_100));
    let second = ask();
    assert_eq!(second.status, 200);
    assert!(second.body.starts_with(&[0x1f, 0x8b]), "gzip");
    assert_eq!(ask().status, 503, "the next difference");
}
