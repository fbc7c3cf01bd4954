//! The command line.

use super::Result;
use lexopt::{Arg, ValueExt as _};
use memprof_peers::Parameters;

pub(super) const HELP: &str = "\
memprof beside other profilers.

usage: cargo run --release --ignore-rust-version -- COMMAND [OPTION…]

commands
  table           workloads and calls, as ratios to the bare allocator and as nanoseconds
  reports         what it takes to write a report
  instructions    instructions for each event, by callgrind
  scaling         how memprof's costs grow, with plots
  all             all of them

options
  --rounds N          runs of everything, in turns; 5 without it
  --peer TEXT         only peers whose name contains it; can be given several times
  --workload TEXT     only workloads whose name contains it; can be given several times
  --wall              compare by the clock on the wall instead of by processor time
  --write             put the result into memprof/docs/performance.md; with --peer or --workload what is left out is lost there
  --scale FACTOR      how much work; 1 is about a third of a second for the bare allocator
  --seed N            what random numbers begin with
  --slots N           blocks that churn has at one time; 4096 without it
  --sizes FROM-TO     sizes of churn's blocks, bytes; 16-2048 without it
";

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Command {
    Table,
    Reports,
    Instructions,
    Scaling,
    All,
}

#[derive(Debug)]
pub(super) struct Options {
    pub(super) command: Command,
    pub(super) rounds: usize,
    pub(super) write: bool,
    pub(super) wall: bool,
    pub(super) parameters: Parameters,
    peers: Vec<String>,
    workloads: Vec<String>,
}

impl Options {
    pub(super) fn wants_peer(&self, name: &str) -> bool {
        is_named(&self.peers, name)
    }

    pub(super) fn wants_workload(&self, name: &str) -> bool {
        is_named(&self.workloads, name)
    }
}

fn is_named(wanted: &[String], name: &str) -> bool {
    wanted.is_empty() || wanted.iter().any(|text| name.contains(text.as_str()))
}

/// `None`: help is wanted.
pub(super) fn parse(mut parser: lexopt::Parser) -> Result<Option<Options>> {
    let mut options = Options {
        command: Command::All,
        rounds: 5,
        write: false,
        wall: false,
        parameters: Parameters::default(),
        peers: Vec::new(),
        workloads: Vec::new(),
    };
    let mut command = None;
    while let Some(argument) = parser.next()? {
        match argument {
            Arg::Value(value) if command.is_none() => command = Some(value.parse_with(command_named)?),
            Arg::Long("help") | Arg::Short('h') => return Ok(None),
            Arg::Long("rounds") => options.rounds = parser.value()?.parse::<usize>()?.max(1),
            Arg::Long("wall") => options.wall = true,
            Arg::Long("write") => options.write = true,
            Arg::Long("peer") => options.peers.push(parser.value()?.string()?),
            Arg::Long("workload") => options.workloads.push(parser.value()?.string()?),
            Arg::Long(name) => {
                let name = name.to_owned();
                if !options.parameters.take(&name, &mut parser)? {
                    return Err(format!("--{name} is no option; --help lists them").into());
                }
            }
            other => return Err(other.unexpected().into()),
        }
    }
    let Some(command) = command else { return Ok(None) };
    Ok(Some(Options { command, ..options }))
}

fn command_named(name: &str) -> std::result::Result<Command, String> {
    Ok(match name {
        "table" => Command::Table,
        "reports" => Command::Reports,
        "instructions" => Command::Instructions,
        "scaling" => Command::Scaling,
        "all" => Command::All,
        _ => return Err(format!("{name} is no command; --help lists them")),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(line: &str) -> Options {
        parse(lexopt::Parser::from_args(line.split_whitespace())).unwrap().unwrap()
    }

    #[test]
    fn a_filter_is_a_part_of_a_name_and_without_one_all_are_wanted() {
        let options = parsed("table --peer memprof --peer dhat --rounds 2 --seed 5");
        assert!(options.wants_peer("memprof, default") && options.wants_peer("dhat") && !options.wants_peer("hotpath"));
        assert!(options.wants_workload("churn"));
        assert_eq!((options.command, options.rounds, options.parameters.seed), (Command::Table, 2, 5));
    }

    #[test]
    fn what_is_not_known_is_an_error() {
        assert!(parse(lexopt::Parser::from_args(["table", "--rouds", "2"])).is_err());
        assert!(parse(lexopt::Parser::from_args(["tables"])).is_err());
    }
}
