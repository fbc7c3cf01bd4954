//! `memory_allocations.json`: a report as JSON.

#[cfg(any(test, feature = "compare"))]
mod read;
pub(super) mod text;
mod writer;

use std::io;

use self::writer::JsonWriter;
use super::data::Report;
use super::data::field::{Row, Value};

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
        to_text(self)
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

/// A report, or another row with all that it holds, as JSON.
pub(super) fn to_text(row: &dyn Row) -> String {
    let mut text = Vec::new();
    // Writing to memory cannot fail, and all of it is text.
    let _ = write(row, &mut text);
    String::from_utf8(text).unwrap_or_default()
}

/// Compiled once, for every output.
fn write(row: &dyn Row, out: &mut dyn io::Write) -> io::Result<()> {
    JsonWriter::new(out).value(Value::Row(row))
}

#[cfg(test)]
mod tests;
