//! The harness: allocations and frees around a test on the thread of the test.
//!
//! An empty test with an allocator of its own logs them: it is compiled once for each compiler and target, by the cargo
//! and the settings of the tests.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::cargo::{self, BuildOptions, Built};
use crate::failure::{Failure, Outcome};

const SOURCE: &str = include_str!("empty_test.rs");
const MANIFEST: &str = "[package]\nname = \"memprof-empty-test\"\nversion = \"0.0.0\"\nedition = \"2021\"\npublish = false\n\n\
                        [lib]\npath = \"lib.rs\"\ndoctest = false\n\n[workspace]\n";
/// Names of the empty tests: they differ in their lengths.
const NAMES: [&str; 2] = ["short", "a_name_of_more_letters"];
/// Attempts to see the same order twice.
const ATTEMPTS: usize = 5;

/// One allocation (positive) or free (negative) of the harness.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Change {
    pub(super) bytes: i64,
    /// Bytes more for each byte of the test's name.
    pub(super) per_letter: i64,
}

/// Allocations and frees of the harness on the thread of a test.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Harness {
    /// Number of those before the test.
    pub(super) before: usize,
    /// Those after the test, the first of them the block in which the result is sent.
    pub(super) after: Vec<Change>,
}

impl Harness {
    /// The harness of the compiler that cargo uses for the tests, which were just built into `target`.
    pub(super) fn find(options: &BuildOptions, target: &Path) -> Outcome<Self> {
        let folder = target.join("memprof").join(".harness");
        let key = key(options, target);
        let cache = folder.join("figures.txt");
        let known = fs::read_to_string(&cache).unwrap_or_default();
        if let Some(harness) = known.strip_prefix(&key).and_then(Self::parse) {
            return Ok(harness);
        }
        let harness = Self::measure(options, &folder)?;
        let cannot = |error| Failure::of_file("write", &cache, &error);
        fs::write(&cache, format!("{key}{}", harness.text())).map_err(cannot)?;
        Ok(harness)
    }

    fn measure(options: &BuildOptions, folder: &Path) -> Outcome<Self> {
        let cannot = |error| Failure::of_file("write the empty test into", folder, &error);
        fs::create_dir_all(folder).map_err(cannot)?;
        let manifest = folder.join("Cargo.toml");
        fs::write(&manifest, MANIFEST).map_err(cannot)?;
        fs::write(folder.join("lib.rs"), SOURCE).map_err(cannot)?;
        let mut given = options.of_toolchain();
        given.extend(["--lib", "--no-run", "--quiet", "--offline", "--manifest-path"].map(Into::into));
        given.extend([manifest.into(), "--target-dir".into(), folder.join("target").into()]);
        let built = cargo::build("test", &given)?;
        let unusual = || Failure::said("the harness of the tests allocates in an unusual order");
        let executable = executable(&built).ok_or_else(unusual)?;
        let runner = cargo::runner(options)?;
        for _ in 0..ATTEMPTS {
            let logs = NAMES.map(|name| {
                let mut command = super::binary::under(runner.as_ref(), &executable);
                log(command.args(super::binary::arguments(name)))
            });
            if let [Some(short), Some(long)] = logs
                && let Some(harness) = Self::of_logs(&short, &long)
            {
                return Ok(harness);
            }
        }
        Err(unusual())
    }

    fn of_logs(short: &Log, long: &Log) -> Option<Self> {
        let letters = (NAMES[1].len() - NAMES[0].len()) as i64;
        if short.before != long.before || short.changes.len() != long.changes.len() {
            return None;
        }
        let pairs = short.changes.iter().zip(&long.changes).skip(short.before);
        let after: Vec<_> = pairs
            .map(|(&short, &long)| {
                let per_letter = (long - short) / letters;
                Change { bytes: short - per_letter * NAMES[0].len() as i64, per_letter }
            })
            .collect();
        // A block that every test has: it shows where the test ends.
        let ends = after.first().is_some_and(|message| message.bytes > 0 && message.per_letter == 0);
        ends.then_some(Self { before: short.before, after })
    }

    /// Size of the block in which the result of a test is sent.
    pub(super) fn message_bytes(&self) -> i64 {
        self.after.first().map_or(0, |message| message.bytes)
    }

    /// Allocations after a test: bytes and blocks.
    pub(super) fn allocated(&self) -> (i64, usize) {
        let allocated = self.after.iter().filter(|change| change.bytes > 0);
        allocated.fold((0, 0), |(bytes, count), change| (bytes + change.bytes, count + 1))
    }

    fn text(&self) -> String {
        let changes = self.after.iter().map(|change| format!(" {}/{}", change.bytes, change.per_letter));
        format!("{}{}\n", self.before, changes.collect::<String>())
    }

    fn parse(text: &str) -> Option<Self> {
        let mut words = text.split_whitespace();
        let before = words.next()?.parse().ok()?;
        let change = |word: &str| {
            let (bytes, per_letter) = word.split_once('/')?;
            Some(Change { bytes: bytes.parse().ok()?, per_letter: per_letter.parse().ok()? })
        };
        let after: Option<Vec<_>> = words.map(change).collect();
        after.filter(|after| !after.is_empty()).map(|after| Self { before, after })
    }
}

/// A line that is different for another compiler or target.
fn key(options: &BuildOptions, target: &Path) -> String {
    let known = fs::read_to_string(target.join(".rustc_info.json")).ok();
    let fingerprint = known.and_then(|text| {
        let text: serde_json::Value = serde_json::from_str(&text).ok()?;
        Some(text.get("rustc_fingerprint")?.to_string())
    });
    let compiler = fingerprint.unwrap_or_else(|| {
        let rustc = std::env::var_os("RUSTC").unwrap_or_else(|| "rustc".into());
        let output = Command::new(rustc).arg("-vV").output().map(|output| output.stdout).unwrap_or_default();
        String::from_utf8_lossy(&output).replace('\n', " ")
    });
    let target = options.target.as_deref().unwrap_or("host");
    format!("{} {compiler} {target}\n", env!("CARGO_PKG_VERSION"))
}

fn executable(built: &Built) -> Option<PathBuf> {
    built.artifacts.iter().find_map(|artifact| artifact.executable.clone()).map(Into::into)
}

/// Log of one empty test.
#[derive(Debug)]
struct Log {
    before: usize,
    changes: Vec<i64>,
}

fn log(command: &mut Command) -> Option<Log> {
    let output = command.output().ok()?;
    let text = String::from_utf8_lossy(&output.stderr);
    let mut words = text.lines().find_map(|line| line.strip_prefix("memprof-harness "))?.split(' ');
    let before = words.next()?.parse().ok()?;
    let changes: Option<Vec<i64>> = words.map(|word| word.parse().ok()).collect();
    Some(Log { before, changes: changes? })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(short: &[i64], long: &[i64]) -> Option<Harness> {
        let log = |changes: &[i64]| Log { before: 3, changes: changes.to_vec() };
        Harness::of_logs(&log(short), &log(long))
    }

    #[test]
    fn lengths_of_names_are_told_apart() {
        let harness = of(&[-24, 5, 48, 9680, -48, -5], &[-24, 22, 48, 9680, -48, -22]).expect("a harness");
        let changes: Vec<_> = harness.after.iter().map(|change| (change.bytes, change.per_letter)).collect();
        assert_eq!(changes, [(9680, 0), (-48, 0), (0, -1)]);
        assert_eq!((harness.message_bytes(), harness.allocated()), (9680, (9680, 1)));
        assert_eq!(Harness::parse(&harness.text()), Some(harness));
    }

    #[test]
    fn other_orders_are_no_harness() {
        assert_eq!(of(&[-24, 5, 48, 9680], &[-24, 22, 48, 9680, -48]), None);
        assert_eq!(of(&[-24, 5, 48], &[-24, 22, 48]), None);
        assert_eq!(of(&[-24, 5, 48, -9680], &[-24, 22, 48, -9680]), None);
    }
}
