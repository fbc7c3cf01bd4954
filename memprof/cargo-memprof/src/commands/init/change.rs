//! Changes that `init` offers.

use std::fmt;
use std::fs;
use std::path::{Path, PathBuf};

use cargo_metadata::Package;

use super::folder;
use crate::cargo;
use crate::failure::{Failure, Outcome};
use crate::report_file;

/// Name of the file with the settings.
const SETTINGS: &str = "memory_profile.toml";

/// The settings that a user changes first, each with its default. The others are in the documentation.
const CONTENT: &str = "# Settings of memprof. Each line shows a default: remove the # and change it. All settings, with
# their environment variables: https://docs.rs/memprof
# `cargo memprof run` chooses the folder and the names of the reports itself.

[reporting]
# output_dir = \"data/logs\"
# formats = [\"html\"]

[memory_profiling]
# enabled = true
# max_tracked_allocations = 10000

[leaks]
# Functions whose live blocks are expected, such as caches: \"*::cache::*\"
# ignore = []
";

/// Line of .gitignore for the reports of a program that is run without this command.
const IGNORED: &str = "/data/logs/";

/// A change of the package, not made yet.
pub(super) enum Change {
    /// `cargo add memprof`.
    Dependency { manifest: PathBuf, path: Option<PathBuf> },
    /// The file with the settings.
    Settings { file: PathBuf },
    /// The reports are no sources.
    Ignore { file: PathBuf },
}

impl Change {
    /// The changes that the package needs.
    pub(super) fn all(package: &Package, path: Option<&Path>) -> Vec<Self> {
        let mut changes = Vec::new();
        if !package.dependencies.iter().any(|dependency| dependency.name == "memprof") {
            let manifest = package.manifest_path.clone().into_std_path_buf();
            changes.push(Self::Dependency { manifest, path: path.map(Path::to_owned) });
        }
        let settings = folder(package).join(SETTINGS);
        if !settings.exists() {
            changes.push(Self::Settings { file: settings });
        }
        let file = folder(package).join(".gitignore");
        let lines = fs::read_to_string(&file).unwrap_or_default();
        if !lines.lines().any(|line| line.trim().trim_matches('/') == IGNORED.trim_matches('/')) {
            changes.push(Self::Ignore { file });
        }
        changes
    }

    pub(super) fn make(&self) -> Outcome {
        match self {
            Self::Dependency { manifest, path } => add(manifest, path.as_deref()),
            Self::Settings { file } => report_file::write(file, CONTENT.as_bytes()),
            Self::Ignore { file } => {
                let mut lines = match fs::read_to_string(file) {
                    Ok(lines) => lines,
                    Err(error) if error.kind() == std::io::ErrorKind::NotFound => String::new(),
                    Err(error) => return Err(Failure::of_file("read", file, &error)),
                };
                if !lines.is_empty() && !lines.ends_with('\n') {
                    lines.push('\n');
                }
                lines.push_str(IGNORED);
                lines.push('\n');
                report_file::write(file, lines.as_bytes())
            }
        }
    }
}

/// The change as a person would make it.
impl fmt::Display for Change {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Dependency { manifest, path } => {
                let path = path.as_ref().map_or_else(String::new, |path| format!(" --path {}", path.display()));
                write!(f, "cargo add memprof{path}   ({})", manifest.display())
            }
            Self::Settings { file } => write!(f, "write {}: the first settings, each with its default", file.display()),
            Self::Ignore { file } => write!(f, "add the line {IGNORED} to {}", file.display()),
        }
    }
}

fn add(manifest: &Path, path: Option<&Path>) -> Outcome {
    let mut command = cargo::cargo();
    command.args(["add", "memprof", "--manifest-path"]).arg(manifest);
    if let Some(path) = path {
        command.arg("--path").arg(path);
    }
    match command.status() {
        Ok(status) if status.success() => Ok(()),
        Ok(_) => Err(Failure::said(
            "`cargo add memprof` failed: nothing else was changed. `init --path FOLDER` takes memprof from a folder",
        )),
        Err(error) => Err(Failure::Said(format!("cannot run cargo: {error}"))),
    }
}
