//! Files in the places of debug information: the program ends as usual, with its report.
#![cfg(target_os = "linux")]

use super::{Program, function};
use std::fs;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::symlink;
use std::path::Path;

/// Runs a copy of the program with what `make` puts at the path of its `.dwp`.
fn with_package(what: &str, make: impl FnOnce(&Path, &Path)) {
    let folder = tempfile::tempdir().unwrap();
    let program = folder.path().join("plain");
    let original = Path::new(env!("CARGO_BIN_EXE_plain"));
    if fs::hard_link(original, &program).is_err() {
        fs::copy(original, &program).unwrap();
    }
    make(&folder.path().join("plain.dwp"), original);
    let ended = Program::new(program.to_str().unwrap()).env("MEMPROF_BACKTRACES", "1").run();
    let report = ended.expect_status(0).expect_report();
    assert_eq!(function(&report, "plain::keep").self_net_bytes, 4096, "{what}");
    let mut stacks = report.live.groups.iter().flat_map(|group| &group.stack);
    let is_keep = |name: &str| name.contains("plain::keep");
    assert!(stacks.any(|frame| frame.function.as_deref().is_some_and(is_keep)), "{what}: {:?}", report.live.groups);
}

#[test]
fn a_pipe_that_nobody_writes_to() {
    with_package("pipe", |path, _| {
        let name = std::ffi::CString::new(path.as_os_str().as_bytes()).unwrap();
        // SAFETY: the name ends with 0.
        assert_eq!(unsafe { libc::mkfifo(name.as_ptr(), 0o600) }, 0);
    });
}

#[test]
fn devices_folders_and_links() {
    for target in ["/dev/zero", "/dev/random", "/dev/full", "/dev/tty", "/dev/ptmx", "/proc/self/mem", "/", "plain.dwp"]
    {
        with_package(target, |path, _| symlink(target, path).unwrap());
    }
    with_package("folder", |path, _| fs::create_dir(path).unwrap());
    with_package("socket", |path, _| drop(std::os::unix::net::UnixListener::bind(path).unwrap()));
}

#[test]
fn files_that_are_huge_cut_off_or_something_else() {
    with_package("huge", |path, _| fs::File::create(path).unwrap().set_len(1 << 43).unwrap());
    with_package("empty", |path, _| drop(fs::File::create(path).unwrap()));
    with_package("the program itself", |path, original| symlink(original, path).unwrap());
    for length in [1, 63, 64, 1000, 100_000] {
        with_package("cut off", |path, original| {
            let content = fs::read(original).unwrap();
            fs::write(path, &content[..length]).unwrap();
            // And as long as it was, without what was in it.
            fs::OpenOptions::new().write(true).open(path).unwrap().set_len(content.len() as u64).unwrap();
        });
    }
}
