//! A server with the live page, and any answer in place of the figures.

use std::io::{BufRead, BufReader, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};

/// A server to the end of the test.
pub struct Fake {
    /// Status and body of the answer to the request for figures.
    answer: Arc<Mutex<(u16, String)>>,
    pub url: String,
}

impl Fake {
    pub fn start(status: u16, body: &str) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let url = format!("http://{}/", listener.local_addr().expect("an address"));
        let answer = Arc::new(Mutex::new((status, body.to_owned())));
        let shared = Arc::clone(&answer);
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let shared = Arc::clone(&shared);
                // A browser opens connections that it does not use.
                std::thread::spawn(move || respond(stream, &shared));
            }
        });
        Self { answer, url }
    }

    /// Answers otherwise from now on.
    pub fn set(&self, status: u16, body: &str) {
        *self.answer.lock().expect("no thread has panicked") = (status, body.to_owned());
    }
}

fn respond(stream: TcpStream, answer: &Mutex<(u16, String)>) -> std::io::Result<()> {
    let mut reader = BufReader::new(stream);
    let mut line = String::new();
    reader.read_line(&mut line)?;
    let mut header = String::new();
    while reader.read_line(&mut header)? > 2 {
        header.clear();
    }
    let (kind, status, body) = if line.starts_with("GET / ") {
        let page = memprof::serve::respond("GET", "/", "", &[("Host", "localhost")]);
        ("text/html", page.status, String::from_utf8_lossy(&page.body).into_owned())
    } else {
        let (status, body) = answer.lock().expect("no thread has panicked").clone();
        ("application/json", status, body)
    };
    let length = body.len();
    let head = format!("HTTP/1.1 {status} x\r\nContent-Type: {kind}; charset=utf-8\r\nContent-Length: {length}");
    let stream = reader.get_mut();
    write!(stream, "{head}\r\nConnection: close\r\n\r\n")?;
    stream.write_all(body.as_bytes())
}
