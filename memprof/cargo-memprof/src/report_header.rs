//! The beginning of a report, which tells its run without the rest being read.

use std::fs::File;
use std::io::Read;
use std::path::Path;

use serde_json::Value;

use crate::report_file;

/// Bytes of a file in which the program's section usually ends.
const BEGINNING: u64 = 16 * 1024;

/// The run of a report, and how far it had come.
#[derive(Debug, PartialEq)]
pub(crate) struct ReportHeader {
    pub(crate) run: String,
    pub(crate) is_final: bool,
    pub(crate) seconds: f64,
}

impl ReportHeader {
    /// `None`: this is no report.
    pub(crate) fn read(path: &Path) -> Option<Self> {
        let mut beginning = Vec::new();
        File::open(path).ok()?.take(BEGINNING).read_to_end(&mut beginning).ok()?;
        let beginning = String::from_utf8_lossy(&beginning);
        if !beginning.trim_start().starts_with('{') {
            return None;
        }
        Self::of_beginning(&beginning).or_else(|| {
            // Another program may have sorted the fields.
            let program = report_file::read_file(path).ok()?.program;
            Some(Self { run: program.run, is_final: program.is_final, seconds: program.duration_seconds })
        })
    }

    fn of_beginning(text: &str) -> Option<Self> {
        let (_, rest) = text.split_once("\"program\":")?;
        let program: Value = serde_json::from_str(object(rest.trim_start())?).ok()?;
        let run = program.get("run").map_or(Some(""), Value::as_str)?.to_owned();
        let is_final = program.get("final").is_some_and(|value| value == true);
        Some(Self { run, is_final, seconds: program.get("duration_seconds")?.as_f64()? })
    }

    /// True if this report of a run was made after another one.
    pub(crate) fn is_after(&self, other: &Self) -> bool {
        (self.is_final, self.seconds) > (other.is_final, other.seconds)
    }
}

/// The object at the beginning of a text.
fn object(text: &str) -> Option<&str> {
    let (mut depth, mut in_string, mut is_escaped) = (0_usize, false, false);
    for (index, byte) in text.bytes().enumerate() {
        match byte {
            _ if is_escaped => is_escaped = false,
            b'\\' => is_escaped = in_string,
            b'"' => in_string = !in_string,
            b'{' if !in_string => depth += 1,
            b'}' if !in_string => depth = depth.checked_sub(1)?,
            _ => {}
        }
        if depth == 0 {
            return text.get(..=index).filter(|object| object.starts_with('{'));
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_run_stands_in_the_beginning() {
        let text = r#"{ "schema_version": 1, "program": {"name": "}\"{", "run": "a-1", "final": true,
            "args": ["{"], "duration_seconds": 2.5}, "allocator": {"installed"#;
        let header = ReportHeader::of_beginning(text).unwrap();
        assert_eq!(header, ReportHeader { run: "a-1".into(), is_final: true, seconds: 2.5 });
        assert_eq!(ReportHeader::of_beginning(&text[..60]), None);
        assert_eq!(ReportHeader::of_beginning(r#"{"program": 1}"#), None);
        let older = r#"{"program": {"duration_seconds": 1}}"#;
        assert_eq!(ReportHeader::of_beginning(older).unwrap().run, "");
    }

    #[test]
    fn a_final_report_is_the_last() {
        let of = |is_final, seconds| ReportHeader { run: String::new(), is_final, seconds };
        assert!(of(true, 1.0).is_after(&of(false, 2.0)) && of(false, 2.0).is_after(&of(false, 1.0)));
        assert!(!of(true, 1.0).is_after(&of(true, 1.0)));
    }
}
