//! `memory_allocations.json`: a report as JSON, and back.

use std::io;

use serde_json::Value;

use super::data::{Report, SCHEMA_VERSION};
use crate::Error;

/// The longest message that is passed on from the parser: it quotes the value it does not like, however long.
const LONGEST_MESSAGE: usize = 300;
const MISSING: &str = "this field is missing";

impl Report {
    /// The report as indented JSON, as it stands in `memory_allocations.json`.
    ///
    /// Every number is written so that [`Report::from_json`] reads the same one again. JSON has no infinity and no
    /// "not a number": a float that is not finite is written as 0. Takes time and memory in proportion to the report.
    pub fn to_json(&self) -> String {
        // Only a map with keys that are no text can fail here, and a report has none.
        serde_json::to_string_pretty(&finite(self)).unwrap_or_default()
    }

    /// Writes what [`Report::to_json`] gives, and a line end, to `out` without building it in memory first.
    ///
    /// Many small writes: give it a [`std::io::BufWriter`].
    ///
    /// # Errors
    /// What `out` answered when it could not be written.
    pub fn write_json(&self, mut out: impl io::Write) -> io::Result<()> {
        serde_json::to_writer_pretty(&mut out, &finite(self))?;
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
        read(text).map_err(|message| Error::Report { message })
    }
}

fn read(text: &str) -> Result<Report, String> {
    let found: Value = serde_json::from_str(text).map_err(|error| not_json(&error))?;
    check_schema(&found)?;
    // Read once more from the text, which knows lines and columns and still has a field that stands there twice.
    let report: Report =
        serde_path_to_error::deserialize(&mut serde_json::Deserializer::from_str(text)).map_err(|error| {
            let path = error.path().to_string();
            wrong(path.trim_start_matches('.'), &error.inner().to_string())
        })?;
    let written = serde_json::to_value(&report).map_err(|error| cut(&error.to_string()))?;
    match difference(&written, &found) {
        Some((path, problem)) => Err(format!("{}: {problem}", path.trim_start_matches('.'))),
        None => Ok(report),
    }
}

/// One message for a field that is missing, twice there, or holds something else than it should.
fn wrong(path: &str, message: &str) -> String {
    let field = |rest: &str| {
        let name = rest.split('`').next().unwrap_or_default();
        let dot = if path.is_empty() { "" } else { "." };
        format!("{path}{dot}{name}")
    };
    if let Some(rest) = message.strip_prefix("missing field `") {
        format!("{}: {MISSING}", field(rest))
    } else if let Some(rest) = message.strip_prefix("duplicate field `") {
        format!("{}: this field stands there twice", field(rest))
    } else {
        format!("{path}: {}", cut(message))
    }
}

fn not_json(error: &serde_json::Error) -> String {
    let place = format!("{}:{}", error.line(), error.column());
    let message = cut(&error.to_string());
    let message = message.split(" at line ").next().unwrap_or_default();
    if error.is_eof() {
        format!("{place}: this is not JSON, or not all of it: {message}")
    } else if message.starts_with("recursion limit") {
        format!("{place}: this is no report: it is nested too deeply")
    } else {
        format!("{place}: this is not JSON: {message}")
    }
}

/// Tells a file of another version from a damaged one before anything else is said of it.
fn check_schema(found: &Value) -> Result<(), String> {
    let Value::Object(fields) = found else {
        return Err(format!("this is no report: an object is expected, not {}", kind(found)));
    };
    let Some(version) = fields.get("schema_version") else {
        return Err("this is no report: the field `schema_version` is missing".into());
    };
    match version.as_u64() {
        Some(version) if version == u64::from(SCHEMA_VERSION) => Ok(()),
        Some(version) if version > u64::from(SCHEMA_VERSION) => Err(format!(
            "schema_version: this report has schema {version}, and this memprof reads schema {SCHEMA_VERSION}: \
             use a newer memprof"
        )),
        Some(version) => {
            Err(format!("schema_version: there is no schema {version}, this memprof reads schema {SCHEMA_VERSION}"))
        }
        None => Err(format!("schema_version: a whole number is expected, not {}", cut(&version.to_string()))),
    }
}

/// Finds what the derived reader lets pass although no report has it: an array in place of an object, whose elements
/// it takes for the fields in their order, and a field that is absent where `null` would say "not known".
fn difference(written: &Value, found: &Value) -> Option<(String, String)> {
    match (written, found) {
        (Value::Object(fields), Value::Object(other)) => fields.iter().find_map(|(name, value)| {
            let Some(found) = other.get(name) else {
                return Some((format!(".{name}"), MISSING.into()));
            };
            difference(value, found).map(|(path, problem)| (format!(".{name}{path}"), problem))
        }),
        (Value::Object(_), other) => Some((String::new(), format!("an object is expected, not {}", kind(other)))),
        (Value::Array(items), Value::Array(others)) => {
            items.iter().zip(others).enumerate().find_map(|(index, (item, other))| {
                difference(item, other).map(|(path, problem)| (format!("[{index}]{path}"), problem))
            })
        }
        _ => None,
    }
}

fn kind(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "true or false",
        Value::Number(_) => "a number",
        Value::String(_) => "a text",
        Value::Array(_) => "an array",
        Value::Object(_) => "an object",
    }
}

fn cut(message: &str) -> String {
    match message.char_indices().nth(LONGEST_MESSAGE) {
        // The end says line and column.
        Some((end, _)) => {
            let place = message.rfind(" at line ").and_then(|place| message.get(place..)).unwrap_or_default();
            format!("{}…{place}", message.get(..end).unwrap_or_default())
        }
        None => message.to_owned(),
    }
}

/// A copy of the report with 0 for every float that JSON cannot hold: it would come out as `null`.
fn finite(report: &Report) -> Report {
    let mut report = report.clone();
    let totals = &mut report.totals;
    let mut floats = vec![&mut report.program.duration_seconds];
    floats.extend([&mut totals.allocated_mb, &mut totals.deallocated_mb, &mut totals.net_mb, &mut totals.peak_mb]);
    for function in &mut report.functions {
        floats.extend([&mut function.allocated_mb, &mut function.net_mb]);
        floats.extend(&mut function.peak_mb);
    }
    for group in &mut report.live.groups {
        floats.extend([&mut group.oldest_seconds, &mut group.newest_seconds, &mut group.bytes_per_second]);
        floats.extend(&mut group.bytes_per_call);
    }
    for float in floats {
        if !float.is_finite() {
            *float = 0.0;
        }
    }
    report
}

#[cfg(test)]
mod tests;
