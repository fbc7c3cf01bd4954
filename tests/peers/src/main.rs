//! Runs every peer with every workload, in turns, and prints the table: medians of the ratios to the bare allocator.
//!
//! `cargo run --release --ignore-rust-version [-- ROUNDS [PEER…]]`

use std::collections::BTreeMap;
use std::path::Path;
use std::process::{Command, ExitCode};

use memprof_peers::WORKLOADS;

/// A peer, the bare allocator it is compared with, and how much of a workload it is given: those that take stacks would else
/// run for minutes.
const PEERS: [(&str, &str, f64); 16] = [
    ("memprof_disabled", "system", 1.0),
    ("memprof_counters", "system", 1.0),
    ("memprof_default", "system", 1.0),
    ("memprof_exact", "system", 0.2),
    ("memprof_default_jemalloc", "jemalloc", 1.0),
    ("two_atomics", "system", 1.0),
    ("stats_alloc", "system", 1.0),
    ("peak_alloc", "system", 1.0),
    ("tracking_allocator", "system", 1.0),
    ("divan", "system", 1.0),
    ("hotpath", "system", 1.0),
    ("heapscope", "system", 0.2),
    ("dhat_heap", "system", 0.02),
    ("dhat_testing", "system", 0.02),
    ("jemalloc", "system", 1.0),
    ("system", "system", 1.0),
];

fn main() -> ExitCode {
    let mut arguments = std::env::args().skip(1);
    let rounds: usize = arguments.next().and_then(|rounds| rounds.parse().ok()).unwrap_or(5);
    let wanted: Vec<String> = arguments.collect();
    let exe = std::env::current_exe().expect("a program knows its own path");
    let folder = exe.parent().expect("a file is in a folder");
    let built = Command::new(env!("CARGO"))
        .args(["build", "--release", "--bins", "--ignore-rust-version", "--quiet"])
        .args(["--manifest-path", concat!(env!("CARGO_MANIFEST_DIR"), "/Cargo.toml")])
        .status();
    if !built.is_ok_and(|status| status.success()) {
        return ExitCode::FAILURE;
    }
    let workloads: Vec<&str> =
        WORKLOADS.iter().map(|workload| workload.name).chain(["call", "call, allocating"]).collect();
    println!("| peer | {} |", workloads.join(" | "));
    println!("|---|{}", "---:|".repeat(workloads.len()));
    for (peer, bare, scale) in PEERS {
        if !wanted.is_empty() && !wanted.iter().any(|name| name == peer) {
            continue;
        }
        let mut ratios: BTreeMap<&str, Vec<f64>> = BTreeMap::new();
        for _ in 0..rounds {
            for workload in &workloads {
                // Side by side, so that both meet the same noise.
                if let (Some(with), Some(without)) =
                    (measure(folder, peer, workload, scale), measure(folder, bare, workload, scale))
                {
                    let calls = (5_000_000.0 * scale).floor();
                    let figure =
                        if workload.starts_with("call") { (with - without) / calls } else { with / without };
                    ratios.entry(workload).or_default().push(figure);
                }
            }
        }
        let cells: Vec<String> = workloads
            .iter()
            .map(|workload| match ratios.get_mut(workload).map(|ratios| median(ratios)) {
                Some(nanoseconds) if workload.starts_with("call") => format!("{nanoseconds:.1} ns"),
                Some(ratio) => format!("{ratio:.2}"),
                None => String::new(),
            })
            .collect();
        println!("| {peer} | {} |", cells.join(" | "));
    }
    ExitCode::SUCCESS
}

/// Nanoseconds of one run; `None` where the peer does not have this workload.
fn measure(folder: &Path, peer: &str, workload: &str, scale: f64) -> Option<f64> {
    let output = Command::new(folder.join(peer))
        .args([workload, &scale.to_string()])
        // Some peers leave a report wherever they run.
        .current_dir(std::env::temp_dir())
        .output()
        .ok()?;
    if !output.status.success() {
        return None;
    }
    // The last line: some peers print their own first.
    String::from_utf8_lossy(&output.stdout).lines().rev().find_map(|line| line.trim().parse().ok())
}

fn median(figures: &mut [f64]) -> f64 {
    figures.sort_by(f64::total_cmp);
    figures[figures.len() / 2]
}
