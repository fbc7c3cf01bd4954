//! `go tool pprof` over HTTP.

use crate::client::{Server, program};
use std::path::Path;
use std::process::Command;

/// Output of pprof with these arguments. `None`: there is none here.
fn pprof(folder: &Path, arguments: &[&str]) -> Option<(String, String)> {
    let mut command = Command::new("go");
    let output = command.args(["tool", "pprof"]).args(arguments).env("PPROF_TMPDIR", folder).output().ok()?;
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    if said.contains("no such tool") {
        return None;
    }
    assert!(output.status.success(), "{arguments:?}: {said}");
    Some((String::from_utf8(output.stdout).unwrap(), said))
}

/// Value of a function in the table, in bytes.
fn flat(top: &str, function: &str) -> Option<i64> {
    let line = top.lines().find(|line| line.ends_with(function))?;
    line.split_whitespace().next()?.strip_suffix('B')?.parse().ok()
}

#[test]
fn profiles_are_read_compared_and_differ_by_what_happened() {
    let server = Server::start(program());
    let folder = tempfile::tempdir().unwrap();
    let url = |path: &str| format!("http://{}/debug/pprof/{path}", server.address);
    let top = ["-top", "-unit=B", "-nodefraction=0"];
    let with = |more: &[&str]| pprof(folder.path(), &[&top, more].concat());
    let Some((heap, _)) = with(&[&url("heap")]) else {
        println!("skipped: there is no `go tool pprof`");
        server.end();
        return;
    };
    assert!(heap.contains("Type: inuse_space"), "{heap}");
    let allocs = with(&[&url("allocs")]).unwrap().0;
    assert!(allocs.contains("Type: alloc_space"), "{allocs}");
    // Saved by the tool, the first one is a base for the next.
    let saved = std::fs::read_dir(folder.path()).unwrap().map(|file| file.unwrap().path());
    let base = saved.filter(|path| path.to_string_lossy().contains("inuse_space")).min().expect("a saved profile");
    std::thread::sleep(std::time::Duration::from_millis(1_100));
    let difference = with(&["-diff_base", base.to_str().unwrap(), &url("heap")]).unwrap().0;
    assert!(flat(&difference, "serves::grow").is_some_and(|bytes| bytes >= 100_000), "{difference}");

    let (delta, _) = with(&["-seconds=2", &url("allocs")]).unwrap();
    assert!(delta.contains("Type: alloc_space"), "{delta}");
    let whole = flat(&with(&[&url("allocs")]).unwrap().0, "serves::work").unwrap();
    let part = flat(&delta, "serves::work").expect("it worked");
    // A hundred calls of 1000 bytes each second, at most.
    assert!(part > 10_000 && part <= 320_000 && part < whole, "{part} of {whole}: {delta}");
    let ended = server.end();
    ended.expect_report();
}
