//! The subcommands, one file each.

mod check;
mod completions;
mod diff;
mod explain;
mod init;
mod man;
mod merge;
mod report;
mod run;
mod test;
mod top;

use std::process::ExitCode;

use clap::Subcommand;

use crate::failure::Outcome;

#[derive(Subcommand)]
pub(crate) enum Command {
    Init(init::Arguments),
    Run(Box<run::Arguments>),
    Test(Box<test::Arguments>),
    Report(report::Arguments),
    Explain(explain::Arguments),
    Diff(diff::Arguments),
    Check(check::Arguments),
    Merge(merge::Arguments),
    Top(top::Arguments),
    Completions(completions::Arguments),
    Man(man::Arguments),
}

/// Runs a command, and gives the status with which the process ends.
pub(crate) fn run(command: Command) -> Outcome<ExitCode> {
    match command {
        Command::Init(arguments) => init::run(&arguments).map(good),
        Command::Run(arguments) => run::run(&arguments),
        Command::Test(arguments) => test::run(&arguments),
        Command::Report(arguments) => report::run(&arguments).map(good),
        Command::Explain(arguments) => explain::run(&arguments).map(good),
        Command::Diff(arguments) => diff::run(&arguments).map(good),
        Command::Check(arguments) => check::run(&arguments),
        Command::Merge(arguments) => merge::run(&arguments).map(good),
        Command::Top(arguments) => top::run(&arguments).map(good),
        Command::Completions(arguments) => completions::run(&arguments).map(good),
        Command::Man(arguments) => man::run(&arguments).map(good),
    }
}

fn good((): ()) -> ExitCode {
    ExitCode::SUCCESS
}
