//! `cargo memprof run`, and what works with its runs, in a workspace of its own.
#![allow(missing_docs)]

mod project;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::sync::{Mutex, MutexGuard, PoisonError};

use memprof::Report;

/// The workspace. One command at a time works with it.
struct Project {
    folder: PathBuf,
    _alone: MutexGuard<'static, ()>,
}

impl Project {
    fn new() -> Self {
        static ALONE: Mutex<()> = Mutex::new(());
        let alone = ALONE.lock().unwrap_or_else(PoisonError::into_inner);
        let folder = project::kept("cargo-memprof-run");
        let hello = "fn main() { println!(\"plain {}\", std::env::args().count()); }\n";
        let files = [
            ("Cargo.toml", include_str!("run/Cargo.toml.txt")),
            ("src/main.rs", include_str!("run/shop.rs")),
            ("examples/demo.rs", include_str!("run/shop.rs")),
            ("tools/Cargo.toml", "[package]\nname = \"tools\"\nversion = \"0.1.0\"\nedition = \"2024\"\n"),
            ("tools/src/bin/plain.rs", hello),
            ("tools/src/bin/other.rs", hello),
        ];
        project::write(&folder, &files);
        Self { folder, _alone: alone }
    }

    /// The folder in which the other project has built the library already.
    fn target() -> PathBuf {
        project::kept("cargo-memprof-test/target")
    }

    fn in_its_environment<'c>(&self, command: &'c mut Command) -> &'c mut Command {
        project::outside_of_cargo(command);
        command.current_dir(&self.folder).env("CARGO_TARGET_DIR", Self::target()).stdin(Stdio::null())
    }

    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_cargo-memprof"));
        self.in_its_environment(&mut command).arg("memprof").args(arguments);
        command
    }

    fn ran(&self, arguments: &[&str]) -> Ran {
        Ran::of(&self.command(arguments).output().unwrap())
    }

    /// Runs the program in dev mode.
    fn run(&self, arguments: &[&str]) -> Ran {
        self.ran(&[&["run", "--dev", "--offline"], arguments].concat())
    }

    /// The folder of the last run of a program.
    fn latest(&self, program: &str) -> PathBuf {
        Self::target().join("memprof").join(program).join("latest").canonicalize().unwrap()
    }
}

/// The status and the words of a command.
#[derive(Debug)]
struct Ran {
    status: Option<i32>,
    out: String,
    err: String,
}

impl Ran {
    fn of(output: &Output) -> Self {
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        Self { status: output.status.code(), out: text(&output.stdout), err: text(&output.stderr) }
    }
}

fn report(folder: &Path) -> Report {
    Report::from_json(&fs::read_to_string(folder.join("memory_allocations.json")).unwrap()).unwrap()
}

fn function<'r>(report: &'r Report, name: &str) -> &'r memprof::report::data::Function {
    report.functions.iter().find(|row| row.name == name).unwrap()
}

#[test]
fn the_program_has_its_arguments_and_its_status() {
    let project = Project::new();
    let ran = project.run(&["--", "go on", "50", "--release"]);
    assert_eq!(ran.status, Some(0), "{ran:?}");
    assert_eq!(ran.out, "[\"go on\", \"50\", \"--release\"] 50 Ok(\"0.3.0\")\n");
    let folder = project.latest("shop");
    assert_eq!(function(&report(&folder), "shop::read_orders").calls, 1);
    for file in ["memory_leaks.txt", "memory_report.html"] {
        assert!(folder.join(file).exists(), "{file}");
    }
    assert!(ran.err.contains("look     cargo memprof report --open"), "{ran:?}");
    let ran = project.run(&["--", "fail"]);
    assert_eq!(ran.status, Some(7), "{ran:?}");
    assert_ne!(project.latest("shop"), folder, "a run with a status has a report as well");
}

#[cfg(unix)]
#[test]
fn signals_reach_the_program_and_end_both() {
    use std::os::unix::process::ExitStatusExt;
    let project = Project::new();
    let aborted = project.command(&["run", "--dev", "--offline", "--", "abort"]).output().unwrap();
    assert_eq!(aborted.status.signal(), Some(6), "{aborted:?}");
    let ready = project.folder.join("ready");
    for (name, number) in [("TERM", 15), ("INT", 2)] {
        drop(fs::remove_file(&ready));
        let mut command = project.command(&["run", "--dev", "--offline", "--", "wait", "10", ready.to_str().unwrap()]);
        let mut running = command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
        while !ready.exists() {
            assert!(running.try_wait().unwrap().is_none(), "the program ended before it was ready");
            std::thread::sleep(std::time::Duration::from_millis(10));
        }
        let killed = Command::new("kill").args(["-s", name, &running.id().to_string()]).status().unwrap();
        assert!(killed.success());
        assert_eq!(running.wait().unwrap().signal(), Some(number), "{name}");
        let report = report(&project.latest("shop"));
        assert!(report.program.is_final && report.program.args[0] == "wait", "{name}");
    }
}

#[test]
fn the_program_has_the_first_report_also_if_a_child_ends_before_it() {
    let project = Project::new();
    let ran = project.run(&["--", "child"]);
    assert_eq!(ran.status, Some(0), "{ran:?}");
    let folder = project.latest("shop");
    assert_eq!(report(&folder).program.args, ["child"]);
    let other = fs::read_to_string(folder.join("memory_allocations-2.json")).unwrap();
    assert_eq!(Report::from_json(&other).unwrap().program.args, ["grandchild"]);
    for (file, args) in [("memory_report.html", "\"child\""), ("memory_report-2.html", "\"grandchild\"")] {
        assert!(fs::read_to_string(folder.join(file)).unwrap().contains(args), "{file}");
    }
    assert!(ran.err.contains("1 are of programs that it started"), "{ran:?}");
}

#[test]
fn the_environment_of_cargo_s_configuration_reaches_the_program() {
    let project = Project::new();
    let file = project.folder.join(".cargo/config.toml");
    fs::create_dir_all(file.parent().unwrap()).unwrap();
    fs::write(&file, "[env]\nSHOP = \"open\"\n").unwrap();
    let ran = project.run(&["--", "env"]);
    fs::remove_file(&file).unwrap();
    assert!(ran.out.contains("Ok(\"open\")"), "{ran:?}");
}

#[test]
fn a_run_is_named_by_its_program() {
    let project = Project::new();
    assert_eq!(project.run(&["--", "go", "10"]).status, Some(0));
    let number = project.latest("shop").file_name().unwrap().to_str().unwrap().to_owned();
    for name in ["shop", "shop/latest", &format!("shop/{number}"), &number, "latest"] {
        let ran = project.ran(&["report", name]);
        assert!(ran.status == Some(0) && ran.out.contains("shop::read_orders"), "{name}: {ran:?}");
    }
    let ran = project.ran(&["report", "shop/999999"]);
    assert!(ran.err.starts_with("error: there is no run 999999 of shop (") && ran.status == Some(1), "{ran:?}");
    let ran = project.ran(&["check", "latest", "--baseline", "999999", "--bless"]);
    assert_eq!(ran.err, "error: a baseline is a file such as memory.json, not the run `999999`\n");
    assert!(ran.status == Some(2) && !project.folder.join("999999").exists());
}

#[test]
fn examples_and_packages_are_chosen_as_in_cargo_run() {
    let project = Project::new();
    let ran = project.run(&["--example", "demo", "--", "go", "20"]);
    assert!(ran.status == Some(0) && ran.out.contains(" 20 "), "{ran:?}");
    assert_eq!(report(&project.latest("demo")).program.name, "demo");
    let ran = project.run(&["-p", "tools", "--bin", "plain", "--", "a"]);
    assert!(ran.status == Some(0) && ran.out == "plain 2\n", "{ran:?}");
    assert!(ran.err.ends_with("memprof is not in it: `cargo memprof init` adds it\n"), "{ran:?}");
    for (arguments, reason) in [
        (&["-p", "tools"][..], "there are several programs: choose one by --bin or -p (other, plain)"),
        (&["-p", "tool"], "there is no package `tool` in this workspace (shop, tools)"),
        (&["--bin", "shp"], "there is no binary `shp` here (shop)"),
        (&["--example", "dmo"], "there is no example `dmo` here (demo)"),
    ] {
        let ran = project.run(arguments);
        assert_eq!((ran.status, ran.err), (Some(1), format!("error: {reason}\n")), "{arguments:?}");
    }
}

#[test]
fn a_build_that_fails_has_the_status_of_cargo() {
    let project = Project::new();
    let ran = project.run(&["--features", "broken"]);
    assert!(ran.status == Some(101) && ran.err.contains("no_such_function"), "{ran:?}");
    let ran = project.run(&["--features", "brocken"]);
    assert_eq!(ran.status, Some(101), "{ran:?}");
}

#[test]
fn the_next_release_build_finds_everything_as_it_was() {
    let project = Project::new();
    let build = || {
        let mut cargo = Command::new(env!("CARGO"));
        let arguments = ["build", "--release", "--offline", "-v", "-p", "tools"];
        Ran::of(&project.in_its_environment(&mut cargo).args(arguments).output().unwrap())
    };
    assert_eq!(build().status, Some(0));
    let ran = project.ran(&["run", "--offline", "-p", "tools", "--bin", "plain"]);
    assert_eq!((ran.status, ran.out.as_str()), (Some(0), "plain 1\n"), "{ran:?}");
    assert!(Project::target().join("memprof-release/plain").exists() || cfg!(windows));
    let again = build();
    assert!(again.err.contains("Fresh tools") && !again.err.contains("Compiling"), "{again:?}");
}

#[test]
fn a_folder_with_reports_is_not_written_to() {
    let project = Project::new();
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("base");
    let path = path.to_str().unwrap();
    let ran = project.run(&["--output-dir", path, "--format", "csv", "--format", "pprof", "--", "go", "30"]);
    assert_eq!(ran.status, Some(0), "{ran:?}");
    for file in ["memory_allocations.json", "memory_report.html", "memory_functions.csv", "memory.pb.gz"] {
        assert!(Path::new(path).join(file).exists(), "{file}");
    }
    assert!(ran.err.contains(&format!("look     cargo memprof report {path} --open")), "{ran:?}");
    let before = fs::read(Path::new(path).join("memory_allocations.json")).unwrap();
    let ran = project.run(&["--output-dir", path]);
    let reason = format!("error: {path} has reports already: name another folder, or remove it\n");
    assert_eq!((ran.status, ran.out.as_str()), (Some(1), ""), "{ran:?}");
    assert!(ran.err.ends_with(&reason), "{ran:?}");
    assert!(fs::read(Path::new(path).join("memory_allocations.json")).unwrap() == before);
}

#[test]
fn repeated_runs_tell_which_figures_repeat() {
    let project = Project::new();
    let ran = project.run(&["--repeat", "3", "--", "go", "40"]);
    assert_eq!((ran.status, ran.out.lines().count()), (Some(0), 3), "{ran:?}");
    let folder = project.latest("shop");
    let repeats = report(&folder).repeats;
    for figure in ["shop::read_orders.self_allocated_bytes", "shop::read_orders.calls", "totals.allocated_bytes"] {
        assert!(repeats.iter().any(|name| name == figure), "{figure}: {repeats:?}");
    }
    assert!(
        folder.join("repeat-2/memory_allocations.json").exists() && report(&folder.join("repeat-1")).repeats.is_empty()
    );
    let merged = project.ran(&["merge", folder.to_str().unwrap(), "-o", "-"]);
    let sum = Report::from_json(&merged.out).unwrap();
    assert_eq!(function(&sum, "shop::read_orders").calls, 1, "repeats are the same work");
    let ran = project.run(&["--repeat", "2", "--", "fail"]);
    assert_eq!((ran.status, ran.out.lines().count()), (Some(7), 1), "a run that fails is the last one");
    assert!(ran.err.contains("stopped after run 1 of 2 (exit status: 7): no figure is known to repeat"), "{ran:?}");
}

#[test]
fn two_runs_are_compared_and_gated() {
    let project = Project::new();
    assert_eq!(project.run(&["--", "go", "1000"]).status, Some(0));
    assert_eq!(project.run(&["--", "go", "3000"]).status, Some(0));
    let ran = project.ran(&["diff"]);
    let mut lines = ran.out.lines();
    assert!(lines.next().unwrap().starts_with("shop allocated ") && ran.status == Some(0), "{ran:?}");
    let cause = lines.next().unwrap();
    assert!(cause.starts_with("shop::read_orders +") && cause.ends_with(" a call"), "{ran:?}");
    let ran = project.ran(&["diff", "--format", "markdown"]);
    assert!(ran.out.starts_with("### Memory of `shop`: allocated "), "{ran:?}");
    let ran = project.ran(&["diff", "--format", "json"]);
    assert!(ran.out.starts_with("{\n") && ran.out.contains("\"from_each_call\""), "{ran:?}");
    assert!(project.ran(&["diff", "--format", "html"]).out.starts_with("<!doctype html>"));
    let number: u32 = project.latest("shop").file_name().unwrap().to_str().unwrap().parse().unwrap();
    let named = project.ran(&["diff", &(number - 1).to_string(), "latest"]);
    assert_eq!(named.out, project.ran(&["diff"]).out);
    let ran = project.ran(&["diff", "0", "latest"]);
    assert!(ran.status == Some(1) && ran.err.starts_with("error: there is no run 0 of shop ("), "{ran:?}");
    let ran = project.ran(&["check", "latest", "--fail-on", "read_orders.calls > 0"]);
    assert_eq!(ran.status, Some(3), "{ran:?}");
}

#[test]
fn a_report_is_written_in_all_formats() {
    let project = Project::new();
    assert_eq!(project.run(&["--", "go", "100"]).status, Some(0));
    let ran = project.ran(&["report"]);
    assert!(ran.status == Some(0) && ran.out.contains("Functions by allocated bytes"), "{ran:?}");
    let folder = tempfile::tempdir().unwrap();
    for format in memprof::Format::ALL {
        let path = folder.path().join(format.file_name());
        let latest = project.latest("shop");
        let ran =
            project.ran(&["report", latest.to_str().unwrap(), "-o", path.to_str().unwrap(), "--format", format.name()]);
        assert_eq!(ran.status, Some(0), "{ran:?}");
        assert!(fs::read(&path).unwrap() == report(&latest).to_format(*format), "{}", format.name());
    }
    let ran = project.ran(&["explain", "--json"]);
    assert!(ran.status == Some(0) && ran.out.starts_with('['), "{ran:?}");
}

#[cfg(unix)]
#[test]
fn a_killed_program_leaves_its_report_at_the_limit_whose_stacks_can_be_named() {
    let project = Project::new();
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let shown = folder.to_str().unwrap();
    let options = ["run", "--dev", "--offline", "--output-dir", shown, "--", "limit", shown];
    let mut command = project.command(&options);
    let ran = Ran::of(&command.env("MEMPROF_REPORT_AT_BYTES", "10_000_000").output().unwrap());
    assert_eq!(ran.status, None, "it ends as the program does: {}", ran.err);
    let said = ["after it had reached a limit of its memory", "limit    ", "memory_allocations.limit-1.json"];
    assert!(said.iter().all(|words| ran.err.contains(words)), "{}", ran.err);
    let path = folder.join("memory_allocations.limit-1.json");
    let mut report = Report::from_json(&fs::read_to_string(&path).unwrap()).unwrap();
    assert_eq!(report.findings[0].function.as_deref(), Some("shop::read_orders"), "{:?}", report.findings[0]);
    let named = project.ran(&["report", shown, "--format", "leaks"]);
    assert!(named.out.contains("src/main.rs:9"), "{}{}", named.out, named.err);
    // As it stands where there is no memory for names.
    let build = report.program.build.clone().unwrap();
    for frame in report.live.groups.iter_mut().flat_map(|group| &mut group.stack) {
        if frame.module.as_deref().is_some_and(|module| module.ends_with("shop")) {
            frame.module = frame.module.as_deref().map(|module| format!("{module} (build {build})").into());
            (frame.function, frame.file, frame.line) = (None, None, None);
        }
    }
    report.peak = None;
    report.limit.as_mut().unwrap().has_names = false;
    let program = report.live.groups[0].stack.iter().find_map(|frame| frame.module_path()).unwrap().to_owned();
    fs::write(&path, report.to_json() + "\n").unwrap();
    let again = project.ran(&["report", shown, "--format", "leaks"]);
    assert!(again.out.contains("src/main.rs:9") && again.err.is_empty(), "{}{}", again.out, again.err);
    let other = project.ran(&["report", shown, "--format", "leaks", "--program", env!("CARGO_BIN_EXE_cargo-memprof")]);
    assert!(other.err.contains("is another build than that of the report"), "{}", other.err);
    assert!(other.out.contains("0x") && !other.out.contains("src/main.rs:9"), "{}", other.out);
    let right = project.ran(&["report", shown, "--format", "leaks", "--program", &program]);
    assert!(right.out.contains("src/main.rs:9"), "{}{}", right.out, right.err);
    let explained = project.ran(&["explain", shown]);
    let first = explained.out.lines().next().unwrap_or_default();
    assert!(first.starts_with("1. limit: shop::read_orders (") && first.contains("src/main.rs:9)"), "{first}");
}
