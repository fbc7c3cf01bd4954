//! `memory_allocations.json`: a report as JSON, and back.

mod read;
mod tree;
mod write;

use std::io;

use super::data::{Report, SCHEMA_VERSION};
use crate::Error;
use crate::printable::Printable;

pub(super) use read::{Fields, FromJson, Problem};
pub(super) use tree::Node;
pub(super) use write::{ToJson, Writer};

use tree::Value;

/// The longest message that is passed on: it quotes the value that is wrong, however long.
const LONGEST_MESSAGE: usize = 300;

impl Report {
    /// The report as indented JSON, as it stands in `memory_allocations.json`.
    ///
    /// Every number is written so that [`Report::from_json`] reads the same one again. JSON has no infinity and no
    /// "not a number": a float that is not finite is written as 0. Takes time and memory in proportion to the report.
    pub fn to_json(&self) -> String {
        let mut text = Vec::new();
        // Memory takes all that is written to it, and all of it is text.
        let _ = self.write(&mut Writer::new(&mut text));
        String::from_utf8(text).unwrap_or_default()
    }

    /// Writes what [`Report::to_json`] gives, and a line end, to `out` without building it in memory first.
    ///
    /// Many small writes: give it a [`std::io::BufWriter`].
    ///
    /// # Errors
    /// What `out` answered when it could not be written.
    pub fn write_json(&self, mut out: impl io::Write) -> io::Result<()> {
        self.write(&mut Writer::new(&mut out))?;
        out.write_all(b"\n")
    }

    /// Reads a report that [`Report::to_json`] wrote.
    ///
    /// Fields that this version does not know are passed over.
    ///
    /// # Errors
    /// [`Error::Report`] if `text` is not JSON (with line and column), is no report (with the field that is missing
    /// or of the wrong type, such as `functions[3].net_bytes`), or is of a schema that this version does not read.
    ///
    /// ```
    /// let error = memprof::Report::from_json("{}").unwrap_err();
    /// assert!(error.to_string().contains("schema_version"));
    /// ```
    pub fn from_json(text: &str) -> Result<Report, Error> {
        // A message repeats what stands in the text, and that can be anything.
        read(text).map_err(|message| Error::Report { message: Printable(&message).to_string() })
    }
}

fn read(text: &str) -> Result<Report, String> {
    let root = tree::parse(text).map_err(|mistake| {
        let (line, column) = line_and_column(text, mistake.offset);
        format!("{line}:{column}: {}", mistake.message)
    })?;
    check_schema(&root, text)?;
    Report::read(&root).map_err(|Problem { path, message, end }| {
        let path = path.trim_start_matches('.');
        let place = end.map(|end| line_and_column(text, end));
        let place = place.map(|(line, column)| format!(" at line {line} column {column}")).unwrap_or_default();
        format!("{path}: {}{place}", cut(&message))
    })
}

/// Lines count from 1; the column is that of the last of the bytes before `end`.
fn line_and_column(text: &str, end: usize) -> (usize, usize) {
    let before = text.as_bytes().get(..end).unwrap_or(text.as_bytes());
    let start = before.iter().rposition(|byte| *byte == b'\n').map_or(0, |line_end| line_end + 1);
    (before.iter().filter(|byte| **byte == b'\n').count() + 1, before.len() - start)
}

/// Tells a file of another version from a damaged one before anything else is said of it.
fn check_schema(root: &Node<'_>, text: &str) -> Result<(), String> {
    let Value::Object(fields) = &root.value else {
        return Err(format!("this is no report: an object is expected, not {}", root.value.kind()));
    };
    let Some((_, version)) = fields.iter().find(|(name, _)| name == "schema_version") else {
        return Err("this is no report: the field `schema_version` is missing".into());
    };
    match u64::read(version) {
        Ok(version) if version == u64::from(SCHEMA_VERSION) => Ok(()),
        Ok(version) if version > u64::from(SCHEMA_VERSION) => Err(format!(
            "schema_version: this report has schema {version}, and this memprof reads schema {SCHEMA_VERSION}: \
             use a newer memprof"
        )),
        Ok(version) => {
            Err(format!("schema_version: there is no schema {version}, this memprof reads schema {SCHEMA_VERSION}"))
        }
        Err(_) => {
            let found = text.get(version.start..version.end).unwrap_or_default();
            Err(format!("schema_version: a whole number is expected, not {}", cut(found)))
        }
    }
}

fn cut(message: &str) -> String {
    match message.char_indices().nth(LONGEST_MESSAGE) {
        Some((end, _)) => format!("{}…", message.get(..end).unwrap_or_default()),
        None => message.to_owned(),
    }
}

#[cfg(test)]
mod tests;
