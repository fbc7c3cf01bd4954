//! One connection: a request, its answer, and the end. It never blocks.

use super::readings;
use super::response::Response;
use super::routes::{self, ProfileRoute, Route};
use crate::report::Report;
use std::io::{self, Read, Write};
use std::net::{Shutdown, TcpStream};
use std::sync::Arc;
use std::time::{Duration, Instant};

/// Longest request, without its end.
const LONGEST_REQUEST: usize = 8 << 10;
/// Time to send a request.
const TO_SEND: Duration = Duration::from_secs(5);
/// Time to read an answer.
const TO_READ: Duration = Duration::from_secs(30);
/// Time for the client to close the connection.
const TO_CLOSE: Duration = Duration::from_secs(1);

/// A connection and its state.
#[derive(Debug)]
pub(super) struct Connection {
    stream: TcpStream,
    state: State,
    deadline: Instant,
}

#[derive(Debug)]
enum State {
    Reading(Vec<u8>),
    /// The second reading of a difference is not due.
    Waiting {
        profile: ProfileRoute,
        first: Arc<Report>,
        is_head: bool,
    },
    Writing {
        answer: Vec<u8>,
        sent: usize,
    },
    /// The answer is sent. Closing at once would discard it if bytes of the client are unread.
    Closing,
}

/// Result of a step.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum StepResult {
    Moved,
    Idle,
    Over,
}

impl Connection {
    pub(super) fn new(stream: TcpStream) -> io::Result<Self> {
        stream.set_nonblocking(true)?;
        Ok(Self { stream, state: State::Reading(Vec::new()), deadline: Instant::now() + TO_SEND })
    }

    /// A connection beyond the limit: it only gets a refusal.
    pub(super) fn refused(stream: TcpStream) -> io::Result<Self> {
        let mut connection = Self::new(stream)?;
        connection.answer(Response::later(1, "too many connections"), false);
        connection.deadline = Instant::now() + TO_CLOSE;
        Ok(connection)
    }

    /// False once the answer is sent.
    pub(super) fn is_open(&self) -> bool {
        !matches!(self.state, State::Closing)
    }

    /// Goes on as far as possible without waiting.
    pub(super) fn step(&mut self) -> StepResult {
        let is_late = Instant::now() >= self.deadline;
        match &mut self.state {
            State::Reading(request) => match read(&mut self.stream, request) {
                Received::More if request.len() <= LONGEST_REQUEST && !is_whole(request) => StepResult::Moved,
                Received::More => {
                    let request = std::mem::take(request);
                    self.begin(&request);
                    StepResult::Moved
                }
                Received::Nothing if is_late => {
                    self.answer(Response::refusal(408, "the request took more than 5 s"), false);
                    StepResult::Moved
                }
                Received::Nothing => StepResult::Idle,
                Received::End if !request.is_empty() => {
                    self.answer(Response::refusal(400, "the request is incomplete"), false);
                    StepResult::Moved
                }
                Received::End => StepResult::Over,
            },
            State::Waiting { profile, first, is_head } => {
                let (profile, first, is_head) = (*profile, Arc::clone(first), *is_head);
                // What a client sends meanwhile is no request.
                if read(&mut self.stream, &mut Vec::new()) == Received::End {
                    return StepResult::Over;
                }
                if !is_late {
                    return StepResult::Idle;
                }
                let answer = match readings::named() {
                    Ok(last) => routes::difference(profile, &first, &last),
                    Err(error) => routes::unavailable(&error),
                };
                self.answer(answer, is_head);
                StepResult::Moved
            }
            State::Writing { answer, sent } => {
                let rest = answer.get(*sent..).unwrap_or_default();
                if rest.is_empty() {
                    let _ = self.stream.shutdown(Shutdown::Write);
                    (self.state, self.deadline) = (State::Closing, Instant::now() + TO_CLOSE);
                    return StepResult::Moved;
                }
                match self.stream.write(rest) {
                    Ok(0) => StepResult::Over,
                    Ok(bytes) => {
                        *sent += bytes;
                        if is_late { StepResult::Over } else { StepResult::Moved }
                    }
                    Err(error) => match error.kind() {
                        io::ErrorKind::Interrupted => StepResult::Moved,
                        io::ErrorKind::WouldBlock if !is_late => StepResult::Idle,
                        _ => StepResult::Over,
                    },
                }
            }
            State::Closing if is_late => StepResult::Over,
            State::Closing => match read(&mut self.stream, &mut Vec::new()) {
                Received::More => StepResult::Moved,
                Received::Nothing => StepResult::Idle,
                Received::End => StepResult::Over,
            },
        }
    }

    /// Answers a request, or waits for the second reading of a difference.
    fn begin(&mut self, request: &[u8]) {
        let request = match RequestHead::of(request) {
            Ok(request) => request,
            Err(refusal) => return self.answer(refusal, false),
        };
        let is_head = request.method == "HEAD";
        let answer = match routes::route(request.method, request.path, request.query, &request.headers) {
            Err(answer) => answer,
            Ok(Route::Profile(profile @ ProfileRoute { seconds: Some(seconds), .. })) => match readings::named() {
                Ok(first) => {
                    self.deadline = Instant::now() + Duration::from_secs(seconds);
                    self.state = State::Waiting { profile, first, is_head };
                    return;
                }
                Err(error) => routes::unavailable(&error),
            },
            Ok(route) => routes::now(route),
        };
        self.answer(answer, is_head);
    }

    fn answer(&mut self, response: Response, is_head: bool) {
        self.state = State::Writing { answer: message(&response, is_head), sent: 0 };
        self.deadline = Instant::now() + TO_READ;
    }
}

/// Result of reading from a socket.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Received {
    More,
    Nothing,
    End,
}

fn read(stream: &mut TcpStream, request: &mut Vec<u8>) -> Received {
    let mut part = [0; 2048];
    match stream.read(&mut part) {
        Ok(0) => Received::End,
        Ok(bytes) => {
            request.extend_from_slice(part.get(..bytes).unwrap_or_default());
            Received::More
        }
        Err(error) => match error.kind() {
            io::ErrorKind::WouldBlock | io::ErrorKind::Interrupted => Received::Nothing,
            _ => Received::End,
        },
    }
}

fn is_whole(request: &[u8]) -> bool {
    request.windows(4).any(|bytes| bytes == b"\r\n\r\n")
}

/// The bytes of an answer.
fn message(response: &Response, is_head: bool) -> Vec<u8> {
    let reason = match response.status {
        200 => "OK",
        303 => "See Other",
        400 => "Bad Request",
        401 => "Unauthorized",
        403 => "Forbidden",
        404 => "Not Found",
        405 => "Method Not Allowed",
        408 => "Request Timeout",
        431 => "Request Header Fields Too Large",
        503 => "Service Unavailable",
        505 => "HTTP Version Not Supported",
        _ => "",
    };
    let mut message = format!("HTTP/1.1 {} {reason}\r\n", response.status);
    for (name, value) in &response.headers {
        message.push_str(&format!("{name}: {value}\r\n"));
    }
    message.push_str(&format!("Content-Length: {}\r\nConnection: close\r\n\r\n", response.body.len()));
    let mut message = message.into_bytes();
    if !is_head {
        message.extend_from_slice(&response.body);
    }
    message
}

/// The head of a request.
#[derive(Debug)]
struct RequestHead<'r> {
    method: &'r str,
    path: &'r str,
    query: &'r str,
    headers: Vec<(&'r str, &'r str)>,
}

impl<'r> RequestHead<'r> {
    fn of(bytes: &'r [u8]) -> Result<Self, Response> {
        let end = bytes.windows(4).position(|bytes| bytes == b"\r\n\r\n");
        let Some(end) = end.filter(|end| *end <= LONGEST_REQUEST) else {
            return Err(Response::refusal(431, "the request is longer than 8 KiB"));
        };
        let bad = |line: &str| Response::refusal(400, line);
        let head = bytes.get(..end).and_then(|head| std::str::from_utf8(head).ok());
        let head = head.ok_or_else(|| bad("the request is not text in UTF-8"))?;
        if head.replace("\r\n", "").contains(|letter: char| letter.is_control() && letter != '\t') {
            return Err(bad("the request has control characters"));
        }
        let mut lines = head.split("\r\n");
        let mut words = lines.next().unwrap_or_default().split(' ');
        let (Some(method), Some(target), Some(version), None) =
            (words.next(), words.next(), words.next(), words.next())
        else {
            return Err(bad("the first line is not METHOD PATH VERSION"));
        };
        if !matches!(version, "HTTP/1.1" | "HTTP/1.0") {
            return Err(Response::refusal(505, "only HTTP/1.1 and HTTP/1.0 are answered"));
        }
        if !target.starts_with('/') {
            return Err(bad("the path must begin with /"));
        }
        let target = target.split('#').next().unwrap_or_default();
        let (path, query) = target.split_once('?').unwrap_or((target, ""));
        let headers = lines.map(header).collect::<Option<Vec<_>>>().ok_or_else(|| bad("a header is malformed"))?;
        if headers.iter().filter(|(name, _)| name.eq_ignore_ascii_case("Host")).count() > 1 {
            return Err(bad("there is more than one Host"));
        }
        Ok(Self { method, path, query, headers })
    }
}

fn header(line: &str) -> Option<(&str, &str)> {
    let (name, value) = line.split_once(':')?;
    let is_valid = |byte: u8| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte);
    (!name.is_empty() && name.bytes().all(is_valid)).then(|| (name, value.trim()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn status(request: &[u8]) -> u16 {
        RequestHead::of(request).map_or_else(|refusal| refusal.status, |_| 200)
    }

    #[test]
    fn requests_are_read() {
        let request =
            RequestHead::of(b"GET /a/b?c=d&e#f HTTP/1.1\r\nHost: x\r\nA-b:  c: d \r\nEmpty:\r\n\r\nrest").unwrap();
        assert_eq!((request.method, request.path, request.query), ("GET", "/a/b", "c=d&e"));
        assert_eq!(request.headers, [("Host", "x"), ("A-b", "c: d"), ("Empty", "")]);
        assert_eq!(status(b"GET / HTTP/1.0\r\n\r\n"), 200);
    }

    #[test]
    fn bad_requests_are_refused() {
        for (request, expected) in [
            (b"\r\n\r\n".as_slice(), 400),
            (b"GET\r\n\r\n", 400),
            (b"GET /\r\n\r\n", 400),
            (b"GET  / HTTP/1.1\r\n\r\n", 400),
            (b"GET / HTTP/1.1 x\r\n\r\n", 400),
            (b"GET / HTTP/2.0\r\n\r\n", 505),
            (b"PRI * HTTP/2.0\r\n\r\n", 505),
            (b"GET http://localhost/ HTTP/1.1\r\n\r\n", 400),
            (b"GET / HTTP/1.1\r\nno colon\r\n\r\n", 400),
            (b"GET / HTTP/1.1\r\nHost : x\r\n\r\n", 400),
            (b"GET / HTTP/1.1\r\nA: b\r\n folded\r\n\r\n", 400),
            (b"GET / HTTP/1.1\r\nHost: a\r\nhost: b\r\n\r\n", 400),
            (b"GET / HTTP/1.1\r\nA: \xff\r\n\r\n", 400),
            (b"GET / HTTP/1.1\r\nA: b\nC: d\r\n\r\n", 400),
            (b"GET /\0 HTTP/1.1\r\n\r\n", 400),
            (b"GET / HTTP/1.1\n\n", 431),
        ] {
            assert_eq!(status(request), expected, "{}", String::from_utf8_lossy(request));
        }
        let long = |length: usize| format!("GET / HTTP/1.1\r\nA: {}\r\n\r\n", "x".repeat(length));
        assert_eq!((status(long(8_000).as_bytes()), status(long(9_000).as_bytes())), (200, 431));
    }

    #[test]
    fn an_answer_has_its_length_and_head_has_no_body() {
        let response = Response::refusal(404, "none");
        let text = |is_head| String::from_utf8(message(&response, is_head)).unwrap();
        assert!(text(false).starts_with("HTTP/1.1 404 Not Found\r\nContent-Type: text/plain; charset=utf-8\r\n"));
        assert!(text(false).ends_with("Content-Length: 5\r\nConnection: close\r\n\r\nnone\n"));
        assert!(text(true).ends_with("Content-Length: 5\r\nConnection: close\r\n\r\n"));
    }
}
