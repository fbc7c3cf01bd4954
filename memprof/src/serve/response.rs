//! Answers, without their transport.

/// An answer to a request: everything but its transport.
///
/// ```
/// let answer = memprof::serve::respond("POST", "/metrics", "", &[("Host", "localhost")]);
/// assert_eq!((answer.status, answer.body.as_slice()), (405, b"only GET and HEAD are answered\n".as_slice()));
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Response {
    /// Status, such as 200.
    pub status: u16,
    /// Names and values of the headers, without `Content-Length`.
    pub headers: Vec<(&'static str, String)>,
    /// The body. Empty for HEAD.
    pub body: Vec<u8>,
}

/// Plain text.
pub(super) const TEXT: &str = "text/plain; charset=utf-8";

impl Response {
    pub(super) fn new(status: u16, content_type: &str, body: Vec<u8>) -> Self {
        let headers = [
            ("Content-Type", content_type),
            ("X-Content-Type-Options", "nosniff"),
            ("X-Frame-Options", "DENY"),
            ("Cache-Control", "no-store"),
            ("Referrer-Policy", "no-referrer"),
        ];
        let headers = headers.into_iter().map(|(name, value)| (name, value.to_owned())).collect();
        Self { status, headers, body }
    }

    /// A refusal: one line that says why.
    pub(super) fn refusal(status: u16, line: &str) -> Self {
        Self::new(status, TEXT, format!("{line}\n").into_bytes())
    }

    /// No answer yet.
    pub(super) fn later(seconds: u64, line: &str) -> Self {
        Self::refusal(503, line).with("Retry-After", seconds.to_string())
    }

    pub(super) fn with(mut self, name: &'static str, value: String) -> Self {
        self.headers.push((name, value));
        self
    }
}
