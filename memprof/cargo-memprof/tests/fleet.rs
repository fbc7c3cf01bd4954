//! 1,000 reports of one service: the queries of the page `fleet` in DuckDB, `cargo memprof merge`, and its memory.
#![allow(missing_docs)]

mod project;

use std::collections::BTreeMap;
use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

use memprof::Report;
use serde_json::Value;
use tempfile::TempDir;

const HOSTS: usize = 50;
/// The host of the largest process.
const BUSIEST: &str = "web-07";

/// Runs the service in two versions, under different load, and gives its reports.
fn real_reports() -> Vec<Report> {
    let folder = project::kept("cargo-memprof-fleet");
    let mut reports = Vec::new();
    for version in ["1.0.0", "1.1.0"] {
        let manifest = include_str!("fleet/Cargo.toml.txt").replace("VERSION", version);
        project::write(&folder, &[("Cargo.toml", &manifest), ("src/main.rs", include_str!("fleet/service.rs"))]);
        let mut build = Command::new(env!("CARGO"));
        build.args(["build", "--offline"]).current_dir(&folder).env("CARGO_TARGET_DIR", folder.join("target"));
        project::outside_of_cargo(&mut build);
        assert!(build.status().unwrap().success());
        for requests in ["200", "300", "500"] {
            let output = tempfile::tempdir().unwrap();
            let mut service = Command::new(folder.join("target/debug/service"));
            service.arg(requests).env("MEMPROF_OUTPUT_DIR", output.path()).env("MEMPROF_FORMATS", "");
            assert!(service.stdout(Stdio::null()).stderr(Stdio::null()).status().unwrap().success());
            let text = fs::read_to_string(output.path().join("memory_allocations.json")).unwrap();
            reports.push(Report::from_json(&text).unwrap());
        }
    }
    reports
}

/// Writes so many reports: each is a real one, with a host and a run of its own.
fn fleet(real: &[Report], count: usize) -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    for number in 0..count {
        let mut report = real[number % real.len()].clone();
        let host = format!("web-{:02}", number % HOSTS);
        let place = folder.path().join("reports").join(&host);
        report.program.run = format!("{}-{number}", report.program.run);
        report.totals.peak_bytes += if host == BUSIEST { 1_000_000 } else { 0 };
        report.program.host = Some(host);
        fs::create_dir_all(&place).unwrap();
        let earlier = number / HOSTS;
        let name = if earlier == 0 { String::new() } else { format!("-{}", earlier + 1) };
        fs::write(place.join(format!("memory_allocations{name}.json")), report.to_json()).unwrap();
        if number % 100 == 0 {
            // A numbered report of the same run.
            report.program.is_final = false;
            fs::write(place.join(format!("memory_allocations{name}.0001.json")), report.to_json()).unwrap();
        }
    }
    folder
}

/// Merges the reports in a folder. Gives the sum, and the highest resident memory in KB.
fn merge(folder: &Path) -> (Report, u64) {
    let mut command = Command::new(env!("CARGO_BIN_EXE_cargo-memprof"));
    command.args(["memprof", "merge", "reports", "-o", "all.json"]).current_dir(folder);
    let mut child = command.stderr(Stdio::null()).spawn().unwrap();
    let status = PathBuf::from(format!("/proc/{}/status", child.id()));
    let mut highest = 0;
    let ended = loop {
        let text = fs::read_to_string(&status).unwrap_or_default();
        let figure =
            text.lines().find_map(|line| line.strip_prefix("VmHWM:")?.trim().strip_suffix(" kB")?.parse().ok());
        highest = highest.max(figure.unwrap_or(0));
        if let Some(ended) = child.try_wait().unwrap() {
            break ended;
        }
        std::thread::sleep(Duration::from_millis(2));
    };
    assert!(ended.success());
    (Report::from_json(&fs::read_to_string(folder.join("all.json")).unwrap()).unwrap(), highest)
}

/// The queries of the page.
fn queries() -> Vec<String> {
    let page = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/fleet.md")).unwrap();
    let blocks = page.split("```sql\n").skip(1).map(|rest| rest.split("```").next().unwrap().to_owned());
    blocks.collect()
}

/// Rows of each query, in DuckDB. `MEMPROF_DUCKDB` is a Python that has it.
fn in_duckdb(folder: &Path, queries: &[String]) -> Vec<Vec<Value>> {
    const SCRIPT: &str = "\
import duckdb, json, sys
duckdb.sql('SET enable_progress_bar = false')
for query in json.load(sys.stdin):
    result = duckdb.sql(query)
    rows = [] if result is None else [dict(zip(result.columns, row)) for row in result.fetchall()]
    print(json.dumps(rows, default=float))
";
    let python = std::env::var("MEMPROF_DUCKDB").expect("MEMPROF_DUCKDB is a Python with the package duckdb");
    let mut command = Command::new(python);
    command.args(["-c", SCRIPT]).current_dir(folder).stdin(Stdio::piped()).stdout(Stdio::piped());
    let mut child = command.spawn().unwrap();
    child.stdin.take().unwrap().write_all(serde_json::to_string(queries).unwrap().as_bytes()).unwrap();
    let output = child.wait_with_output().unwrap();
    assert!(output.status.success());
    let text = String::from_utf8(output.stdout).unwrap();
    text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

#[test]
#[ignore = "needs DuckDB and builds a package: .ci/run full command"]
fn duckdb_and_merge_have_the_same_sums() {
    let real = real_reports();
    let folder = fleet(&real, 1000);
    let (sum, memory) = merge(folder.path());
    let merged = sum.merged.as_ref().unwrap();
    assert_eq!((merged.reports, merged.hosts, merged.timelines.len()), (1000, HOSTS as u64, 64));
    let own: u64 = sum.functions.iter().map(|row| row.self_allocated_bytes).sum();
    assert_eq!(own + sum.unattributed.self_allocated_bytes, sum.totals.allocated_bytes);

    let rows = in_duckdb(folder.path(), &queries());
    let [view, retained, versions, hosts] = &rows[..] else { panic!("{} queries", rows.len()) };
    assert!(view.is_empty());
    // Sums of all functions.
    let mut expected: BTreeMap<&str, (u64, u64)> = BTreeMap::new();
    for row in &sum.functions {
        let sums = expected.entry(&row.name).or_default();
        *sums = (sums.0 + row.retained_bytes.unwrap(), sums.1 + row.self_allocated_bytes);
    }
    let figure = |row: &Value, name: &str| row[name].as_f64().unwrap();
    let found: BTreeMap<&str, (u64, u64)> = retained
        .iter()
        .map(|row| {
            let sums = (figure(row, "retained_bytes") as u64, figure(row, "self_allocated_bytes") as u64);
            (row["name"].as_str().unwrap(), sums)
        })
        .collect();
    assert_eq!(found, expected);
    assert_eq!(retained[0]["name"], "service::open_session");
    assert_eq!(figure(&retained[0], "hosts") as usize, HOSTS);
    // The version that keeps its sessions.
    let grown = &versions[0];
    assert_eq!((&grown["name"], &grown["version"]), (&"service::open_session".into(), &"1.1.0".into()));
    assert!(figure(grown, "growth_bytes") > 200_000.0, "{grown}");
    assert!(
        versions.iter().filter(|row| row["growth_bytes"].as_f64().is_some_and(|bytes| bytes > 1000.0)).count() == 1
    );
    // Hosts.
    assert_eq!(hosts[0]["host"], BUSIEST);
    assert_eq!(figure(&hosts[0], "peak_bytes") as u64, sum.totals.peak_bytes);

    let (sum, memory_of_more) = merge(fleet(&real, 3000).path());
    assert_eq!(sum.merged.unwrap().reports, 3000);
    println!("count: merging 1,000 reports takes {memory} KB, 3,000 reports {memory_of_more} KB");
    // Without /proc there is no figure.
    assert!(memory_of_more <= memory + memory / 10 + 2048, "{memory} KB, {memory_of_more} KB");
}
