//! `memory_allocations.json`: a report as JSON, and back.

mod layout;
#[cfg(any(test, feature = "compare"))]
mod read;

use std::io;

use serde_core::Serialize;

use self::layout::Layout;
use super::data::Report;

impl Report {
    /// The report as JSON, as it stands in `memory_allocations.json`: indented, and each row on a line of its own.
    ///
    /// `Report::from_json` (feature `compare`) reads every number as the one that was written. JSON has no infinity and
    /// no "not a number": a float that is not finite is written as 0. Takes time and memory in proportion to the
    /// report.
    pub fn to_json(&self) -> String {
        let mut text = Vec::new();
        // Memory takes all that is written to it, and all of it is text.
        let _ = write(self, &mut text);
        String::from_utf8(text).unwrap_or_default()
    }

    /// Writes what [`Report::to_json`] gives, and a line end, to `out` without building it in memory first.
    ///
    /// Many small writes: give it a [`std::io::BufWriter`].
    ///
    /// # Errors
    /// The error of `out` where it could not be written.
    pub fn write_json(&self, mut out: impl io::Write) -> io::Result<()> {
        write(self, &mut out)?;
        out.write_all(b"\n")
    }
}

/// Compiled once: serde_json's writer is generic over where it writes to.
fn write(report: &Report, out: &mut dyn io::Write) -> io::Result<()> {
    let mut serializer = serde_json::Serializer::with_formatter(out, Layout::default());
    Ok(report.serialize(&mut serializer)?)
}

#[cfg(test)]
mod tests;
