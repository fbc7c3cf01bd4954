//! The workflow of the page `ci`: its steps, run here with the same commands.
#![allow(missing_docs)]

mod project;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use tempfile::TempDir;

/// A step with a command.
#[derive(Debug)]
struct Step {
    folder: String,
    command: String,
}

/// The steps of the workflow on the page that run a command, but for the one that installs it.
fn steps() -> Vec<Step> {
    let page = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/ci.md")).unwrap();
    let workflow = page.split("```yaml\n").nth(1).unwrap().split("```").next().unwrap();
    let (_, steps) = workflow.split_once("    steps:\n").unwrap();
    let mut commands = Vec::new();
    for step in steps.split("      - ").skip(1) {
        let value = |key: &str| {
            let line = step.lines().find_map(|line| line.trim_start().strip_prefix(key)?.strip_prefix(": "));
            line.map(str::to_owned)
        };
        if let Some(command) = value("run") {
            commands.push(Step { folder: value("working-directory").unwrap_or_default(), command });
        } else {
            assert!(value("uses").is_some(), "{step}");
        }
    }
    let install = commands.remove(0);
    assert_eq!(install.command, "cargo install cargo-memprof --locked");
    commands
}

/// The folder of a job, with both branches checked out.
struct Job {
    folder: TempDir,
}

impl Job {
    fn new(new: impl Fn(&str) -> String) -> Self {
        let job = Self { folder: tempfile::tempdir().unwrap() };
        let program = include_str!("ci/shop.rs");
        for (branch, program) in [("old", program.to_owned()), ("new", new(program))] {
            let files = [("Cargo.toml", include_str!("ci/Cargo.toml.txt")), ("src/main.rs", &program)];
            project::write(&job.path(branch), &files);
        }
        job
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// Runs a step as GitHub does, with the built command in place of an installed one. Gives status and output.
    fn run(&self, step: &Step) -> (Option<i32>, String) {
        let executable = Path::new(env!("CARGO_BIN_EXE_cargo-memprof"));
        let path = std::env::var_os("PATH").unwrap_or_default();
        let folders = [executable.parent().unwrap().to_owned()].into_iter().chain(std::env::split_paths(&path));
        let mut command = Command::new("bash");
        command.args(["-e", "-o", "pipefail", "-c", &step.command]).current_dir(self.path(&step.folder));
        project::outside_of_cargo(&mut command);
        command.env("PATH", std::env::join_paths(folders).unwrap()).env("CARGO_NET_OFFLINE", "true");
        command.env("GITHUB_STEP_SUMMARY", self.path("summary.md"));
        // Both branches have the same dependencies: they are built once. To cargo, two packages of the same name in one
        // target folder are one, and the older file is no change.
        if let Ok(program) = fs::read(self.path(&step.folder).join("src/main.rs")) {
            fs::write(self.path(&step.folder).join("src/main.rs"), program).unwrap();
        }
        let target = Path::new(env!("CARGO_TARGET_TMPDIR")).join("cargo-memprof-ci");
        let output = command.env("CARGO_TARGET_DIR", target).output().unwrap();
        let text = [output.stdout, output.stderr].concat();
        (output.status.code(), String::from_utf8(text).unwrap())
    }

    /// Runs all steps. Gives status and output of the last one, and the summary.
    fn run_all(&self) -> (Option<i32>, String, String) {
        let steps = steps();
        let (check, others) = steps.split_last().unwrap();
        for step in others {
            let (status, text) = self.run(step);
            assert_eq!(status, Some(0), "{step:?}: {text}");
        }
        let (status, text) = self.run(check);
        (status, text, fs::read_to_string(self.path("summary.md")).unwrap())
    }
}

#[test]
fn the_page_has_its_steps() {
    let words: Vec<String> = steps().into_iter().map(|step| step.command).collect();
    let starts = ["cargo memprof run", "cargo memprof run", "cargo memprof diff", "cargo memprof check"];
    assert_eq!(words.len(), starts.len(), "{words:?}");
    assert!(words.iter().zip(starts).all(|(word, start)| word.starts_with(start)), "{words:?}");
}

#[test]
#[ignore = "builds a package in release mode: .ci/run full command"]
fn an_unchanged_program_passes_and_a_change_fails() {
    let unchanged = Job::new(str::to_owned);
    let (status, text, summary) = unchanged.run_all();
    assert_eq!(status, Some(0), "{text}");
    assert!(!text.contains("::error") && summary.len() < 1 << 20, "{text}");

    let larger = Job::new(|program| program.replace("LINES: usize = 100", "LINES: usize = 110"));
    let (status, text, summary) = larger.run_all();
    assert_eq!(status, Some(3), "{text}");
    assert!(text.contains("::error file=src/main.rs,line=9") && text.contains("shop::read_orders"), "{text}");
    assert!(summary.contains("shop::read_orders") && summary.contains("<details>"), "{summary}");
}
