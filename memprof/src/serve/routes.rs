//! Paths and their answers.

use super::access::{self, Access, parameter};
use super::prometheus;
use super::readings::{self, BothReadings};
use super::response::{Response, TEXT};
use crate::report::formats::{Scraped, running_page, scraped};
use crate::report::{Format, Report};
use crate::{Error, collect};
use std::sync::Arc;

/// Longest difference, seconds.
const LONGEST: u64 = 600;

/// The list of routes beneath `/debug/pprof`, where pprof has one. `{root}` stands for the way to `/`: the program may
/// have mounted it elsewhere.
const INDEX: &str = "<!doctype html>
<html lang=\"en\"><meta charset=\"utf-8\"><title>memprof</title>
<h1>memprof</h1>
<ul>
<li><a href=\"{root}./\">live page</a>: the figures as they move
<li><a href=\"{root}report.html\">report.html</a>: the report of this moment
<li><a href=\"{root}report.json\">report.json</a>: the same as data
<li><a href=\"{root}metrics\">metrics</a>: figures for Prometheus
<li><a href=\"{root}debug/pprof/heap?debug=1\">heap</a>: live memory, for <code>go tool pprof</code> without debug=1
<li><a href=\"{root}debug/pprof/allocs?debug=1\">allocs</a>: allocated memory, for <code>go tool pprof</code> without debug=1
<li><a href=\"{root}debug/pprof/cmdline\">cmdline</a>: the program and its arguments
</ul>
</html>
";

/// A request that may be answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Route {
    /// The live page.
    Live,
    /// The way from the list of routes to `/`.
    Index(&'static str),
    Metrics,
    /// With the names of stacks, or without.
    Json(bool),
    Html,
    CommandLine,
    Profile(ProfileRoute),
}

/// One of the two profiles.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct ProfileRoute {
    is_heap: bool,
    /// True for the table as text.
    is_text: bool,
    /// Length of the difference.
    pub(super) seconds: Option<u64>,
}

pub(super) fn is_heavy(path: &str) -> bool {
    matches!(path, "/metrics" | "/report.json" | "/report.html" | "/debug/pprof/heap" | "/debug/pprof/allocs")
}

/// The route of a request, or its answer: a refusal.
pub(super) fn route(method: &str, path: &str, query: &str, headers: &[(&str, &str)]) -> Result<Route, Response> {
    if let Some(answer) = access::check(&access::get(), method, path, query, headers) {
        return Err(answer);
    }
    Ok(match path {
        "/" => Route::Live,
        "/debug/pprof/" => Route::Index("../../"),
        "/debug/pprof" => Route::Index("../"),
        "/metrics" => Route::Metrics,
        "/report.json" => Route::Json(parameter(query, "names") != Some("0")),
        "/report.html" => Route::Html,
        "/debug/pprof/cmdline" => Route::CommandLine,
        "/debug/pprof/heap" => Route::Profile(profile(true, query)?),
        "/debug/pprof/allocs" => Route::Profile(profile(false, query)?),
        _ => return Err(Response::refusal(404, "no such path; / lists the paths")),
    })
}

fn profile(is_heap: bool, query: &str) -> Result<ProfileRoute, Response> {
    let seconds = parameter(query, "seconds").map(|text| match text.parse() {
        Ok(seconds @ 1..=LONGEST) => Ok(seconds),
        _ => Err(Response::refusal(400, "seconds must be a whole number from 1 to 600")),
    });
    let seconds = seconds.transpose()?;
    let is_text = parameter(query, "debug").is_some_and(|text| text != "0");
    if is_text && seconds.is_some() {
        return Err(Response::refusal(400, "seconds and debug cannot be combined"));
    }
    Ok(ProfileRoute { is_heap, is_text, seconds })
}

/// The answer, without waiting.
pub(super) fn answer(method: &str, path: &str, query: &str, headers: &[(&str, &str)]) -> Response {
    let route = match route(method, path, query, headers) {
        Ok(route) => route,
        Err(answer) => return answer,
    };
    let Route::Profile(profile @ ProfileRoute { seconds: Some(seconds), .. }) = route else { return now(route) };
    match readings::over(seconds) {
        Ok(BothReadings::Both(first, last)) => difference(profile, &first, &last),
        Ok(BothReadings::Wait(seconds)) => {
            Response::later(seconds, "the first reading is taken: repeat the request when the time is over")
        }
        Err(error) => unavailable(&error),
    }
}

/// The answer as of now.
pub(super) fn now(route: Route) -> Response {
    let answer = match route {
        Route::Live => return page(running_page()),
        Route::Index(root) => return page(INDEX.replace("{root}", root).into_bytes()),
        Route::CommandLine => return command_line(&access::get()),
        Route::Metrics => readings::plain().map(|report| metrics(&report)),
        Route::Json(true) => readings::named().map(|report| json(&report)),
        Route::Json(false) => readings::plain().map(|report| json(&report)),
        Route::Html => readings::named().map(|report| page(report.to_format(Format::Html))),
        Route::Profile(ProfileRoute { is_text: true, .. }) => {
            readings::named().map(|report| Response::new(200, TEXT, report.to_format(Format::Table)))
        }
        Route::Profile(profile) => readings::named().map(|report| pprof(profile, None, &report)),
    };
    answer.unwrap_or_else(|error| unavailable(&error))
}

fn page(body: Vec<u8>) -> Response {
    Response::new(200, "text/html; charset=utf-8", body)
}

fn json(report: &Report) -> Response {
    Response::new(200, "application/json", report.to_json().into_bytes())
}

fn metrics(report: &Arc<Report>) -> Response {
    Response::new(200, "text/plain; version=0.0.4; charset=utf-8", prometheus::text(report).into_bytes())
}

/// The profile of the time between two reports.
pub(super) fn difference(profile: ProfileRoute, first: &Report, last: &Report) -> Response {
    pprof(profile, Some(first), last)
}

fn pprof(profile: ProfileRoute, base: Option<&Report>, report: &Report) -> Response {
    let (name, default_type) = if profile.is_heap { ("heap", "inuse_space") } else { ("allocs", "alloc_space") };
    let name = if base.is_some() { format!("{name}-delta") } else { name.to_owned() };
    let body = scraped(report, &Scraped { base, default_type: Some(default_type) });
    Response::new(200, "application/octet-stream", body)
        .with("Content-Disposition", format!("attachment; filename=\"{name}\""))
}

fn command_line(access: &Access) -> Response {
    let arguments = std::env::args_os().skip(1).filter(|_| access.has_arguments);
    let texts = arguments.map(|argument| argument.to_string_lossy().into_owned());
    let texts: Vec<String> = std::iter::once(collect::executable()).chain(texts).collect();
    Response::new(200, TEXT, texts.join("\0").into_bytes())
}

/// No figures now. Never an empty answer: counters would seem to be reset.
pub(super) fn unavailable(error: &Error) -> Response {
    Response::later(5, &error.to_string())
}
