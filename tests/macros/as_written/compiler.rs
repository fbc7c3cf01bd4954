//! rustc and Clippy by hand, on single files that use this build of memprof.

use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::sync::OnceLock;

use serde_json::Value;

/// Expected messages of that compiler.
pub(crate) const MESSAGES: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/golden/messages.txt");

/// Folder of this test and of the libraries it was built with.
fn libraries() -> PathBuf {
    let test = std::env::current_exe().unwrap();
    test.parent().unwrap().to_owned()
}

pub(crate) fn samples() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("macros/as_written")
}

pub(crate) fn rustc() -> Command {
    Command::new(std::env::var_os("RUSTC").unwrap_or_else(|| "rustc".into()))
}

pub(crate) fn version() -> String {
    String::from_utf8_lossy(&rustc().arg("-V").output().unwrap().stdout).trim().to_owned()
}

/// True if this is the compiler whose messages the tests know: others have other messages.
pub(crate) fn is_known() -> bool {
    let golden = std::fs::read_to_string(MESSAGES).unwrap();
    let known = golden.lines().next() == Some(&version());
    if !known {
        println!("skipped: {MESSAGES} is of another compiler");
    }
    known
}

/// Clippy as a compiler. None where it is not installed.
pub(crate) fn clippy() -> Option<PathBuf> {
    let root = rustc().args(["--print", "sysroot"]).output().unwrap().stdout;
    let driver = Path::new(String::from_utf8_lossy(&root).trim()).join("bin/clippy-driver");
    driver.exists().then_some(driver)
}

/// The newest build of memprof beside this test that has the feature `profiling`.
fn memprof() -> &'static Path {
    static FOUND: OnceLock<PathBuf> = OnceLock::new();
    FOUND.get_or_init(|| {
        let mut builds: Vec<_> = std::fs::read_dir(libraries())
            .unwrap()
            .map(|entry| entry.unwrap())
            .filter(|entry| {
                let name = entry.file_name().to_string_lossy().into_owned();
                name.starts_with("libmemprof-") && name.ends_with(".rlib")
            })
            .collect();
        builds.sort_by_key(|entry| entry.metadata().and_then(|data| data.modified()).unwrap());
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("probe.rs");
        std::fs::write(&file, "use memprof::__private::Tracked as _;").unwrap();
        let found = builds.iter().rev().map(std::fs::DirEntry::path).find(|build| {
            let mut compiler = rustc();
            compiler.args(["--crate-type", "lib", "--emit=metadata"]).arg(&file).arg("--out-dir").arg(folder.path());
            with(&mut compiler, build).output().unwrap().status.success()
        });
        found.expect("a build of memprof beside this test")
    })
}

fn with<'c>(compiler: &'c mut Command, memprof: &Path) -> &'c mut Command {
    let mut memprof_is = std::ffi::OsString::from("memprof=");
    memprof_is.push(memprof);
    let mut libraries_are = std::ffi::OsString::from("dependency=");
    libraries_are.push(libraries());
    if !compiler.get_args().any(|argument| argument.to_string_lossy().starts_with("--edition")) {
        compiler.arg("--edition=2024");
    }
    compiler.arg("--extern").arg(memprof_is).arg("-L").arg(libraries_are)
}

/// Compiles a file, with `cfg(tracked)` or without.
pub(crate) fn compile(mut compiler: Command, file: &Path, tracked: bool, arguments: &[&str]) -> Output {
    if tracked {
        compiler.args(["--cfg", "tracked"]);
    }
    with(&mut compiler, memprof()).args(["--check-cfg", "cfg(tracked)"]).args(arguments).arg(file).output().unwrap()
}

/// Messages of a compiler about a file, one by one.
pub(crate) fn said(compiler: Command, file: &Path, tracked: bool, folder: &Path) -> Vec<Value> {
    let output = folder.join("output.rmeta");
    let output = output.to_str().unwrap();
    let result = compile(compiler, file, tracked, &["--emit=metadata", "--error-format=json", "-o", output]);
    String::from_utf8_lossy(&result.stderr)
        .lines()
        .map(|line| serde_json::from_str(line).unwrap_or_else(|error| panic!("{error}: {line}")))
        .filter(|message: &Value| {
            let text = message["message"].as_str().unwrap();
            !text.contains("aborting due to") && !text.starts_with("For more") && !text.contains("emitted")
        })
        .collect()
}
