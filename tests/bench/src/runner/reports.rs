//! Cost of writing a report of 10,000 tracked allocations.

use super::Result;
use super::cli::Options;
use super::markdown::{self, Table, digits};
use super::peers::{Peer, REPORTERS};
use super::program::{self, Run};
use super::rounds::Cell;
use super::table::titled;
use memprof_peers::REPORT;

pub(super) fn section(options: &Options) -> Result<String> {
    let peers: Vec<&Peer> = REPORTERS.iter().filter(|peer| options.wants_peer(peer.name)).collect();
    if peers.is_empty() || !options.wants_workload(REPORT) {
        return Ok(String::new());
    }
    let mut rows: Vec<(Vec<f64>, Vec<f64>)> = vec![Default::default(); peers.len()];
    for round in 1..=options.rounds {
        eprintln!("round {round} of {}: {REPORT}", options.rounds);
        for (peer, (seconds, memory)) in peers.iter().zip(&mut rows) {
            match program::measure_peer(peer, REPORT, &options.parameters)? {
                Run::Done(outcome) => {
                    let took = if options.wall { outcome.nanoseconds } else { outcome.processor_nanoseconds };
                    seconds.push(took as f64 / 1e6);
                    memory.push(outcome.extra_bytes as f64);
                }
                other => return Err(format!("the report of {}: {other:?}", peer.name).into()),
            }
        }
    }
    let mut table = Table::new(["", "time", "memory meanwhile", "size of the program"]);
    for (peer, (milliseconds, memory)) in peers.iter().zip(rows) {
        let program = std::fs::metadata(program::folder()?.join(peer.program))?.len();
        table.row([
            titled(peer),
            Cell::Figures(milliseconds).text(|figure| format!("{} ms", digits(figure))),
            Cell::Figures(memory).text(markdown::bytes),
            markdown::bytes(program as f64),
        ]);
    }
    Ok(table.finish())
}
