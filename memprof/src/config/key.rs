//! Keys, each declared once: the file, the environment and the suggestions in messages use this table.

use std::ffi::OsStr;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use crate::report::{Format, placeholder};
use crate::suggest;

use super::{Config, Jemalloc, Leaks, LimitReports, MemoryProfiling, Reporting, Serve};

/// Limit of `max_tracked_allocations`. Beyond it the table alone would take gigabytes.
const MOST_TRACKED: usize = 100_000_000;
/// Limit of `max_backtrace_frames`. Each thread keeps two stacks of this many frames.
const MOST_FRAMES: usize = 1024;
/// Limit of `max_label_values`: the number of a value is a byte.
pub(crate) const MOST_LABEL_VALUES: usize = 250;
/// Limit of the time between two reports, far beyond any run.
const MOST_SECONDS: usize = 1_000_000_000;
/// Limit of the kept reports.
const MOST_KEPT: usize = 1_000_000;

/// Signals that can be caught, on systems that have them.
pub(crate) const SIGNALS: [&str; 6] = ["SIGINT", "SIGTERM", "SIGHUP", "SIGQUIT", "SIGUSR1", "SIGUSR2"];

/// Limit of the points of the timeline.
const MOST_POINTS: usize = 4096;

/// Limit of sizes of memory: 1 PB; less where a `usize` is smaller.
const MOST_BYTES: usize = if usize::BITS > 50 { 1 << 50 } else { usize::MAX };

/// Limit of the sampling interval: 1 TB, which is also the limit of its growth; less where a `usize` is smaller.
const MOST_INTERVAL: usize = if usize::BITS > 40 { 1 << 40 } else { usize::MAX };

/// The beginning of every variable.
pub(super) const PREFIX: &str = "MEMPROF_";

/// One key of the configuration.
pub(super) struct Key {
    pub(super) section: &'static str,
    pub(super) name: &'static str,
    pub(super) kind: Kind,
}

/// Type of a key's value, and the field that it sets.
pub(super) enum Kind {
    Flag(fn(&mut Config) -> &mut bool),
    Count(fn(&mut Config) -> &mut usize, CountRange),
    Folder(fn(&mut Config) -> &mut PathBuf),
    FileName(fn(&mut Config) -> &mut PathBuf),
    /// Texts that can contain `*` and `?`.
    Patterns(fn(&mut Config) -> &mut Vec<String>),
    /// Names of signals. Without the key memprof chooses.
    Signals(fn(&mut Config) -> &mut Option<Vec<String>>),
    /// A text that a rule checks.
    Text(fn(&mut Config) -> &mut String, TextRule),
    /// Names of formats that are files.
    Formats(fn(&mut Config) -> &mut Vec<Format>),
}

/// Rule of a text.
pub(super) struct TextRule {
    /// The valid texts in words.
    pub(super) expected: &'static str,
    check: fn(&str) -> bool,
    /// True if messages do not show the text.
    is_secret: bool,
}

impl TextRule {
    /// The text, if it is valid. An empty one stands for no value.
    pub(super) fn check(&self, text: &str) -> Result<String, String> {
        if text.is_empty() || (self.check)(text) {
            return Ok(text.to_owned());
        }
        let found = if self.is_secret { String::new() } else { format!("; found {}", suggest::quote(text)) };
        Err(format!("must be {}{found}", self.expected))
    }
}

/// Range of a count.
pub(super) struct CountRange {
    most: usize,
    /// Advice for the value 0; `None`: 0 is valid.
    instead_of_zero: Option<&'static str>,
}

macro_rules! keys {
    ($($section:ident: $type:ident { $($name:ident: $kind:ident $(($bounds:expr))?,)* })*) => {
        /// Every key, section by section.
        pub(super) const KEYS: &[Key] = &[$($(Key {
            section: stringify!($section),
            name: stringify!($name),
            kind: Kind::$kind(|config| &mut config.$section.$name $(, $bounds)?),
        },)*)*];

        /// Every section.
        pub(super) const SECTIONS: &[&str] = &[$(stringify!($section)),*];

        // The patterns are exhaustive, so a field without a key does not compile.
        const _: fn(Config) = |Config { $($section: $type { $($name: _),* }),* }| ();
    };
}

keys! {
    memory_profiling: MemoryProfiling {
        enabled: Flag,
        track_allocations: Flag,
        dump_on_exit: Flag,
        dump_on_signal: Signals,
        max_tracked_allocations: Count(CountRange {
            most: MOST_TRACKED,
            instead_of_zero: Some("to track none, set track_allocations to false"),
        }),
        sample_interval_bytes: Count(CountRange { most: MOST_INTERVAL, instead_of_zero: None }),
        overhead_budget_percent: Count(CountRange { most: 100, instead_of_zero: None }),
        backtraces: Flag,
        max_backtrace_frames: Count(CountRange {
            most: MOST_FRAMES,
            instead_of_zero: Some("for records without a stack, set backtraces to false"),
        }),
        max_label_values: Count(CountRange { most: MOST_LABEL_VALUES, instead_of_zero: None }),
        timeline_points: Count(CountRange { most: MOST_POINTS, instead_of_zero: None }),
        peak_step_percent: Count(CountRange { most: 100, instead_of_zero: None }),
    }
    jemalloc: Jemalloc {
        background_thread: Flag,
        abort_on_oom: Flag,
        stats_print: Flag,
    }
    leaks: Leaks {
        ignore: Patterns,
    }
    reporting: Reporting {
        output_dir: Folder,
        allocation_report: FileName,
        leak_report: FileName,
        formats: Formats,
        html_report: FileName,
        overwrite: Flag,
        program_args: Flag,
        growth_columns: Flag,
        every_seconds: Count(CountRange { most: MOST_SECONDS, instead_of_zero: None }),
        keep: Count(CountRange {
            most: MOST_KEPT,
            instead_of_zero: Some("to write no numbered reports, omit every_seconds"),
        }),
    }
    limits: LimitReports {
        report_at_percent: Count(CountRange { most: 100, instead_of_zero: None }),
        report_at_bytes: Count(CountRange { most: MOST_BYTES, instead_of_zero: None }),
        report_at_new_high: Flag,
        keep_limit_reports: Count(CountRange {
            most: MOST_KEPT,
            instead_of_zero: Some("to write no limit reports, omit report_at_percent and report_at_bytes"),
        }),
    }
    serve: Serve {
        serve_address: Text(TextRule {
            expected: "an IP address or localhost, and a port, such as \"127.0.0.1:6070\"",
            check: |text| serve_address(text).is_some(),
            is_secret: false,
        }),
        serve_token: Text(TextRule {
            expected: "16 to 256 letters, digits or characters of -._~+/=",
            check: is_token,
            is_secret: true,
        }),
    }
}

impl Key {
    /// Environment variable that overrides this key.
    pub(super) fn variable(&self) -> String {
        format!("{}{}", PREFIX, self.name.to_ascii_uppercase())
    }
}

impl CountRange {
    /// The number as a count, if it is within the bounds. `None` stands for a text that is no number or does not fit an
    /// `i128`.
    pub(super) fn check(&self, number: Option<i128>, shown: &str) -> Result<usize, String> {
        match (number.map(usize::try_from), self.instead_of_zero) {
            (Some(Ok(0)), Some(instead)) => Err(format!("must be at least 1; {instead}")),
            (Some(Ok(count)), _) if count <= self.most => Ok(count),
            _ => Err(format!("must be {}; found {}", self.expected(), suggest::quote(shown))),
        }
    }

    /// The bounds in words.
    pub(super) fn expected(&self) -> String {
        let least = if self.instead_of_zero.is_some() { 1 } else { 0 };
        format!("a whole number from {least} to {}", self.most)
    }
}

/// A signal that can be caught, by name.
pub(super) fn signal(name: &str) -> Result<String, String> {
    if SIGNALS.contains(&name) {
        return Ok(name.to_owned());
    }
    let shown = suggest::quote(name);
    match name {
        "SIGKILL" | "SIGSTOP" => {
            Err(format!("has {shown}, which cannot be caught; use every_seconds to limit the loss"))
        }
        "SIGABRT" => Err(format!("must not have {shown}: dump_on_exit already writes the reports before an abort")),
        _ => {
            // Compared without the prefix, which would make any two names similar.
            let bare = name.to_ascii_uppercase();
            let bare = bare.strip_prefix("SIG").unwrap_or(&bare);
            Err(match suggest::closest(bare, SIGNALS.iter().map(|name| name.trim_start_matches("SIG"))) {
                Some(meant) => format!("has the unknown signal {shown}; did you mean `SIG{meant}`?"),
                None => format!("has the unknown signal {shown}; the signals are {}", SIGNALS.join(", ")),
            })
        }
    }
}

/// The address of the HTTP server.
pub(crate) fn serve_address(text: &str) -> Option<SocketAddr> {
    let local = text.strip_prefix("localhost:").map(|port| format!("127.0.0.1:{port}"));
    local.as_deref().unwrap_or(text).parse().ok()
}

/// True for a text that is valid as a bearer token and in a cookie.
fn is_token(text: &str) -> bool {
    let is_valid = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~+/=".contains(&byte);
    (16..=256).contains(&text.len()) && text.bytes().all(is_valid)
}

/// Formats by name, each once.
pub(super) fn formats<'n>(names: impl Iterator<Item = &'n str>) -> Result<Vec<Format>, String> {
    let mut formats = Vec::new();
    for name in names {
        let format = format(name)?;
        if !formats.contains(&format) {
            formats.push(format);
        }
    }
    Ok(formats)
}

/// A format that is a file beside the reports, by name.
fn format(name: &str) -> Result<Format, String> {
    if let Some(format) = Format::FILES.into_iter().find(|format| format.name() == name) {
        return Ok(format);
    }
    let shown = suggest::quote(name);
    if ["json", "table", "leaks"].contains(&name) {
        return Err(format!("must not have {shown}: the JSON report, the leak report and the table are always made"));
    }
    let names = Format::FILES.map(Format::name);
    Err(match suggest::closest(name, names) {
        Some(meant) => format!("has the unknown format {shown}; did you mean `{meant}`?"),
        None => format!("has the unknown format {shown}; the formats are {}", names.join(", ")),
    })
}

/// Checks that text in braces is a known placeholder.
fn placeholders(text: &OsStr) -> Result<(), String> {
    let text = text.to_string_lossy();
    let Some(word) = placeholder::unknown(&text) else { return Ok(()) };
    let shown = suggest::quote(&format!("{{{word}}}"));
    let all = placeholder::ALL;
    Err(match suggest::closest(word, all) {
        Some(meant) => format!("has the unknown placeholder {shown}; did you mean `{{{meant}}}`?"),
        None => format!("has the unknown placeholder {shown}; the placeholders are {{{}}}", all.join("}, {")),
    })
}

/// A path that the operating system accepts.
pub(super) fn folder(text: &OsStr) -> Result<PathBuf, String> {
    if text.is_empty() {
        return Err(String::from("must not be empty; write \".\" for the folder itself"));
    }
    if text.as_encoded_bytes().contains(&0) {
        return Err(String::from("must not contain a NUL character"));
    }
    placeholders(text)?;
    Ok(PathBuf::from(text))
}

/// Name of a file in the output folder.
pub(super) fn file_name(text: &OsStr) -> Result<PathBuf, String> {
    if text.is_empty() {
        return Err(String::from("must not be empty; omit the key for the default name"));
    }
    let path = folder(text)?;
    // A path could lead out of the folder that users look in, and its folders would have to be created one by one.
    if path.file_name() != Some(text) {
        return Err(format!(
            "must be a file name without a folder; found {}; the folder is set by output_dir",
            suggest::quote(&Path::new(text).to_string_lossy())
        ));
    }
    Ok(path)
}

/// Error message if two files of a report would have the same name; otherwise `None`.
pub(super) fn clash(reporting: &Reporting) -> Option<String> {
    if reporting.allocation_report == reporting.leak_report {
        return Some(String::from("allocation_report and leak_report must be two different files"));
    }
    let reports =
        [("allocation_report", &reporting.allocation_report), ("leak_report", &reporting.leak_report)].into_iter();
    let has_page = reporting.formats.contains(&Format::Html);
    let page = has_page.then_some(("html_report", &reporting.html_report));
    if let Some((name, _)) = page.and_then(|(_, page)| reports.clone().find(|(_, report)| *report == page)) {
        return Some(format!("{name} and html_report must be two different files"));
    }
    let named = reports.chain(page);
    let statistics = (super::STATISTICS_FILE, "jemalloc's statistics");
    let formats = reporting.formats.iter().filter(|format| **format != Format::Html);
    let mut reserved = formats.map(|format| (format.file_name(), format.name())).chain([statistics]);
    let (file, owner) = reserved.find(|(file, _)| named.clone().any(|(_, name)| name == Path::new(file)))?;
    Some(format!("{file} is reserved for {owner}; choose another name"))
}
