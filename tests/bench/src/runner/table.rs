//! The tables of workloads and of calls.

use super::Result;
use super::cli::Options;
use super::machine;
use super::markdown::{Table, digits};
use super::peers::{PEERS, Peer};
use super::rounds::{self, Cell, Column};
use memprof_peers::{CALLS, WORKLOADS};

fn peers(options: &Options) -> Vec<&'static Peer> {
    PEERS.iter().filter(|peer| options.wants_peer(peer.name)).collect()
}

/// The name of a peer with its version.
pub(super) fn titled(peer: &Peer) -> String {
    match peer.package.and_then(machine::version_of) {
        // The lock file says which sources the C library beneath was made of; that is more than one wants to read.
        Some(version) => format!("{} {}", peer.name, version.split('+').next().unwrap_or_default()),
        None => peer.name.to_owned(),
    }
}

/// Workloads as ratios to the bare allocator; pairs as nanoseconds more.
pub(super) fn allocations(options: &Options) -> Result<String> {
    let columns: Vec<Column> = WORKLOADS
        .iter()
        .filter(|workload| options.wants_workload(workload.name))
        .map(|workload| Column {
            workload: workload.name,
            long: workload.long,
            least: workload.least,
            figure: if is_in_nanoseconds(workload.name) { rounds::nanoseconds_more } else { rounds::ratio },
        })
        .collect();
    table(options, &peers(options), &columns)
}

/// Nanoseconds that a call takes more.
pub(super) fn calls(options: &Options) -> Result<String> {
    let columns: Vec<Column> = CALLS
        .iter()
        .filter(|call| options.wants_workload(call.name))
        .map(|call| Column { workload: call.name, long: call.long, least: 0.2, figure: rounds::nanoseconds_more })
        .collect();
    let peers: Vec<&Peer> = peers(options).into_iter().filter(|peer| is_called(peer)).collect();
    table(options, &peers, &columns)
}

/// True if a peer knows functions. The inner allocator makes no difference for calls, so jemalloc is left out.
fn is_called(peer: &Peer) -> bool {
    ["system", "memprof", "hotpath"].contains(&peer.program)
}

fn is_in_nanoseconds(workload: &str) -> bool {
    workload == "pairs" || CALLS.iter().any(|call| call.name == workload)
}

fn table(options: &Options, peers: &[&Peer], columns: &[Column]) -> Result<String> {
    if peers.is_empty() || columns.is_empty() {
        return Ok(String::new());
    }
    let cells = rounds::measure(options, peers, columns)?;
    let mut table = Table::new(std::iter::once("").chain(columns.iter().map(|column| column.workload)));
    for (peer, cells) in peers.iter().zip(cells) {
        let cells = cells.iter().zip(columns).map(|(cell, column)| text(cell, column));
        table.row(std::iter::once(titled(peer)).chain(cells));
    }
    Ok(table.finish())
}

fn text(cell: &Cell, column: &Column) -> String {
    if is_in_nanoseconds(column.workload) {
        cell.text(|figure| format!("{figure:.1}")) + unit(cell)
    } else {
        cell.text(as_ratio)
    }
}

fn unit(cell: &Cell) -> &'static str {
    if matches!(cell, Cell::Figures(_)) { " ns" } else { "" }
}

fn as_ratio(ratio: f64) -> String {
    if ratio < 10.0 { format!("{ratio:.2}") } else { digits(ratio) }
}
