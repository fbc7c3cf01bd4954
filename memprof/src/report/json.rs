//! `memory_allocations.json`: a report as JSON.

mod layout;
#[cfg(any(test, feature = "compare"))]
mod read;

use std::io;

use serde_core::Serialize;

use self::layout::Layout;
use super::data::Report;

impl Report {
    /// The report as JSON, as in `memory_allocations.json`: indented, and each row on a line of its own.
    ///
    /// [`Report::from_json`] reads every number back unchanged. JSON has no infinity and no "not a number": a float
    /// that is not finite is written as 0. Time and memory are proportional to the report.
    ///
    /// ```
    /// let text = memprof::Report::default().to_json();
    /// assert!(text.starts_with("{\n") && text.contains("\"functions\": []"));
    /// ```
    #[cfg_attr(not(feature = "compare"), doc = "\n[`Report::from_json`]: crate#features")]
    pub fn to_json(&self) -> String {
        let mut text = Vec::new();
        // Writing to memory cannot fail, and all of it is text.
        let _ = write(self, &mut text);
        String::from_utf8(text).unwrap_or_default()
    }

    /// Writes the text of [`Report::to_json`] and a line end to `out`, without building it in memory first.
    ///
    /// Makes many small writes: pass a [`std::io::BufWriter`].
    ///
    /// # Errors
    /// The error of `out`.
    ///
    /// ```
    /// let mut text = Vec::new();
    /// memprof::Report::default().write_json(&mut text)?;
    /// assert!(text.ends_with(b"}\n"));
    /// # Ok::<(), std::io::Error>(())
    /// ```
    pub fn write_json(&self, mut out: impl io::Write) -> io::Result<()> {
        write(self, &mut out)?;
        out.write_all(b"\n")
    }
}

/// Compiled once: serde_json's writer is generic over its output.
fn write(report: &Report, out: &mut dyn io::Write) -> io::Result<()> {
    let mut serializer = serde_json::Serializer::with_formatter(out, Layout::default());
    Ok(report.serialize(&mut serializer)?)
}

#[cfg(test)]
mod tests;
