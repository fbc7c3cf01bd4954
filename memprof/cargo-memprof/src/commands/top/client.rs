//! Requests for the figures of a program.

use std::fmt::{self, Display};
use std::io::Read;
use std::sync::mpsc::{self, Receiver, Sender};
use std::thread;
use std::time::Duration;

use memprof::__private::texts::printable;
use memprof::Report;
use ureq::{Agent, Body};

use super::address::Address;

/// Longest answer, bytes. The figures of 1,000 functions take 1 MB.
const LONGEST: u64 = 64 << 20;
/// Time for an answer.
const PATIENCE: Duration = Duration::from_secs(30);

/// A program, by its address.
#[derive(Clone)]
pub(super) struct Client {
    agent: Agent,
    address: Address,
    token: Option<String>,
}

/// A request without figures: the reason, and what can be done.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Refusal {
    pub(super) reason: String,
    pub(super) advice: &'static str,
}

impl Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.reason)?;
        if self.advice.is_empty() { Ok(()) } else { write!(f, ": {}", self.advice) }
    }
}

impl Client {
    pub(super) fn new(address: Address, token: Option<String>) -> Self {
        Self::with_patience(address, token, PATIENCE)
    }

    fn with_patience(address: Address, token: Option<String>, patience: Duration) -> Self {
        // The way is the user's: no proxy, no other host by a redirect, which would get the token.
        let config = Agent::config_builder()
            .proxy(None)
            .max_idle_connections(0)
            .max_redirects(0)
            .http_status_as_error(false)
            .timeout_connect(Some(patience.min(Duration::from_secs(5))))
            .timeout_global(Some(patience))
            .build();
        let token = token.or_else(|| address.token.clone());
        Self { agent: config.new_agent(), address, token }
    }

    pub(super) fn address(&self) -> &Address {
        &self.address
    }

    /// The report of the moment.
    pub(super) fn figures(&self) -> Result<Report, Refusal> {
        let mut request = self.agent.get(self.address.figures());
        if let Some(token) = &self.token {
            request = request.header("Authorization", format!("Bearer {token}"));
        }
        let mut response = request.call().map_err(|error| self.failed(&error))?;
        let status = response.status().as_u16();
        if status != 200 {
            let location = response.headers().get("Location").and_then(|value| value.to_str().ok()).map(printable);
            let line = first_line(response.body_mut());
            return Err(self.refused(status, &line, location.as_deref()));
        }
        let mut body = response.body_mut().with_config().limit(LONGEST).reader();
        let mut text = String::new();
        body.read_to_string(&mut text).map_err(|error| self.not_read(error))?;
        Report::from_json(&text).map_err(|error| self.no_report(&error.to_string()))
    }

    fn failed(&self, error: &ureq::Error) -> Refusal {
        let advice = "start the program with the feature `serve` and `serve_address` (MEMPROF_SERVE_ADDRESS), or name \
                      its address";
        let reason = match error {
            ureq::Error::Io(error) if error.kind() == std::io::ErrorKind::ConnectionRefused => {
                "nothing listens there".to_owned()
            }
            ureq::Error::Timeout(_) => "no answer in time".to_owned(),
            ureq::Error::HostNotFound => "the host is not known".to_owned(),
            ureq::Error::Http(_) => {
                return Refusal {
                    reason: "the token or the address has characters that HTTP does not allow".into(),
                    advice: "",
                };
            }
            ureq::Error::Protocol(_) | ureq::Error::LargeResponseHeader(..) => {
                return self.no_report("this is not HTTP");
            }
            error => printable(&error.to_string()),
        };
        Refusal { reason: format!("{} does not answer ({reason})", self.address), advice }
    }

    fn refused(&self, status: u16, line: &str, location: Option<&str>) -> Refusal {
        let (reason, advice) = match (status, location) {
            (401, _) if self.token.is_none() => {
                (format!("{} asks for a token", self.address), "set MEMPROF_SERVE_TOKEN, or use --token")
            }
            (401, _) => (format!("{} does not accept this token", self.address), "it is `serve_token` of the program"),
            (300..=399, Some(location)) => {
                (format!("{} redirects to {location}", self.address), "name the address of the program itself")
            }
            _ => (format!("{} answers {status}{}{line}", self.address, if line.is_empty() { "" } else { ": " }), ""),
        };
        let advice = match status {
            404 => "name the path under which the program answers, as in http://HOST:PORT/PATH/",
            _ => advice,
        };
        Refusal { reason, advice }
    }

    fn not_read(&self, error: std::io::Error) -> Refusal {
        match error.kind() {
            std::io::ErrorKind::InvalidData => return self.no_report("it is not UTF-8"),
            std::io::ErrorKind::UnexpectedEof => return self.broken("the connection ended"),
            _ => {}
        }
        match ureq::Error::from(error) {
            ureq::Error::BodyExceedsLimit(_) => self.no_report("it has more than 64 MB"),
            ureq::Error::Timeout(_) | ureq::Error::BodyStalled => self.broken("no more came in time"),
            error => self.broken(&printable(&error.to_string())),
        }
    }

    fn broken(&self, reason: &str) -> Refusal {
        Refusal { reason: format!("{} did not send its whole answer ({reason})", self.address), advice: "" }
    }

    fn no_report(&self, reason: &str) -> Refusal {
        let reason: String = printable(reason).chars().take(200).collect();
        Refusal { reason: format!("{} does not answer with a report of memprof ({reason})", self.address), advice: "" }
    }

    /// Begins to ask: for each message there is one answer.
    pub(super) fn in_thread(self) -> (Sender<()>, Receiver<Result<Report, Refusal>>) {
        let (requests, asked) = mpsc::channel::<()>();
        let (answer, answers) = mpsc::channel();
        thread::spawn(move || {
            for () in asked {
                if answer.send(self.figures()).is_err() {
                    return;
                }
            }
        });
        (requests, answers)
    }
}

/// The line in which the server says why it refuses.
fn first_line(body: &mut Body) -> String {
    let mut start = Vec::new();
    // A body that breaks off has said enough.
    let _ = body.as_reader().take(200).read_to_end(&mut start);
    let text = String::from_utf8_lossy(&start);
    printable(text.lines().next().unwrap_or_default().trim())
}

#[cfg(test)]
mod tests;
