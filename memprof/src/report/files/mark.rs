//! The mark of a report: its run, near its beginning, so that it can be judged without reading all of it.

use super::run::Run;

/// Bytes from the beginning that contain the mark: only the name of the program stands before it.
pub(super) const LENGTH: usize = 4096;

/// The run of a report, and a flag for the last report of that run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Mark {
    pub(crate) run: Run,
    pub(crate) is_final: bool,
}

impl Mark {
    /// The mark in the first bytes of a file. `None`: it is no report, or a damaged one.
    pub(super) fn of(beginning: &[u8]) -> Option<Self> {
        let run = value(beginning, b"\"run\"")?.strip_prefix(b"\"")?;
        let run = run.get(..run.iter().position(|byte| *byte == b'"')?)?;
        let run = std::str::from_utf8(run).ok()?.parse().ok()?;
        let is_final = match value(beginning, b"\"final\"")? {
            text if text.starts_with(b"true") => true,
            text if text.starts_with(b"false") => false,
            _ => return None,
        };
        Some(Self { run, is_final })
    }
}

/// The text from the value of this key on. In a string quotes are escaped: an unescaped quote before a colon ends a
/// key.
fn value<'t>(text: &'t [u8], key: &[u8]) -> Option<&'t [u8]> {
    let after = |start: usize| text.get(start + key.len()..).map(<[u8]>::trim_ascii_start);
    let mut places = text.windows(key.len()).enumerate().filter(|(_, window)| *window == key);
    places.find_map(|(start, _)| after(start)?.strip_prefix(b":").map(<[u8]>::trim_ascii_start))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::golden;

    #[test]
    fn the_mark_of_a_report_is_read_in_every_layout() {
        let mut report = golden::report();
        let run = Run::own(7);
        report.program.run = run.to_string();
        for (name, is_final) in [("a\" \"run\": \"1-2-3-4\"\\", true), ("\"final\": true", false), ("ä\n", true)] {
            report.program.name = name.into();
            report.program.is_final = is_final;
            report.program.args = vec!["run".into(), "\"run\":".into()];
            let text = report.to_json();
            assert_eq!(Mark::of(text.as_bytes()), Some(Mark { run, is_final }), "{name}");
            let compact: String = text.lines().map(str::trim_start).collect();
            assert_eq!(Mark::of(compact.as_bytes()), Some(Mark { run, is_final }), "{name}");
        }
    }

    #[test]
    fn the_mark_stands_near_the_beginning() {
        let mut report = golden::report();
        report.program.run = Run::own(u64::MAX).to_string();
        report.program.name = "\u{1}".repeat(255);
        report.program.args = vec!["x".repeat(100_000)];
        let text = report.to_json();
        assert!(Mark::of(&text.as_bytes()[..LENGTH]).is_some());
    }

    #[test]
    fn what_is_no_report_has_none() {
        for text in [
            "",
            "old",
            "{}",
            "{\"run\": 1}",
            "{\"run\": \"1-2-3-4\"}",
            "{\"run\": \"1-2-3-4",
            "{\"run\": \"1-2-3-4\", \"final\": 1}",
        ] {
            assert_eq!(Mark::of(text.as_bytes()), None, "{text}");
        }
    }
}
