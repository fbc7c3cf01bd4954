//! A project of its own, on which the tests run the command.

// Each test program uses a part of it.
#![allow(dead_code)]

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

/// Name that stands for the folder of memprof in a manifest.
const MEMPROF: &str = "MEMPROF";

/// The folder of memprof.
pub(crate) fn memprof() -> &'static str {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap().to_str().unwrap()
}

/// Writes the files of a project, with the crates that this repository has locked. A file that is there already keeps
/// its time: it is not built again.
pub(crate) fn write(folder: &Path, files: &[(&str, &str)]) {
    for (path, text) in files {
        let path = folder.join(path);
        let text = text.replace(MEMPROF, memprof());
        if fs::read_to_string(&path).is_ok_and(|present| present == text) {
            continue;
        }
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }
    let lock = folder.join("Cargo.lock");
    if !lock.exists() {
        fs::copy(Path::new(memprof()).join("../Cargo.lock"), lock).unwrap();
    }
}

/// A folder for a project that is kept from run to run, with what was built of it.
pub(crate) fn kept(name: &str) -> PathBuf {
    Path::new(env!("CARGO_TARGET_TMPDIR")).join(name)
}

/// Takes the variables away by which cargo describes the package of the test itself.
pub(crate) fn outside_of_cargo(command: &mut Command) -> &mut Command {
    for (name, _) in std::env::vars_os().filter(|(name, _)| name.as_encoded_bytes().starts_with(b"CARGO_PKG")) {
        command.env_remove(name);
    }
    command
}
