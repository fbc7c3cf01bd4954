//! Reports from JSON, and the errors for a text that is no report.

use std::fmt;

use serde_core::de::{DeserializeSeed, Deserializer, IgnoredAny, MapAccess, Visitor};
use serde_json::error::Category;

use crate::Error;
use crate::printable::Printable;
use crate::report::data::read::{FieldNames, Read, ReportPlace, Trace};
use crate::report::data::{Report, SCHEMA_VERSION};

/// Limit of a message, characters: it quotes the wrong value, however long.
const LONGEST_MESSAGE: usize = 300;

/// Limit of nested arrays and objects. No report has a tenth of it.
const DEEPEST: usize = 127;

impl Report {
    /// Reads a report that [`Report::to_json`] wrote. Needs the feature `compare`.
    ///
    /// Fields that this version does not know are skipped.
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
        // A message repeats parts of the text, which can be anything.
        read(text).map_err(|message| Error::Report { message: Printable(&message).to_string() })
    }
}

fn read(text: &str) -> Result<Report, String> {
    check_depth(text)?;
    check_schema(text)?;
    let trace = Trace::default();
    let mut json = serde_json::Deserializer::from_str(text);
    Report::read(&mut json, &ReportPlace::traced(&trace)).map_err(|error| located(trace.into_path().as_deref(), &error))
}

/// Refuses a text whose nesting could overflow the stack of its reader.
fn check_depth(text: &str) -> Result<(), String> {
    let (mut depth, mut in_string, mut escaped) = (0_usize, false, false);
    for byte in text.bytes() {
        match byte {
            _ if escaped => escaped = false,
            b'\\' => escaped = in_string,
            b'"' => in_string = !in_string,
            b'[' | b'{' if !in_string => depth += 1,
            b']' | b'}' if !in_string => depth = depth.saturating_sub(1),
            _ => {}
        }
        if depth > DEEPEST {
            return Err("this is no report: it is nested too deeply".into());
        }
    }
    Ok(())
}

/// Distinguishes a text that is not JSON, a report of another version, and a damaged report.
fn check_schema(text: &str) -> Result<(), String> {
    let trace = Trace::default();
    let mut json = serde_json::Deserializer::from_str(text);
    let version =
        Schema(ReportPlace::traced(&trace)).deserialize(&mut json).and_then(|version| json.end().map(|()| version));
    match version {
        Ok(Some(SCHEMA)) => Ok(()),
        Ok(Some(version)) if version > SCHEMA => Err(format!(
            "schema_version: this report has schema {version}, and this memprof reads schema {SCHEMA}: use a newer memprof"
        )),
        Ok(Some(version)) => {
            Err(format!("schema_version: there is no schema {version}, this memprof reads schema {SCHEMA}"))
        }
        Ok(None) => Err("this is no report: the field `schema_version` is missing".into()),
        Err(error) => Err(match (error.classify(), trace.into_path()) {
            (Category::Data, Some(path)) => located(Some(&path), &error),
            (Category::Data, None) => format!("this is no report: {}", message(&error)),
            (Category::Eof, _) => misread(&error, "this is not JSON, or not all of it"),
            // To serde_json a number without its last digits is a syntax error.
            _ if text.ends_with(['.', 'e', 'E', '+', '-']) => misread(&error, "this is not JSON, or not all of it"),
            (Category::Syntax | Category::Io, _) => misread(&error, "this is not JSON"),
        }),
    }
}

const SCHEMA: u64 = SCHEMA_VERSION as u64;

/// The field `schema_version` of an object, and nothing else.
struct Schema<'p>(ReportPlace<'p>);

impl<'de> DeserializeSeed<'de> for Schema<'_> {
    type Value = Option<u64>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Option<u64>, D::Error> {
        deserializer.deserialize_map(self)
    }
}

impl<'de> Visitor<'de> for Schema<'_> {
    type Value = Option<u64>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Option<u64>, A::Error> {
        const NAME: &str = "schema_version";
        let mut version = None;
        while let Some(name) = map.next_key_seed(FieldNames(&[NAME]))? {
            match name {
                Some(name) => self.0.read_value(name, &mut version, &mut map)?,
                None => drop(map.next_value::<IgnoredAny>()?),
            }
        }
        Ok(version)
    }
}

fn misread(error: &serde_json::Error, what: &str) -> String {
    format!("{}:{}: {what}: {}", error.line(), error.column(), message(error))
}

fn located(path: Option<&str>, error: &serde_json::Error) -> String {
    let path = path.map(|path| format!("{path}: ")).unwrap_or_default();
    format!("{path}{} at line {} column {}", message(error), error.line(), error.column())
}

/// The message without its position, as `expected …, found …`, truncated if it is long.
fn message(error: &serde_json::Error) -> String {
    let text = error.to_string();
    let place = format!(" at line {} column {}", error.line(), error.column());
    let text = text.strip_suffix(&place).unwrap_or(&text);
    let mismatch = text.strip_prefix("invalid type: ").or_else(|| text.strip_prefix("invalid value: "));
    match mismatch.and_then(|mismatch| mismatch.rsplit_once(", expected ")) {
        Some((found, expected)) => cut(&format!("expected {expected}, found {}", word_of_json(found))),
        None => cut(text),
    }
}

/// The JSON term for serde's kind of value.
fn word_of_json(found: &str) -> &str {
    match found {
        "map" => "an object",
        "sequence" => "an array",
        other => other,
    }
}

fn cut(message: &str) -> String {
    match message.char_indices().nth(LONGEST_MESSAGE) {
        Some((end, _)) => format!("{}…", message.get(..end).unwrap_or_default()),
        None => message.to_owned(),
    }
}
