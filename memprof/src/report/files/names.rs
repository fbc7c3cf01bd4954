//! File names of a report.

use std::fmt;
use std::path::{Path, PathBuf};

use crate::report::Format;
use crate::report::placeholder::{insert, parts};

/// Base names of a report's files: all numbers and suffixes are added to these.
#[derive(Clone, Debug)]
pub(crate) struct BaseNames {
    pub(crate) folder: PathBuf,
    pub(crate) allocations: PathBuf,
    pub(crate) leaks: PathBuf,
    pub(crate) statistics: PathBuf,
    /// Files in other formats, of the last report of a process.
    pub(crate) formats: Vec<(Format, PathBuf)>,
}

impl BaseNames {
    /// The names with `more` before their extensions.
    pub(crate) fn with(&self, more: &str) -> Self {
        let [allocations, leaks, statistics] =
            [&self.allocations, &self.leaks, &self.statistics].map(|name| insert(name, more));
        let formats = self.formats.iter().map(|(format, name)| (*format, insert(name, more))).collect();
        Self { folder: self.folder.clone(), allocations, leaks, statistics, formats }
    }

    /// Adds `more` to the names of other formats, but for those that differ between processes already.
    pub(crate) fn mark_formats(&mut self, more: &str, differs: impl Fn(Format) -> bool) {
        for (_, name) in self.formats.iter_mut().filter(|(format, _)| !differs(*format)) {
            *name = insert(name, more);
        }
    }
}

/// Number of a report of the running program: each kind counts by itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum RunningNumber {
    /// One of `every_seconds`.
    Periodic(u64),
    /// The memory has reached a threshold.
    Limit(u64),
    /// The heap has reached a new high.
    High(u64),
}

const LIMIT: &str = "limit-";
const HIGH: &str = "high-";

/// As in the names of files: `0007`, `limit-7`, `high-7`.
impl fmt::Display for RunningNumber {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Periodic(number) => write!(f, "{number:04}"),
            Self::Limit(number) => write!(f, "{LIMIT}{number}"),
            Self::High(number) => write!(f, "{HIGH}{number}"),
        }
    }
}

/// `memory.json` with suffix 2 and number 7: `memory-2.0007.json`. Suffix 1 adds nothing.
pub(super) fn variant(name: &Path, suffix: u32, number: Option<RunningNumber>) -> PathBuf {
    let suffix = if suffix > 1 { format!("-{suffix}") } else { String::new() };
    let number = number.map_or_else(String::new, |number| format!(".{number}"));
    insert(name, &(suffix + &number))
}

/// The suffix of a file whose name is derived from `name`. `None`: it has another name.
pub(super) fn suffix_of(name: &Path, file: &Path) -> Option<u32> {
    let (stem, end) = parts(name);
    let file = file.as_os_str().as_encoded_bytes();
    let between = file.strip_prefix(stem.as_encoded_bytes())?.strip_suffix(end.as_encoded_bytes())?;
    let between = std::str::from_utf8(between).ok()?;
    let (suffix, number) = match between.split_once('.') {
        Some((suffix, number)) => (suffix, Some(number)),
        None => (between, None),
    };
    let is_number = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    let is_running = |text: &str| match text.strip_prefix(LIMIT).or_else(|| text.strip_prefix(HIGH)) {
        Some(number) => is_number(number) && !number.starts_with('0'),
        None => text.len() >= 4 && is_number(text),
    };
    if number.is_some_and(|number| !is_running(number)) {
        return None;
    }
    match suffix.strip_prefix('-') {
        None if suffix.is_empty() => Some(1),
        Some(text) if is_number(text) && !text.starts_with('0') => text.parse().ok().filter(|suffix| *suffix > 1),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_made_is_recognised() {
        use RunningNumber::{High, Limit, Periodic};
        for name in ["memory.json", "a.b.json", "leaks", ".hidden", "memory.pb.gz", "memory.dhat.json"] {
            let name = Path::new(name);
            for suffix in [1, 2, 17] {
                for number in [None, Some(Periodic(1)), Some(Periodic(12_345)), Some(Limit(1)), Some(High(12))] {
                    assert_eq!(suffix_of(name, &variant(name, suffix, number)), Some(suffix), "{name:?}");
                }
            }
        }
        for other in [
            "memory",
            "memory-x.json",
            "memory-1.json",
            "memory-02.json",
            "memory.1.json",
            "memory-2-2.json",
            "memory.limit-.json",
            "memory.limit-01.json",
            "memory.low-1.json",
        ] {
            assert_eq!(suffix_of(Path::new("memory.json"), Path::new(other)), None, "{other}");
        }
    }
}
