//! `/metrics`, beside the report, and as `promtool` judges it.

use crate::client::{Server, program};
use memprof::Report;
use std::io::Write;
use std::process::{Command, Stdio};

/// Sum of the series of a name.
fn sum(text: &str, name: &str) -> f64 {
    let values = text.lines().filter_map(|line| {
        let (series, value) = line.rsplit_once(' ')?;
        (series.split('{').next() == Some(name)).then(|| value.parse::<f64>().unwrap())
    });
    values.sum()
}

#[test]
fn the_figures_are_those_of_the_report() {
    let server = Server::start(program().arg("idle"));
    let report = Report::from_json(&server.get("/report.json").text()).unwrap();
    let text = server.get("/metrics").text();
    let totals = &report.totals;
    assert_eq!(sum(&text, "memprof_allocated_bytes_total"), totals.allocated_bytes as f64, "{text}");
    assert_eq!(sum(&text, "memprof_deallocated_bytes_total"), totals.deallocated_bytes as f64);
    assert_eq!(sum(&text, "memprof_allocations_total"), totals.allocated_count as f64);
    assert_eq!(sum(&text, "memprof_live_bytes"), totals.net_bytes as f64);
    assert_eq!(sum(&text, "memprof_peak_bytes"), totals.peak_bytes as f64);
    assert_eq!(sum(&text, "memprof_function_self_allocated_bytes_total"), totals.allocated_bytes as f64);
    assert_eq!(sum(&text, "memprof_function_calls_total"), 2.0);
    assert!(text.contains("memprof_function_retained_bytes{function=\"serves::grow\"} 100"), "{text}");
    assert!(sum(&text, "process_resident_memory_bytes") > 0.0);
    assert_eq!(sum(&text, "memprof_build_info"), 1.0);
    server.end();
}

#[test]
fn asking_is_in_no_figure_of_the_program() {
    let server = Server::start(program().arg("idle"));
    let allocated = || sum(&server.get("/metrics").text(), "memprof_allocated_bytes_total");
    let before = allocated();
    for _ in 0..3 {
        std::thread::sleep(std::time::Duration::from_millis(1_050));
        server.get("/report.html");
        assert_eq!(allocated(), before);
    }
    let report = Report::from_json(&server.get("/report.json").text()).unwrap();
    assert!(report.overhead.reporting.allocated_bytes > 10_000, "{:?}", report.overhead.reporting);
    server.end();
}

#[test]
fn promtool_has_no_remark() {
    let server = Server::start(program());
    let text = server.get("/metrics").body;
    server.end();
    let tool = Command::new("promtool").args(["check", "metrics"]).stdin(Stdio::piped()).stderr(Stdio::piped()).spawn();
    let Ok(mut tool) = tool else {
        println!("skipped: promtool is missing");
        return;
    };
    tool.stdin.take().unwrap().write_all(&text).unwrap();
    let output = tool.wait_with_output().unwrap();
    assert!(output.status.success() && output.stderr.is_empty(), "{}", String::from_utf8_lossy(&output.stderr));
}
