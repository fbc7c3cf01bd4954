//! Measurements that are compared with a file of the package.

mod file;

use super::failure::{Failure, by_allocated};
use super::run::{MeasuredRun, run};
use crate::printable::Printable;
use crate::profile::ReportingGuard;
use crate::size;
use file::BaselineFile;
use std::ffi::OsStr;
use std::path::Path;

/// Variable that has baselines written.
pub(super) const BLESS: &str = "MEMPROF_BLESS";

/// Shares of 100 that a figure may grow.
const PERCENT: u64 = 5;
/// Bytes that a figure may grow.
const BYTES: i64 = 1024;
/// Blocks that a figure may grow.
const BLOCKS: i64 = 64;

/// Name of a baseline, and the module and package of its test.
#[derive(Clone, Copy, Debug)]
pub struct BaselineOf<'n> {
    /// The user's name.
    pub name: &'n str,
    /// Path of the module.
    pub module: &'static str,
    /// Folder of the package when the test was compiled.
    pub package: Option<&'static str>,
}

/// A figure of a measurement, and its name in the file.
struct MeasuredFigure {
    key: &'static str,
    noun: &'static str,
    value: i64,
    is_bytes: bool,
}

/// Runs `work` and compares its figures with a file, or writes the file.
#[track_caller]
pub fn baseline<R>(of: BaselineOf<'_>, work: impl FnOnce() -> R) -> (R, Option<Failure>) {
    let (value, mut run) = run(false, work);
    let _scope = ReportingGuard::begin();
    let failure = match run.defect() {
        Some(defect) => Some(defect),
        None if is_blessed(std::env::var_os(BLESS).as_deref()) => bless(of, &run),
        None => compared(of, &mut run),
    };
    (value, failure.map(Failure))
}

fn is_blessed(value: Option<&OsStr>) -> bool {
    value.is_some_and(|value| !value.is_empty() && value != "0")
}

fn figures(run: &MeasuredRun) -> [MeasuredFigure; 4] {
    let figure = |key, noun, value: i64| MeasuredFigure { key, noun, value, is_bytes: key != "allocated_count" };
    let unsigned = |number: u64| i64::try_from(number).unwrap_or(i64::MAX);
    [
        figure("allocated_bytes", "allocated", unsigned(run.sum.allocated.bytes)),
        figure("allocated_count", "allocated", unsigned(run.sum.allocated.count)),
        figure("peak_bytes", "peak", unsigned(run.peak)),
        figure("net_bytes", "net", run.sum.net_bytes()),
    ]
}

/// Writes the file. Returns the reason if it cannot.
fn bless(of: BaselineOf<'_>, run: &MeasuredRun) -> Option<String> {
    let file = BaselineFile::of(of);
    let figures = figures(run).map(|figure| (figure.key, figure.value));
    let error = file.write(of, &figures).err()?;
    Some(format!("memprof: cannot write the baseline {}: {error}", shown(&file.path)))
}

/// Message if a figure exceeds its baseline, or if there is none.
fn compared(of: BaselineOf<'_>, run: &mut MeasuredRun) -> Option<String> {
    let file = BaselineFile::of(of);
    let path = shown(&file.path);
    let old = match file.read() {
        Ok(Some(old)) => old,
        Ok(None) => {
            return Some(format!(
                "memprof: there is no baseline {path} yet: run the test with {BLESS}=1, and add the file to the \
                 repository"
            ));
        }
        Err(reason) => {
            return Some(format!("memprof: cannot read the baseline {path}: {reason}; {BLESS}=1 writes it again"));
        }
    };
    let mut lines = String::new();
    for figure in figures(run) {
        let Some((_, old)) = old.iter().find(|(key, _)| key == figure.key) else { continue };
        if is_exceeded(*old, &figure) {
            lines.push_str(&format!("\n  {}", line(*old, &figure)));
        }
    }
    if lines.is_empty() {
        return None;
    }
    let functions = by_allocated(run);
    let name = Printable(of.name);
    Some(format!(
        "memprof: `{name}` exceeds its baseline {path}{lines}\nallocated now:{functions}\nif that is meant, run the \
         test with {BLESS}=1"
    ))
}

/// True if a figure has grown by more than 5 % and more than 1 KB, or 64 blocks.
fn is_exceeded(old: i64, figure: &MeasuredFigure) -> bool {
    let growth = i128::from(figure.value) - i128::from(old);
    let least = if figure.is_bytes { BYTES } else { BLOCKS };
    growth > i128::from(least) && growth * 100 > i128::from(old.unsigned_abs()) * i128::from(PERCENT)
}

fn line(old: i64, figure: &MeasuredFigure) -> String {
    let growth = i128::from(figure.value) - i128::from(old);
    let share = match old {
        0 => String::new(),
        _ => format!(" (+{:.2} %)", growth as f64 * 100.0 / old.unsigned_abs() as f64),
    };
    if figure.is_bytes {
        let (old, new) = (size::count(old), size::count(figure.value));
        format!("{} {old} → {new} bytes, +{}{share}; limit +5 % and +1 KB", figure.noun, size::bytes(growth))
    } else {
        let (old, new) = (size::count(old), size::count(figure.value));
        format!("{} {old} → {new} blocks, +{}{share}; limit +5 % and +64", figure.noun, size::count(growth))
    }
}

fn shown(path: &Path) -> String {
    Printable(&path.display().to_string()).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_limits_must_be_exceeded() {
        let is_exceeded =
            |old, value, is_bytes| super::is_exceeded(old, &MeasuredFigure { key: "", noun: "", value, is_bytes });
        assert!(!is_exceeded(100_000, 105_000, true));
        assert!(is_exceeded(100_000, 105_001, true));
        assert!(!is_exceeded(100, 1_124, true));
        assert!(is_exceeded(100, 1_125, true));
        assert!(is_exceeded(0, 1_025, true));
        assert!(!is_exceeded(100, 164, false));
        assert!(is_exceeded(100, 165, false));
        assert!(!is_exceeded(1 << 40, 0, true));
        assert!(is_exceeded(i64::MIN, i64::MAX, true));
        assert!(is_exceeded(-10_000, -8_000, true));
    }

    #[test]
    fn the_variable_is_a_switch() {
        let is_blessed = |value: &str| super::is_blessed(Some(OsStr::new(value)));
        assert!(is_blessed("1") && is_blessed("yes") && !is_blessed("0") && !is_blessed(""));
        assert!(!super::is_blessed(None));
    }
}
