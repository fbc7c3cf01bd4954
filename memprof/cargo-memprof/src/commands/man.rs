//! `cargo memprof man`.

use std::io::{self, Write};

use clap::{Args, CommandFactory};

use crate::failure::Outcome;

/// Print the manual page.
///
/// To read it: `cargo memprof man | man -l -`. The page of one command: `cargo memprof man run`.
#[derive(Args)]
pub(crate) struct Arguments {
    /// The command; all of them in short without it
    command: Option<String>,
}

pub(crate) fn run(arguments: &Arguments) -> Outcome {
    let mut command = crate::arguments::Arguments::command();
    command.build();
    if let Some(name) = &arguments.command {
        let wanted = command.find_subcommand(name).cloned();
        command = wanted.ok_or_else(|| crate::failure::Failure::Usage(format!("there is no command `{name}`")))?;
    }
    let mut text = Vec::new();
    clap_mangen::Man::new(command).render(&mut text)?;
    Ok(io::stdout().write_all(&text)?)
}
