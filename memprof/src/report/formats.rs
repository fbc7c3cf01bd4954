//! The formats of a report: one file for each that has no other place.

mod csv;
mod dhat;
mod folded;
mod gzip;
mod html;
mod markdown;
mod notes;
mod pprof;
#[cfg(feature = "serve")]
pub(crate) use html::running_page;
#[cfg(feature = "serve")]
pub(crate) use pprof::Scraped;
mod protobuf;
#[cfg(test)]
mod samples;
mod speedscope;
mod svg;
mod tree;

use std::io;

use super::format::Format;
use super::table::TableForm;
use super::{Report, leaks, table};

/// Width of the table as a format, in columns.
const WIDTH: usize = 100;

impl Report {
    /// The report in another format. Texts are in UTF-8.
    ///
    /// ```
    /// let page = memprof::Report::default().to_format(memprof::Format::Html);
    /// assert!(page.starts_with(b"<!doctype html>"));
    /// ```
    pub fn to_format(&self, format: Format) -> Vec<u8> {
        let mut bytes = Vec::new();
        // Writing to memory cannot fail.
        let _ = write(self, format, &mut bytes);
        bytes
    }

    /// Writes the report in another format to `out`.
    ///
    /// Makes many small writes: pass a [`std::io::BufWriter`].
    ///
    /// # Errors
    /// The error of `out`.
    ///
    /// ```
    /// let mut text = Vec::new();
    /// memprof::Report::default().write_format(memprof::Format::Leaks, &mut text)?;
    /// assert!(text.ends_with(b"\n"));
    /// # Ok::<(), std::io::Error>(())
    /// ```
    pub fn write_format(&self, format: Format, mut out: impl io::Write) -> io::Result<()> {
        write(self, format, &mut out)
    }
}

/// Compiled once, for every output.
pub(crate) fn write(report: &Report, format: Format, out: &mut dyn io::Write) -> io::Result<()> {
    match format {
        Format::Table => out.write_all(table::render(report, None, TableForm::plain(WIDTH)).as_bytes()),
        Format::Leaks => out.write_all(leaks::render(report).as_bytes()),
        Format::Html => html::write(report, out),
        Format::Pprof => pprof::write(report, out),
        Format::Dhat => dhat::write(report, out),
        Format::Folded => folded::write(report, out),
        Format::Speedscope => speedscope::write(report, out),
        Format::Csv => csv::write(report, out),
        Format::Markdown => markdown::write(report, out),
        Format::Svg => svg::write(report, out),
    }
}

/// A heap profile for a scraper.
#[cfg(feature = "serve")]
pub(crate) fn scraped(report: &Report, options: &Scraped<'_>) -> Vec<u8> {
    let mut bytes = Vec::new();
    // Writing to memory cannot fail.
    let _ = pprof::write_scraped(report, options, &mut bytes);
    bytes
}

/// Limit of the memory that writing a format takes, bytes.
#[cfg(feature = "profiling")]
pub(crate) fn memory(report: &Report) -> usize {
    const AT_LEAST: usize = 256 << 10;
    const FOR_EACH_NODE: usize = 512;
    let groups = report.live.groups.iter().chain(report.peak.iter().flat_map(|peak| &peak.groups));
    let frames: usize = groups.map(|group| group.stack.len() + 1).sum();
    let nodes = report.call_tree.len() + report.functions.len() + frames;
    nodes.saturating_mul(FOR_EACH_NODE).saturating_add(AT_LEAST)
}
