//! `cargo memprof init` in new packages.
#![allow(missing_docs)]

mod project;

use std::fs;
use std::path::PathBuf;
use std::process::{Command, Output, Stdio};

use tempfile::TempDir;

struct Package {
    folder: TempDir,
}

impl Package {
    fn new(files: &[(&str, &str)]) -> Self {
        let package = Self { folder: tempfile::tempdir().unwrap() };
        package.write("Cargo.toml", "[package]\nname = \"shop\"\nversion = \"0.1.0\"\nedition = \"2024\"\n");
        files.iter().for_each(|(path, text)| package.write(path, text));
        package
    }

    fn path(&self, path: &str) -> PathBuf {
        self.folder.path().join(path)
    }

    fn write(&self, path: &str, text: &str) {
        let path = self.path(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }

    fn read(&self, path: &str) -> String {
        fs::read_to_string(self.path(path)).unwrap_or_default()
    }

    fn init(&self, arguments: &[&str]) -> Output {
        let mut command = Command::new(env!("CARGO_BIN_EXE_cargo-memprof"));
        command.args(["memprof", "init"]).args(arguments).current_dir(self.folder.path());
        project::outside_of_cargo(&mut command);
        command.env("CARGO_NET_OFFLINE", "true").stdin(Stdio::null()).output().unwrap()
    }
}

fn out(output: &Output) -> String {
    String::from_utf8_lossy(&output.stdout).into_owned()
}

const MAIN: &str =
    "use std::fmt;\n\n/// The program.\n#[tokio::main]\nasync fn main() -> fmt::Result {\n    Ok(())\n}\n";

#[test]
fn a_program_gets_all_it_needs_once() {
    let package = Package::new(&[("src/main.rs", MAIN), (".gitignore", "/target")]);
    let output = package.init(&["--yes", "--path", project::memprof()]);
    assert!(output.status.success(), "{output:?}");
    assert!(package.read("Cargo.toml").contains("[dependencies]\nmemprof = { "), "{}", package.read("Cargo.toml"));
    assert_eq!(package.read(".gitignore"), "/target\n/data/logs/\n");
    assert!(package.read("memory_profile.toml").contains("# output_dir = \"data/logs\""));
    let lines = "src/main.rs:5 (above or below #[tokio::main])\n    + #[memprof::main]\n      async fn main() -> fmt::Result {\n";
    assert!(out(&output).contains(lines), "{}", out(&output));
    assert_eq!(package.read("src/main.rs"), MAIN, "no source is changed");

    package.write("src/main.rs", "#[memprof::main]\nfn main() {}\n");
    let before = package.read("Cargo.toml");
    let again = package.init(&["--yes"]);
    assert!(again.status.success() && out(&again).contains("need no change"), "{again:?}");
    assert!(!out(&again).contains("#[memprof::main]") && package.read("Cargo.toml") == before);
}

#[test]
fn nothing_changes_unless_it_is_agreed() {
    let package = Package::new(&[("src/main.rs", MAIN)]);
    let output = package.init(&["--dry-run"]);
    assert!(output.status.success() && out(&output).contains("cargo add memprof   ("), "{output:?}");
    let output = package.init(&[]);
    assert_eq!(output.status.code(), Some(1));
    let reason = "error: there is no terminal to ask at: --yes makes the changes, --dry-run shows them\n";
    assert_eq!(String::from_utf8_lossy(&output.stderr), reason);
    assert!(!package.path("memory_profile.toml").exists() && !package.read("Cargo.toml").contains("memprof"));
}

#[test]
fn an_allocator_that_is_there_is_kept() {
    let mimalloc = "#[global_allocator]\nstatic GLOBAL: mimalloc::MiMalloc = mimalloc::MiMalloc;\n";
    let package = Package::new(&[("src/main.rs", "mod memory;\nfn main() {}\n"), ("src/memory.rs", mimalloc)]);
    let output = out(&package.init(&["--dry-run"]));
    assert!(output.contains("+ #[memprof::main(allocator = crate::memory::GLOBAL)]"), "{output}");
    assert!(output.contains("src/memory.rs:2\n    - #[global_allocator]\n"), "{output}");
    let jemalloc =
        "#[global_allocator]\nstatic G: tikv_jemallocator::Jemalloc = tikv_jemallocator::Jemalloc;\nfn main() {}\n";
    let package = Package::new(&[("src/main.rs", jemalloc)]);
    let output = out(&package.init(&["--dry-run"]));
    assert!(
        output.contains("#[memprof::main(allocator = jemalloc)]") && output.contains("--features jemalloc"),
        "{output}"
    );
}

#[test]
fn a_library_and_a_workspace_are_told_what_to_do() {
    let library = Package::new(&[("src/lib.rs", "")]);
    let output = out(&library.init(&["--dry-run"]));
    assert!(output.contains("This is a library") && output.contains("For `cargo memprof test`"), "{output}");
    let workspace = Package::new(&[
        ("Cargo.toml", "[workspace]\nmembers = [\"one\", \"two\"]\nresolver = \"3\"\n"),
        ("one/Cargo.toml", "[package]\nname = \"one\"\nversion = \"0.1.0\"\nedition = \"2024\"\n"),
        ("one/src/main.rs", "fn main() {}\n"),
        ("two/Cargo.toml", "[package]\nname = \"two\"\nversion = \"0.1.0\"\nedition = \"2024\"\n"),
        ("two/src/main.rs", "fn main() {}\n"),
    ]);
    let output = workspace.init(&["--dry-run"]);
    let reason = "error: this workspace has several packages: choose one with -p (one, two)\n";
    assert_eq!(
        (output.status.code(), String::from_utf8_lossy(&output.stderr).into_owned()),
        (Some(1), reason.to_owned())
    );
    let output = workspace.init(&["-p", "two", "--yes", "--path", project::memprof()]);
    assert!(output.status.success(), "{output:?}");
    assert!(workspace.path("two/memory_profile.toml").exists() && !workspace.path("one/memory_profile.toml").exists());
}
