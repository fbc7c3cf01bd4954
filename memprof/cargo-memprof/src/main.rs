//! `cargo memprof`: runs programs and tests under memprof, and reads, compares and gates their reports.

mod arguments;
mod cargo;
mod commands;
mod failure;
mod process;
mod report_file;
mod report_header;
mod runs;
mod stack_names;

use std::process::ExitCode;

use clap::Parser;

use arguments::Arguments;

fn main() -> ExitCode {
    let arguments = Arguments::parse_from(arguments::without_subcommand(std::env::args_os()));
    arguments.color.write_global();
    match commands::run(arguments.command) {
        Ok(status) => status,
        Err(failure) => failure.report(),
    }
}
