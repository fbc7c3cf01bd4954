//! `cargo memprof merge`: files, folders and lists, its statuses and its lines.
#![allow(missing_docs)]

use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use memprof::{Report, compare};
use tempfile::TempDir;

/// A folder of reports.
struct Fleet {
    folder: TempDir,
}

/// Output of a command, and its status.
#[derive(Debug)]
struct Merged {
    status: i32,
    out: String,
    err: String,
}

impl Fleet {
    fn new() -> Self {
        Self { folder: tempfile::tempdir().unwrap() }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn write(&self, name: &str, text: &str) {
        let path = self.path(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }

    /// Writes the final report of a process.
    fn process(&self, name: &str, run: &str) -> Report {
        self.report(name, run, |_| {})
    }

    fn report(&self, name: &str, run: &str, change: impl FnOnce(&mut Report)) -> Report {
        let mut report = golden();
        report.program.run = run.into();
        report.program.host = Some(format!("host of {run}"));
        change(&mut report);
        self.write(name, &report.to_json());
        report
    }

    fn merge(&self, arguments: &[&str]) -> Merged {
        self.merge_with_input(arguments, "")
    }

    fn merge_with_input(&self, arguments: &[&str], input: &str) -> Merged {
        let mut command = Command::new(env!("CARGO_BIN_EXE_cargo-memprof"));
        command.args(["memprof", "merge"]).args(arguments).current_dir(self.folder.path());
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().unwrap();
        // A command that does not read its input may have ended.
        let _ = child.stdin.take().unwrap().write_all(input.as_bytes());
        let output = child.wait_with_output().unwrap();
        let text = |bytes| String::from_utf8(bytes).unwrap();
        Merged { status: output.status.code().unwrap(), out: text(output.stdout), err: text(output.stderr) }
    }

    #[track_caller]
    fn fails(&self, arguments: &[&str], expected: &[&str]) {
        let merged = self.merge(&[arguments, &["-o", "all.json"]].concat());
        assert_eq!((merged.status, merged.err.lines().count(), &*merged.out), (1, 1, ""), "{merged:?}");
        assert!(expected.iter().all(|part| merged.err.contains(part)), "{merged:?}");
        assert!(!self.path("all.json").exists());
    }

    fn read(&self, name: &str) -> Report {
        Report::from_json(&fs::read_to_string(self.path(name)).unwrap()).unwrap()
    }
}

fn golden() -> Report {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/golden/memory_allocations.json");
    Report::from_json(&fs::read_to_string(path).unwrap()).unwrap()
}

#[test]
fn files_are_merged_into_a_report_that_every_command_reads() {
    let fleet = Fleet::new();
    let reports: Vec<Report> = ["a", "b", "c"].iter().map(|run| fleet.process(&format!("{run}.json"), run)).collect();
    let merged = fleet.merge(&["a.json", "b.json", "c.json", "-o", "all.json"]);
    let next = "report   all.json\nlook     cargo memprof report all.json --open\n";
    assert_eq!((merged.status, &*merged.out), (0, ""), "{merged:?}");
    assert_eq!(merged.err, format!("merged   3 reports of 3 hosts\n{next}"));
    let sum = fleet.read("all.json");
    assert_eq!(sum, compare::merge(reports).unwrap());
    // In place, with a further one.
    fleet.process("d.json", "d");
    let merged = fleet.merge(&["all.json", "d.json", "-o", "all.json"]);
    assert!(merged.status == 0 && merged.err.starts_with("merged   4 reports of 4 hosts\n"), "{merged:?}");
    let mut table = Command::new(env!("CARGO_BIN_EXE_cargo-memprof"));
    let table = table.args(["memprof", "report"]).arg(fleet.path("all.json")).output().unwrap();
    assert!(table.status.success() && String::from_utf8_lossy(&table.stdout).contains("vector_search::build"));
}

#[test]
fn standard_output_has_the_report_alone() {
    let fleet = Fleet::new();
    fleet.process("a.json", "a");
    let merged = fleet.merge(&["a.json", "-o", "-"]);
    assert_eq!((merged.status, &*merged.err), (0, "merged   1 report of 1 host\n"));
    assert_eq!(Report::from_json(&merged.out).unwrap().merged.unwrap().reports, 1);
}

#[test]
fn of_a_folder_the_last_report_of_each_run_is_taken() {
    let fleet = Fleet::new();
    fleet.process("reports/web/memory_allocations.json", "a");
    fleet.report("reports/web/memory_allocations.0001.json", "a", |report| report.program.is_final = false);
    fleet.process("reports/job/memory_allocations.json", "b");
    for seconds in [1.0, 3.0, 2.0] {
        fleet.report(&format!("reports/killed/memory_allocations.{seconds}.json"), "c", |report| {
            report.program.is_final = false;
            report.program.duration_seconds = seconds;
            report.totals.peak_bytes = seconds as u64;
        });
    }
    // Files of the same folder that are none of the reports.
    fleet.write("reports/web/memory.dhat.json", "{}");
    fleet.write("reports/web/memory.speedscope.json", "{}");
    fleet.write("reports/web/memory_leaks.txt", "");
    for _ in 0..2 {
        let merged = fleet.merge(&["reports", "-o", "reports/all.json"]);
        let words = "merged   3 reports of 3 hosts\n         3 earlier reports of the same runs left out\n";
        assert!(merged.status == 0 && merged.err.starts_with(words), "{merged:?}");
        let sum = fleet.read("reports/all.json");
        let peaks = 2 * golden().totals.peak_bytes + 3;
        assert_eq!(sum.merged.unwrap().peak_sum_bytes, peaks);
    }
}

#[test]
fn a_list_has_one_file_in_each_line() {
    let fleet = Fleet::new();
    fleet.process("a.json", "a");
    fleet.process("folder/b.json", "b");
    fleet.write("list", "a.json\n\nfolder\n");
    let words = "merged   2 reports of 2 hosts\n";
    assert_eq!(fleet.merge(&["--files-from", "list", "-o", "-"]).err, words);
    assert_eq!(fleet.merge_with_input(&["--files-from", "-", "-o", "-"], "folder\na.json").err, words);
    fleet.write("empty", "\n");
    fleet.fails(&["--files-from", "empty"], &["the list names no file"]);
    fleet.fails(&["--files-from", "none"], &["cannot read the list none"]);
}

#[test]
fn an_error_names_the_file() {
    let fleet = Fleet::new();
    fleet.process("a.json", "a");
    fleet.report("other.json", "b", |report| report.program.name = "other".into());
    fleet.fails(&["a.json", "other.json"], &["other.json: this is a report of the program other", "vector_search"]);
    fleet.report("future.json", "c", |report| report.schema_version = 2);
    fleet.fails(&["a.json", "future.json"], &["future.json: schema_version: this report has schema 2"]);
    fleet.write("text.json", "no report");
    fleet.fails(&["a.json", "text.json"], &["text.json: this is no report"]);
    fleet.write("cut.json", &golden().to_json()[..3000]);
    fleet.fails(&["a.json", "cut.json"], &["cut.json: ", "not all of it"]);
    fleet.fails(&["a.json", "none.json"], &["cannot read none.json"]);
    fs::create_dir(fleet.path("empty")).unwrap();
    fleet.fails(&["empty"], &["empty: there is no report in this folder"]);
}

#[test]
fn a_run_in_a_merged_report_is_not_counted_twice() {
    let fleet = Fleet::new();
    fleet.process("a.json", "a");
    fleet.process("b.json", "b");
    assert_eq!(fleet.merge(&["a.json", "b.json", "-o", "ab.json"]).status, 0);
    fleet.fails(&["ab.json", "b.json"], &["b.json: this is another report of run b (process 4711), or the same"]);
}

#[test]
fn unreadable_files_are_left_out_only_on_request() {
    let fleet = Fleet::new();
    fleet.process("reports/a.json", "a");
    fleet.write("reports/b.json", "{");
    fleet.fails(&["reports"], &["b.json: "]);
    let merged = fleet.merge(&["--skip-unreadable", "reports", "-o", "-"]);
    assert_eq!(merged.status, 0);
    let lines: Vec<&str> = merged.err.lines().collect();
    assert!(lines[0].starts_with("skipped  reports") && lines[0].contains("b.json: "), "{merged:?}");
    assert_eq!(lines[1..], ["merged   1 report of 1 host"]);
    fs::remove_file(fleet.path("reports/a.json")).unwrap();
    let merged = fleet.merge(&["--skip-unreadable", "reports", "-o", "-"]);
    assert!(merged.status == 1 && merged.err.ends_with("error: no file is left to merge\n"), "{merged:?}");
}

/// Fields in another order, as other programs write them.
#[test]
fn a_report_that_another_program_has_written_anew_is_read() {
    let fleet = Fleet::new();
    for (name, is_final) in [("a.json", false), ("b.json", true)] {
        fleet.report(name, "a", |report| report.program.is_final = is_final);
        let text = fs::read_to_string(fleet.path(name)).unwrap();
        let value: serde_json::Value = serde_json::from_str(&text).unwrap();
        let sorted: std::collections::BTreeMap<_, _> = value.as_object().unwrap().iter().collect();
        fleet.write(name, &serde_json::to_string(&sorted).unwrap());
    }
    let merged = fleet.merge(&["a.json", "b.json", "-o", "-"]);
    assert_eq!(merged.err, "merged   1 report of 1 host\n         1 earlier report of the same runs left out\n");
    assert!(Report::from_json(&merged.out).unwrap().program.is_final);
}

#[test]
fn wrong_usage_is_status_2() {
    let fleet = Fleet::new();
    for arguments in [&["-o", "all.json"][..], &["a.json"], &["--unknown"]] {
        assert_eq!(fleet.merge(arguments).status, 2, "{arguments:?}");
    }
}
