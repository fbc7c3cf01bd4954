//! Test programs: those that cargo built, and the tests in each.

use std::collections::BTreeSet;
use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use cargo_config2::PathAndArgs;
use cargo_metadata::{Artifact, Metadata, Target, TargetKind};
use toml::de::{DeTable, DeValue};

use super::filter::Filter;
use crate::cargo::{self, Built};
use crate::failure::{Failure, Outcome};

/// One test program.
#[derive(Debug)]
pub(super) struct TestBinary {
    /// Name before those of its tests.
    pub(super) label: String,
    /// Source file, for messages.
    pub(super) source: PathBuf,
    executable: PathBuf,
    runner: Option<PathAndArgs>,
    environment: Vec<(OsString, OsString)>,
    /// Folder of the package, in which the tests run.
    folder: PathBuf,
}

/// Test programs, and what cargo would run beside them.
#[derive(Debug, Default)]
pub(super) struct TestBinaries {
    pub(super) binaries: Vec<TestBinary>,
    /// Labels of those with `harness = false`.
    pub(super) without_harness: Vec<String>,
    /// Names of the packages whose library has code in its documentation.
    pub(super) documented: Vec<String>,
}

/// One test of a program.
#[derive(Clone, Debug)]
pub(super) struct Listed {
    pub(super) path: String,
    pub(super) is_ignored: bool,
}

/// A program, under the runner of its target if that has one.
pub(super) fn under(runner: Option<&PathAndArgs>, executable: &Path) -> Command {
    match runner {
        Some(runner) => {
            let mut command = Command::new(&runner.path);
            command.args(&runner.args).arg(executable);
            command
        }
        None => Command::new(executable),
    }
}

/// Arguments of a program that runs one test. It is alone in its process: nothing has to be captured.
pub(super) fn arguments(name: &str) -> [&str; 4] {
    ["--exact", name, "--nocapture", "--test-threads=1"]
}

impl TestBinaries {
    /// The programs among what cargo built.
    pub(super) fn of(built: &Built, metadata: &Metadata, runner: Option<&PathAndArgs>) -> Self {
        let mut found = Self::default();
        for artifact in &built.artifacts {
            let Some(executable) = artifact.executable.as_ref().filter(|_| artifact.profile.test) else { continue };
            if artifact.target.doctest {
                found.note_documentation(artifact, metadata);
            }
            let label = label(artifact, metadata);
            if !has_harness(artifact) {
                found.without_harness.push(label);
                continue;
            }
            found.binaries.push(TestBinary {
                label,
                source: artifact.target.src_path.clone().into(),
                executable: executable.clone().into(),
                runner: runner.cloned(),
                environment: cargo::environment(built, artifact, metadata),
                folder: artifact.manifest_path.parent().map(|folder| folder.to_owned().into()).unwrap_or_default(),
            });
        }
        found.binaries.sort_by(|one, other| one.label.cmp(&other.label));
        found
    }

    fn note_documentation(&mut self, artifact: &Artifact, metadata: &Metadata) {
        let package = metadata.packages.iter().find(|package| package.id == artifact.package_id);
        let sources = artifact.target.src_path.parent().map(|folder| folder.as_std_path().to_owned());
        if let (Some(package), Some(sources)) = (package, sources)
            && has_examples(&sources)
        {
            self.documented.push(package.name.to_string());
        }
    }
}

/// True if a source file in a folder, or beneath it, has code in its documentation.
fn has_examples(folder: &Path) -> bool {
    let is_example = |line: &str| {
        let line = line.trim_start();
        ["/// ```", "//! ```", "#![doc = include_str!"].iter().any(|start| line.starts_with(start))
    };
    let entries = fs::read_dir(folder).into_iter().flatten().flatten().map(|entry| entry.path());
    entries.into_iter().any(|path| match path.extension() {
        Some(extension) if extension == "rs" => {
            fs::read_to_string(&path).is_ok_and(|text| text.lines().any(is_example))
        }
        _ => path.is_dir() && !path.is_symlink() && has_examples(&path),
    })
}

impl TestBinary {
    /// The program with arguments, in the folder and the environment that cargo gives to it.
    pub(super) fn command(&self) -> Command {
        let mut command = under(self.runner.as_ref(), &self.executable);
        command.envs(self.environment.iter().map(|(name, value)| (name, value)));
        command.current_dir(&self.folder).stdin(Stdio::null()).env_remove("MEMPROF_TEST");
        command
    }

    /// The tests that a filter chooses.
    pub(super) fn tests(&self, filter: &Filter) -> Outcome<Vec<Listed>> {
        if filter.ignored {
            return Ok(self.list(filter, true)?.into_iter().map(|path| Listed { path, is_ignored: false }).collect());
        }
        let paths = self.list(filter, false)?;
        let ignored: BTreeSet<_> = if filter.include_ignored || paths.is_empty() {
            BTreeSet::new()
        } else {
            self.list(filter, true)?.into_iter().collect()
        };
        Ok(paths.into_iter().map(|path| Listed { is_ignored: ignored.contains(&path), path }).collect())
    }

    fn list(&self, filter: &Filter, are_ignored: bool) -> Outcome<Vec<String>> {
        let mut command = self.command();
        command.args(filter.of_list(are_ignored)).stderr(Stdio::inherit());
        let cannot = |error| Failure::of_file("run", &self.executable, &error);
        let output = command.output().map_err(cannot)?;
        if !output.status.success() {
            let name = &self.label;
            return Err(Failure::Said(format!("`{name}` does not list its tests: it ended with {}", output.status)));
        }
        let text = String::from_utf8_lossy(&output.stdout);
        let names = text.lines().filter_map(|line| line.rsplit_once(": "));
        Ok(names.filter(|(_, kind)| matches!(*kind, "test" | "benchmark")).map(|(name, _)| name.to_owned()).collect())
    }
}

/// Name of a program before those of its tests: that of its target, as far as no other target of the workspace has it.
fn label(artifact: &Artifact, metadata: &Metadata) -> String {
    let name = &artifact.target.name;
    let packages = metadata.workspace_packages();
    let twins = |target: &&Target| target.name == *name && !target.kind.contains(&TargetKind::CustomBuild);
    let own = packages.iter().find(|package| package.id == artifact.package_id);
    let is_twin = own.is_some_and(|package| package.targets.iter().filter(twins).count() > 1);
    let kind = artifact.target.kind.first().filter(|_| is_twin && !is_library(&artifact.target));
    let label = kind.map_or_else(|| name.clone(), |kind| format!("{kind}/{name}"));
    let others = packages.iter().filter(|package| package.id != artifact.package_id);
    let is_elsewhere = others.flat_map(|package| &package.targets).any(|target| twins(&target));
    match own.filter(|_| is_elsewhere) {
        Some(package) => format!("{}/{label}", package.name),
        None => label,
    }
}

fn is_library(target: &Target) -> bool {
    let others = [TargetKind::Bin, TargetKind::Test, TargetKind::Example, TargetKind::Bench];
    !others.iter().any(|kind| target.kind.contains(kind))
}

/// True if libtest runs the tests: cargo's messages do not tell.
fn has_harness(artifact: &Artifact) -> bool {
    let text = fs::read_to_string(&artifact.manifest_path).unwrap_or_default();
    is_tested_by_libtest(&text, &artifact.target)
}

fn is_tested_by_libtest(manifest: &str, target: &Target) -> bool {
    let Ok(manifest) = DeTable::parse(manifest) else { return true };
    let has = |table: &DeTable<'_>| table.get("harness").and_then(|value| value.get_ref().as_bool()) != Some(false);
    let section = match target.kind.first() {
        Some(TargetKind::Bin) => "bin",
        Some(TargetKind::Test) => "test",
        Some(TargetKind::Example) => "example",
        Some(TargetKind::Bench) => "bench",
        _ => "lib",
    };
    let tables = match manifest.get_ref().get(section).map(toml::Spanned::get_ref) {
        Some(DeValue::Table(library)) => return has(library),
        Some(DeValue::Array(tables)) => tables.iter().filter_map(|table| table.get_ref().as_table()),
        _ => return true,
    };
    let is_it =
        |table: &&DeTable<'_>| table.get("name").and_then(|name| name.get_ref().as_str()) == Some(target.name.as_str());
    tables.into_iter().find(is_it).is_none_or(has)
}
