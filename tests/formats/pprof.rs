//! `go tool pprof`.

use std::process::Command;

use memprof::Format;

use super::{FormatFile, output, reports};

/// Output of pprof with these arguments. It must have nothing to complain of.
fn pprof(file: &FormatFile, arguments: &[&str]) -> Option<String> {
    let mut command = Command::new("go");
    command.args(["tool", "pprof"]).args(arguments).arg(&file.path).env("PPROF_TMPDIR", file.folder.path());
    let output = output(&mut command)?;
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    if said.contains("no such tool") {
        println!("skipped: this Go has no pprof");
        return None;
    }
    assert!(output.status.success() && said.is_empty(), "{arguments:?}: {said}");
    Some(String::from_utf8(output.stdout).unwrap())
}

#[test]
fn the_sums_of_the_samples_are_the_totals() {
    for (name, report) in reports() {
        let file = FormatFile::new(&report, Format::Pprof);
        let Some(raw) = pprof(&file, &["-raw"]) else { return };
        let types = "alloc_objects/count alloc_space/bytes inuse_objects/count inuse_space/bytes";
        assert!(raw.lines().any(|line| line == types), "{name}: {raw}");
        let samples = raw.lines().filter_map(|line| line.split_once(": "));
        let values = samples.filter_map(|(values, frames)| {
            let are_frames = frames.split_whitespace().all(|frame| frame.parse::<u64>().is_ok());
            let values: Option<Vec<i64>> = values.split_whitespace().map(|value| value.parse().ok()).collect();
            values.filter(|values| are_frames && values.len() == 4)
        });
        let sums = values.fold([0; 4], |sums, values| [0, 1, 2, 3].map(|index| sums[index] + values[index]));
        let totals = &report.totals;
        let expected =
            [totals.allocated_count as i64, totals.allocated_bytes as i64, totals.net_count, totals.net_bytes];
        assert_eq!(sums, expected, "{name}: {raw}");
    }
}

#[test]
fn the_tables_show_functions_by_their_names() {
    for (name, report) in reports() {
        let file = FormatFile::new(&report, Format::Pprof);
        for (index, total) in
            [("alloc_space", report.totals.allocated_bytes), ("inuse_space", report.totals.net_bytes as u64)]
        {
            let arguments = ["-top", "-nodecount=100000", "-nodefraction=0", "-unit=B", "-sample_index", index];
            let Some(top) = pprof(&file, &arguments) else { return };
            assert!(top.contains(&format!("of {total}B total")) || total == 0, "{name}: {top}");
            if index == "alloc_space" {
                for function in report.functions.iter().filter(|function| function.allocated_bytes > 0) {
                    assert!(top.lines().any(|line| line.ends_with(&format!("  {}", function.name))), "{name}: {top}");
                }
            }
        }
    }
}

#[test]
fn two_profiles_can_be_compared() {
    let reports = reports();
    let files: Vec<FormatFile> = reports.iter().map(|(_, report)| FormatFile::new(report, Format::Pprof)).collect();
    for base in &files {
        for file in &files {
            let base = format!("-diff_base={}", base.path.display());
            let Some(top) = pprof(file, &["-top", "-sample_index=alloc_space", &base]) else { return };
            assert!(top.contains("Showing nodes accounting for"), "{top}");
        }
    }
    let same = format!("-diff_base={}", files[0].path.display());
    let Some(top) = pprof(&files[0], &["-top", "-sample_index=alloc_space", &same]) else { return };
    assert!(top.contains("Showing nodes accounting for 0"), "{top}");
}

#[test]
fn an_estimate_is_said_above_the_table() {
    for (name, report) in reports() {
        let file = FormatFile::new(&report, Format::Pprof);
        let Some(top) = pprof(&file, &["-top"]) else { return };
        let is_estimate = !report.live.exact && report.live.tracked.is_some();
        assert_eq!(top.contains("Live bytes are an estimate"), is_estimate, "{name}: {top}");
    }
}
