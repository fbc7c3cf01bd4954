//! Instructions for each event, counted by callgrind: no clock, so the same on a busy machine.

use super::Result;
use super::cli::Options;
use super::markdown::{Table, digits};
use super::peers::{COUNTED, Peer};
use super::program;
use super::statistics::slope;
use super::table::titled;
use memprof_peers::modes::WITHOUT_READINGS;
use memprof_peers::{Outcome, Parameters};
use std::process::Command;

/// A column: a workload, and the part of it that is enough.
struct Event {
    title: &'static str,
    workload: &'static str,
    scale: f64,
}

const EVENTS: &[Event] = &[
    Event { title: "pair", workload: "pairs", scale: 0.01 },
    Event { title: "block of churn replaced", workload: "churn", scale: 0.1 },
    Event { title: "vector grown to 160 KB", workload: "growth", scale: 0.05 },
    Event { title: "call", workload: "call", scale: 0.002 },
    Event { title: "allocating call", workload: "call, allocating", scale: 0.002 },
    Event { title: "async call", workload: "async call", scale: 0.002 },
    Event { title: "poll", workload: "poll", scale: 0.002 },
];

pub(super) fn section(options: &Options) -> Result<String> {
    if Command::new("valgrind").arg("--version").output().is_err() {
        return Err("counting instructions takes valgrind, which is not there: install it".into());
    }
    let events: Vec<&Event> = EVENTS.iter().filter(|event| options.wants_workload(event.workload)).collect();
    let peers: Vec<&Peer> = COUNTED.iter().filter(|peer| options.wants_peer(peer.name)).collect();
    if events.is_empty() || peers.is_empty() {
        return Ok(String::new());
    }
    let mut table = Table::new(std::iter::once("").chain(events.iter().map(|event| event.title)));
    let mut bare = Vec::new();
    for event in &events {
        bare.push(instructions("system", None, event, 1.0, options)?);
    }
    let shown = bare.iter().map(|figure| figure.map(digits).unwrap_or_default());
    table.row(std::iter::once("(System, in all)".to_owned()).chain(shown));
    for peer in peers {
        eprintln!("instructions: {}", peer.name);
        let mut cells = vec![titled(peer)];
        for (event, without) in events.iter().zip(&bare) {
            let with = instructions(peer.program, peer.mode, event, peer.scale, options)?;
            let more = with.zip(*without).map(|(with, without)| with - without);
            cells.push(more.map(digits).unwrap_or_default());
        }
        table.row(cells);
    }
    Ok(table.finish())
}

/// The slope between two runs. `None`: the peer has nothing like it.
fn instructions(
    program: &str,
    mode: Option<&str>,
    event: &Event,
    scale: f64,
    options: &Options,
) -> Result<Option<f64>> {
    let run = |factor: f64| -> Result<Option<(f64, f64)>> {
        let scale = event.scale * scale * factor;
        counted(program, mode, event.workload, &Parameters { scale, ..options.parameters.clone() })
    };
    Ok(run(1.0)?.zip(run(2.0)?).map(|(fewer, more)| slope(fewer, more)))
}

/// Events and instructions of one run.
fn counted(program: &str, mode: Option<&str>, workload: &str, parameters: &Parameters) -> Result<Option<(f64, f64)>> {
    let tool = ["valgrind", "--tool=callgrind", "--callgrind-out-file=/dev/null"];
    let output = program::command(&tool, program, mode, workload, parameters)?.env(WITHOUT_READINGS, "1").output()?;
    let said = String::from_utf8_lossy(&output.stderr);
    if said.contains("this peer has no") {
        return Ok(None);
    }
    let collected = said.lines().find_map(|line| line.split_once("Collected : ")?.1.trim().parse().ok());
    let outcome = Outcome::find(&String::from_utf8_lossy(&output.stdout));
    match (outcome, collected) {
        (Some(outcome), Some(collected)) => Ok(Some((outcome.events as f64, collected))),
        _ => Err(format!("{program} {workload} under callgrind:\n{said}").into()),
    }
}
