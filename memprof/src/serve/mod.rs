//! Answers over HTTP while the program runs: reports, profiles for pprof, metrics for Prometheus (feature `serve`).
//!
//! With the key `serve_address` memprof's own thread answers. [`respond`] gives the same answers without a socket, to
//! mount in a server of the program.
//!
//! | route | answer |
//! |---|---|
//! | `/metrics` | figures for Prometheus, text format 0.0.4 |
//! | `/debug/pprof/heap` | heap profile for pprof, live bytes first |
//! | `/debug/pprof/allocs` | the same profile, allocated bytes first |
//! | `/debug/pprof/cmdline` | the program's name and arguments, a NUL between two |
//! | `/debug/pprof/` | list of these routes |
//! | `/report.json`, `/report.html` | report of the moment |
//! | `/` | live page: the figures as they move |
//!
//! `/report.json?names=0` is the report without the names of stacks, which costs little: for what asks each second. The
//! live page does, while it is visible and not paused.
//!
//! The profiles take `seconds=N` (the difference between two moments, N from 1 to 600), `debug=1` (the table as text)
//! and `gc=1` (no effect).
//!
//! Answers are not sent
//!
//! * to methods other than GET and HEAD (405);
//! * to a `Host` other than `localhost` or a loopback address (403), unless a token is set: a web page that the user
//!   visits must not read the figures under a name of its own;
//! * without the token, if `serve_token` is set (401): `Authorization: Bearer TOKEN`, or the cookie that
//!   `/?token=TOKEN` sets;
//! * while no profile runs (503 with `Retry-After`). The live page has no figures of its own and is always sent.
//!
//! Reports are made once for requests at the same time, and at most once a second. An answer that the program holds
//! counts as the program's memory, outside tracked functions; so does the last report, until the next one. All other
//! memory of an answer is in `overhead.reporting`.
//!
//! # In a server of the program
//!
//! The path is that within the mount point. Answers that [`is_heavy`] names make a report, whose processor time
//! grows with the call paths, the live groups and the debug information of the program: an async server gives them to
//! a thread that may block, such as `tokio::task::spawn_blocking`. Examples for axum and hyper are in `docs/fleet`.
//!
//! ```
//! let mut config = memprof::Config::default();
//! config.memory_profiling.dump_on_exit = false; // No files.
//! let profiler = memprof::Profiler::start(config)?;
//!
//! let headers = [("Host", "localhost:8080")];
//! let answer = memprof::serve::respond("GET", "/metrics", "", &headers);
//! assert_eq!(answer.status, 200);
//! assert!(String::from_utf8(answer.body)?.contains("memprof_allocated_bytes_total "));
//!
//! let answer = memprof::serve::respond("GET", "/debug/pprof/heap", "", &headers);
//! assert!(answer.headers.contains(&("Content-Type", "application/octet-stream".to_owned())));
//!
//! let answer = memprof::serve::respond("GET", "/metrics", "", &[("Host", "attacker.example")]);
//! assert_eq!(answer.status, 403);
//! # drop(profiler);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod access;
mod connection;
mod prometheus;
mod readings;
mod response;
mod routes;
mod series;
mod server;

use self::access::Access;
use self::readings::Maker;
use crate::config::Config;
use crate::tracker::ReportingGuard;

pub use response::Response;

/// Answers a request. `path` begins with `/`; `query` is the text after `?`, and empty without one. Names of headers
/// are compared without regard to case.
///
/// Never sleeps. It takes processor time, and waits while another thread makes a report: see [`is_heavy`]. The first
/// request with `seconds=N` is answered with 503 and `Retry-After: N`; the same request N seconds later has the answer.
/// Up to eight different N are measured at once.
///
/// ```
/// let answer = memprof::serve::respond("GET", "/metrics", "", &[("Host", "localhost")]);
/// assert_eq!(answer.status, 503, "no profile is running");
/// assert!(answer.headers.iter().any(|(name, _)| *name == "Retry-After"));
/// ```
pub fn respond(method: &str, path: &str, query: &str, headers: &[(&str, &str)]) -> Response {
    let _scope = ReportingGuard::begin();
    let mut response = routes::answer(method, path, query, headers);
    if method == "HEAD" {
        response.body = Vec::new();
    }
    response
}

/// True for paths whose answers take long to make: those that need a report.
///
/// ```
/// assert!(memprof::serve::is_heavy("/report.html"));
/// assert!(!memprof::serve::is_heavy("/debug/pprof/cmdline"));
/// ```
pub fn is_heavy(path: &str) -> bool {
    routes::is_heavy(path)
}

/// Begins to answer, and starts the server if the configuration has an address. Returns a warning if it cannot.
pub(crate) fn begin(config: &Config, maker: Maker) -> Option<String> {
    readings::forget();
    access::set(Access::of(config));
    readings::set_maker(maker);
    server::start(&config.serve)
}

/// In a forked child. Does not allocate.
#[cfg(unix)]
pub(crate) fn in_child() {
    server::in_child();
}

/// Ends the server. Does not wait for its thread.
pub(crate) fn end() {
    server::stop();
    readings::forget();
}
