//! The help, the completions and the manual page. The help stands in files beside this test, which `MEMPROF_BLESS=1`
//! writes anew.
#![allow(missing_docs)]

use std::fs;
use std::path::Path;
use std::process::{Command, Output};

const COMMANDS: [&str; 12] =
    ["", "init", "run", "test", "report", "explain", "diff", "check", "merge", "top", "completions", "man"];

fn ran(arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_cargo-memprof")).arg("memprof").args(arguments).output().unwrap()
}

fn out(arguments: &[&str]) -> String {
    let output = ran(arguments);
    assert!(output.status.success(), "{arguments:?}: {output:?}");
    String::from_utf8(output.stdout).unwrap()
}

#[test]
fn the_help_is_that_of_the_files() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/help");
    let mut different = Vec::new();
    for command in COMMANDS {
        let arguments: Vec<_> = [command, "--help"].into_iter().filter(|word| !word.is_empty()).collect();
        // On Windows the name of the program ends in .exe in no place: cargo's is written.
        let help = out(&arguments).replace("\r\n", "\n");
        let file = folder.join(format!("{}.txt", if command.is_empty() { "memprof" } else { command }));
        if std::env::var_os("MEMPROF_BLESS").is_some() {
            fs::create_dir_all(&folder).unwrap();
            fs::write(&file, &help).unwrap();
        }
        if fs::read_to_string(&file).unwrap_or_default().replace("\r\n", "\n") != help {
            different.push(file.display().to_string());
        }
    }
    assert!(different.is_empty(), "MEMPROF_BLESS=1 writes these anew: {different:#?}");
}

#[test]
fn every_command_has_a_file() {
    let overview = out(&["--help"]);
    let listed = overview.lines().skip_while(|line| !line.starts_with("Commands:")).skip(1);
    let listed: Vec<_> =
        listed.map_while(|line| line.split_whitespace().next()).filter(|name| *name != "help").collect();
    assert_eq!(listed, COMMANDS[1..]);
}

#[test]
fn each_shell_has_completions_for_each_command() {
    for shell in ["bash", "zsh", "fish", "powershell", "elvish"] {
        let completions = out(&["completions", shell]);
        for command in &COMMANDS[1..] {
            assert!(completions.contains(command), "{shell}: {command}");
        }
        assert!(completions.contains("fail-on"), "{shell}");
    }
    if let Ok(bash) = Command::new("bash").args(["-n", "-c", &out(&["completions", "bash"])]).output() {
        assert!(bash.status.success(), "{bash:?}");
    }
}

#[test]
fn there_is_a_page_for_each_command() {
    let page = out(&["man"]);
    assert!(page.contains(".SH NAME") && page.contains("check"), "{page}");
    for command in &COMMANDS[1..] {
        let page = out(&["man", command]);
        assert!(page.contains(".SH SYNOPSIS") && page.contains(command), "{page}");
    }
    let unknown = ran(&["man", "nothing"]);
    assert_eq!(unknown.status.code(), Some(2));
    assert_eq!(String::from_utf8_lossy(&unknown.stderr), "error: there is no command `nothing`\n");
}

#[test]
fn wrong_usage_has_status_2() {
    for arguments in
        [&["rum"][..], &[], &["run", "--dev", "--release"], &["diff", "old.json"], &["report", "--format", "xml"]]
    {
        assert_eq!(ran(arguments).status.code(), Some(2), "{arguments:?}");
    }
}
