//! Running peers and the bare allocator in turns.

use super::Result;
use super::cli::Options;
use super::peers::Peer;
use super::program::{self, Run};
use super::statistics::Spread;
use memprof_peers::{Outcome, Parameters};

/// A column of a table.
#[derive(Clone, Copy)]
pub(super) struct Column {
    pub(super) workload: &'static str,
    /// See [`memprof_peers::Workload`].
    pub(super) long: f64,
    /// The least part of the workload that still is one.
    pub(super) least: f64,
    /// The figure, from the time of a run, that of the bare allocator, both in nanoseconds, and the number of events.
    pub(super) figure: fn(f64, f64, f64) -> f64,
}

/// Content of a cell.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Cell {
    /// The figures of all rounds.
    Figures(Vec<f64>),
    /// The peer has nothing like it.
    NotThere,
    /// The peer's failure, in a word.
    Failed(String),
}

impl Cell {
    /// `show` makes text of one figure.
    pub(super) fn text(&self, show: fn(f64) -> String) -> String {
        match self {
            Cell::Figures(figures) => match (Spread::of(figures), figures.len()) {
                (None, _) => String::new(),
                (Some(spread), 1) => show(spread.median),
                (Some(spread), _) => format!("{} ({}–{})", show(spread.median), show(spread.least), show(spread.most)),
            },
            Cell::NotThere => String::new(),
            Cell::Failed(reason) => reason.clone(),
        }
    }
}

/// As many times as the bare allocator took.
pub(super) fn ratio(with: f64, without: f64, _events: f64) -> f64 {
    with / without
}

/// Nanoseconds that an event takes longer than without the peer.
pub(super) fn nanoseconds_more(with: f64, without: f64, events: f64) -> f64 {
    (with - without) / events
}

/// Nanoseconds, by the clock that is wanted.
fn took(options: &Options, outcome: &Outcome) -> f64 {
    (if options.wall { outcome.nanoseconds } else { outcome.processor_nanoseconds }) as f64
}

/// All columns of all peers: `cells[peer][column]`.
///
/// In each round the bare allocator runs before and after every two peers, which are compared with the mean of both
/// runs: other work of the machine affects all of them.
pub(super) fn measure(options: &Options, peers: &[&Peer], columns: &[Column]) -> Result<Vec<Vec<Cell>>> {
    let mut cells = vec![vec![Cell::Figures(Vec::new()); columns.len()]; peers.len()];
    for round in 1..=options.rounds {
        for (index, column) in columns.iter().enumerate() {
            eprintln!("round {round} of {}: {}", options.rounds, column.workload);
            for group in groups(peers, column) {
                one_group(options, peers, &group, column, index, &mut cells)?;
            }
        }
    }
    Ok(cells)
}

/// How much of a workload a peer is given.
fn scale(peer: &Peer, column: &Column) -> f64 {
    peer.scale.max(column.least) * if peer.settles { column.long } else { 1.0 }
}

/// Peers that are compared with the same runs, by their places.
fn groups(peers: &[&Peer], column: &Column) -> Vec<Vec<usize>> {
    let mut groups: Vec<Vec<usize>> = Vec::new();
    for (place, peer) in peers.iter().enumerate() {
        let is_alike = |group: &&mut Vec<usize>| {
            let other = peers[group[0]];
            other.bare == peer.bare && scale(other, column) == scale(peer, column)
        };
        match groups.iter_mut().find(is_alike) {
            Some(group) => group.push(place),
            None => groups.push(vec![place]),
        }
    }
    groups
}

fn one_group(
    options: &Options,
    peers: &[&Peer],
    group: &[usize],
    column: &Column,
    index: usize,
    cells: &mut [Vec<Cell>],
) -> Result<()> {
    let running: Vec<usize> =
        group.iter().copied().filter(|&place| matches!(cells[place][index], Cell::Figures(_))).collect();
    let Some(first) = running.first().map(|&place| peers[place]) else { return Ok(()) };
    let parameters =
        Parameters { scale: options.parameters.scale * scale(first, column), ..options.parameters.clone() };
    let mut before = bare(first, column, &parameters)?;
    for few in running.chunks(2) {
        let runs = few.iter().map(|&place| program::measure_peer(peers[place], column.workload, &parameters));
        let runs = runs.collect::<Result<Vec<Run>>>()?;
        let after = bare(first, column, &parameters)?;
        let without = (took(options, &before) + took(options, &after)) / 2.0;
        for (&place, run) in few.iter().zip(runs) {
            let cell = &mut cells[place][index];
            match (run, &mut *cell) {
                (Run::Done(with), Cell::Figures(figures)) => {
                    if (with.checksum, with.events) != (before.checksum, before.events) {
                        return Err(format!(
                            "{} did other work than {}: {}",
                            peers[place].name, first.bare, column.workload
                        )
                        .into());
                    }
                    figures.push((column.figure)(took(options, &with), without, with.events as f64));
                }
                (Run::Done(_), _) | (Run::NotThere, _) => *cell = Cell::NotThere,
                (Run::Failed(reason), _) => *cell = Cell::Failed(reason),
            }
        }
        before = after;
    }
    Ok(())
}

fn bare(peer: &Peer, column: &Column, parameters: &Parameters) -> Result<Outcome> {
    match program::measure(peer.bare, None, column.workload, parameters)? {
        Run::Done(outcome) => Ok(outcome),
        other => Err(format!("{} of the bare {}: {other:?}", column.workload, peer.bare).into()),
    }
}
