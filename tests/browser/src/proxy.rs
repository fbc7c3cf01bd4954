//! A server that has mounted another one under a path.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};

/// Mounts the server at `address` under `/inner`. Returns the host and port at which it answers, to the end of the test.
pub fn mount(address: &str) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let own = listener.local_addr().expect("an address").to_string();
    let address = address.to_owned();
    std::thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            let address = address.clone();
            // A browser opens connections that it does not use.
            std::thread::spawn(move || pass_on(stream, &address));
        }
    });
    own
}

/// Answers one request.
fn pass_on(stream: TcpStream, address: &str) -> std::io::Result<()> {
    let mut reader = BufReader::new(stream);
    let mut line = String::new();
    reader.read_line(&mut line)?;
    let mut header = String::new();
    while reader.read_line(&mut header)? > 2 {
        header.clear();
    }
    let target = line.split(' ').nth(1).unwrap_or_default();
    let answer = match target.strip_prefix("/inner") {
        Some(rest) => {
            let slash = if rest.starts_with('/') { "" } else { "/" };
            let mut inner = TcpStream::connect(address)?;
            write!(inner, "GET {slash}{rest} HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n\r\n")?;
            let mut bytes = Vec::new();
            inner.read_to_end(&mut bytes)?;
            bytes
        }
        None => b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\nConnection: close\r\n\r\n".to_vec(),
    };
    reader.get_mut().write_all(&answer)
}
