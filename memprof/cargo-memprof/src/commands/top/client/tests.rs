//! Requests to servers that answer well, badly, slowly, and not at all.

use std::io::Write;
use std::net::{TcpListener, TcpStream};
use std::time::Instant;

use super::*;

/// Answers one request with `answer`, and gives the address and the request.
fn server(answer: impl FnOnce(TcpStream) + Send + 'static) -> (Address, Receiver<String>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = Address::parse(&listener.local_addr().unwrap().to_string()).unwrap();
    let (send, request) = mpsc::channel();
    thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        let mut text = Vec::new();
        let mut part = [0; 1024];
        while !text.ends_with(b"\r\n\r\n") {
            match stream.read(&mut part) {
                Ok(0) | Err(_) => break,
                Ok(count) => text.extend_from_slice(&part[..count]),
            }
        }
        let _ = send.send(String::from_utf8_lossy(&text).into_owned());
        answer(stream);
    });
    (address, request)
}

fn says(text: &str) -> impl FnOnce(TcpStream) + Send + use<> {
    let text = text.to_owned();
    move |mut stream| drop(stream.write_all(text.as_bytes()))
}

fn asked(address: Address) -> Result<Report, Refusal> {
    Client::with_patience(address, None, Duration::from_secs(1)).figures()
}

fn refused(answer: &str) -> String {
    asked(server(says(answer)).0).unwrap_err().to_string()
}

#[test]
fn a_report_is_read_with_the_token() {
    let mut report = Report::default();
    report.schema_version = 1;
    report.program.name = "shop".into();
    let body = report.to_json();
    let answer = format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n{body}", body.len());
    let (address, request) = server(says(&answer));
    let client = Client::new(address, Some("0123456789abcdef".into()));
    assert_eq!(client.figures().unwrap().program.name, "shop");
    let request = request.recv().unwrap().to_ascii_lowercase();
    assert!(request.starts_with("get /report.json?names=0 http/1.1\r\n"), "{request}");
    assert!(request.contains("authorization: bearer 0123456789abcdef\r\n"), "{request}");
}

#[test]
fn each_refusal_has_its_reason() {
    let cases = [
        ("HTTP/1.1 401 Unauthorized\r\n\r\nthe token is missing", "asks for a token: set MEMPROF_SERVE_TOKEN"),
        ("HTTP/1.1 500 Internal\r\nContent-Length: 5\r\n\r\nbad\u{1b}[31m\n\n", "answers 500: bad\\u{1b}["),
        ("HTTP/1.1 503 Unavailable\r\n\r\nmemprof is not running\n", "answers 503: memprof is not running"),
        ("HTTP/1.1 404 Not Found\r\n\r\n", "answers 404: name the path"),
        ("HTTP/1.1 302 Found\r\nLocation: https://example.com/\r\n\r\n", "redirects to https://example.com/: name"),
        ("HTTP/1.1 204 No Content\r\n\r\n", "answers 204"),
        ("HTTP/1.1 200 OK\r\n\r\n<html>", "does not answer with a report of memprof"),
        ("HTTP/1.1 200 OK\r\n\r\n{\"program\": 1}", "does not answer with a report of memprof"),
        ("HTTP/1.1 200 OK\r\n\r\n", "does not answer with a report of memprof"),
        ("HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{", "did not send its whole answer"),
        ("SSH-2.0-OpenSSH_9.2\r\n", "does not answer with a report of memprof (this is not HTTP)"),
        ("\u{0}\u{1}\u{2}", "does not answer"),
        ("", "does not answer"),
    ];
    for (answer, reason) in cases {
        let said = refused(answer);
        assert!(said.contains(reason) && said.starts_with("127.0.0.1:"), "{answer:?}: {said}");
        assert!(said.len() < 500 && !said.contains(char::is_control), "{said}");
    }
    let many = format!("HTTP/1.1 200 OK\r\n{}\r\n", "X-Header: value\r\n".repeat(100_000));
    assert!(refused(&many).contains("does not answer"), "{}", refused(&many));
    let nested = format!("HTTP/1.1 200 OK\r\n\r\n{{\"later\": {}", "[".repeat(1_000_000));
    assert!(refused(&nested).contains("does not answer with a report"), "{}", refused(&nested));
}

#[test]
fn a_wrong_token_is_said() {
    let (address, _) = server(says("HTTP/1.1 401 Unauthorized\r\n\r\n"));
    let refusal = Client::new(address, Some("wrong".into())).figures().unwrap_err();
    assert!(refusal.to_string().contains("does not accept this token"), "{refusal}");
    let (address, _) = server(says(""));
    let refusal = Client::new(address, Some("two\nlines".into())).figures().unwrap_err();
    assert!(refusal.reason.contains("characters that HTTP does not allow"), "{refusal}");
}

#[test]
fn what_is_not_utf_8_is_no_report() {
    let (address, _) = server(|mut stream| drop(stream.write_all(b"HTTP/1.1 200 OK\r\n\r\n\xff\xfe{}")));
    let said = asked(address).unwrap_err().to_string();
    assert!(said.ends_with("does not answer with a report of memprof (it is not UTF-8)"), "{said}");
}

#[test]
fn an_endless_answer_is_not_read_to_its_end() {
    let (address, _) = server(|mut stream| {
        let part = vec![b' '; 1 << 20];
        let _ = stream.write_all(b"HTTP/1.1 200 OK\r\n\r\n");
        while stream.write_all(&part).is_ok() {}
    });
    let refusal = Client::new(address, None).figures().unwrap_err();
    assert!(refusal.reason.contains("more than 64 MB"), "{refusal}");
}

#[test]
fn a_slow_server_is_not_waited_for_without_end() {
    let drops: [&str; 2] = ["HTTP/1.1 200 OK\r\n\r\n", "HTTP/1.1 200 OK\r\nX: "];
    for start in drops {
        let (address, _) = server(move |mut stream| {
            let _ = stream.write_all(start.as_bytes());
            while stream.write_all(b" ").is_ok() {
                thread::sleep(Duration::from_millis(50));
            }
        });
        let begun = Instant::now();
        let said = asked(address).unwrap_err().to_string();
        assert!(said.contains("in time"), "{said}");
        assert!(begun.elapsed() < Duration::from_secs(5), "{:?}", begun.elapsed());
    }
}

#[test]
fn nothing_at_the_address_is_said_with_what_to_do() {
    let free = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let said = asked(Address::parse(&free.to_string()).unwrap()).unwrap_err().to_string();
    let expected =
        format!("{free} does not answer (nothing listens there): start the program with the feature `serve`");
    assert!(said.starts_with(&expected), "{said}");
    let said = asked(Address::parse("no-such-host.invalid:1").unwrap()).unwrap_err().to_string();
    assert!(said.starts_with("no-such-host.invalid:1 does not answer ("), "{said}");
}
