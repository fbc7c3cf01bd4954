//! The file of a baseline: `key = number`, one a line.

use super::{BLESS, BaselineOf};
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, Ordering};

/// Folder of the files in a package.
const FOLDER: &str = "memprof_baselines";

/// Limit of a file's size: no file of ours is a hundredth of it.
const LARGEST: u64 = 64 * 1024;

/// Limit of a file's name, bytes.
const LONGEST: usize = 120;

pub(super) struct BaselineFile {
    pub(super) path: PathBuf,
}

impl BaselineFile {
    /// The file of a baseline: in the package that cargo runs, or where the test was compiled.
    pub(super) fn of(of: BaselineOf<'_>) -> Self {
        let package = std::env::var_os("CARGO_MANIFEST_DIR").filter(|folder| !folder.is_empty()).map(PathBuf::from);
        let package = package.or_else(|| of.package.map(PathBuf::from)).unwrap_or_default();
        Self { path: package.join(FOLDER).join(format!("{}.toml", file_name(of))) }
    }

    /// The figures in the file. `None`: there is no file.
    pub(super) fn read(&self) -> Result<Option<Vec<(String, i64)>>, String> {
        let text = match fs::metadata(&self.path) {
            Ok(metadata) if metadata.len() > LARGEST => return Err("it is too large to be one".to_owned()),
            _ => fs::read_to_string(&self.path),
        };
        match text {
            Ok(text) => figures(&text).map(Some),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(error.to_string()),
        }
    }

    /// Writes the figures, if they are not those in the file.
    pub(super) fn write(&self, of: BaselineOf<'_>, figures: &[(&str, i64)]) -> io::Result<()> {
        let mut text =
            format!("# Baseline of assert_baseline!({:?}) in {}. {BLESS}=1 writes it again.\n", of.name, of.module);
        for (key, value) in figures {
            text.push_str(&format!("{key} = {value}\n"));
        }
        if fs::read_to_string(&self.path).is_ok_and(|present| present.replace("\r\n", "\n") == text) {
            return Ok(());
        }
        static WRITTEN: AtomicU32 = AtomicU32::new(0);
        let folder = self.path.parent().unwrap_or(Path::new("."));
        fs::create_dir_all(folder)?;
        let unique = format!(".{}-{}", std::process::id(), WRITTEN.fetch_add(1, Ordering::Relaxed));
        let new = folder.join(unique);
        let written = fs::write(&new, text).and_then(|()| fs::rename(&new, &self.path));
        if written.is_err() {
            drop(fs::remove_file(&new));
        }
        written
    }
}

/// `shop__orders__tests__indexing`: module and name, with `_` for what a file's name may not have.
fn file_name(of: BaselineOf<'_>) -> String {
    let name = format!("{}__{}", of.module.replace("::", "__"), of.name);
    let is_plain = |c: char| c.is_alphanumeric() || matches!(c, '_' | '-' | '.');
    let mut plain: String = name.chars().map(|c| if is_plain(c) { c } else { '_' }).collect();
    while plain.len() > LONGEST {
        plain.pop();
    }
    plain
}

fn figures(text: &str) -> Result<Vec<(String, i64)>, String> {
    let mut figures = Vec::new();
    for (index, line) in text.lines().enumerate() {
        let line = line.split('#').next().unwrap_or_default().trim();
        if line.is_empty() {
            continue;
        }
        let figure = line.split_once('=').and_then(|(key, value)| {
            let value = value.trim().replace('_', "").parse().ok()?;
            Some((key.trim().to_owned(), value))
        });
        figures.push(figure.ok_or_else(|| format!("line {} is not `figure = number`", index + 1))?);
    }
    if figures.is_empty() { Err("it has no figures".to_owned()) } else { Ok(figures) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn figures_are_read_line_by_line() {
        let text = "# A baseline.\r\nallocated_bytes = 1_024\n\npeak_bytes=-5 # The peak.\n";
        let read = figures(text).unwrap();
        assert_eq!(read, [("allocated_bytes".to_owned(), 1024), ("peak_bytes".to_owned(), -5)]);
        assert_eq!(figures("a = 1\n<<<<<<< HEAD\n").unwrap_err(), "line 2 is not `figure = number`");
        assert_eq!(figures("a = lots").unwrap_err(), "line 1 is not `figure = number`");
        assert_eq!(figures("# nothing\n").unwrap_err(), "it has no figures");
    }

    #[test]
    fn a_name_of_a_file_has_nothing_that_leads_elsewhere() {
        let name = |name| file_name(BaselineOf { name, module: "shop::tests", package: None });
        assert_eq!(name("indexing 10 words"), "shop__tests__indexing_10_words");
        assert_eq!(name("../../etc/passwd\n"), "shop__tests__.._.._etc_passwd_");
        assert!(name(&"ä".repeat(500)).len() <= LONGEST);
    }
}
