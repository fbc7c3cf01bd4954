//! `cargo memprof completions`.

use std::io;

use clap::{Args, CommandFactory};
use clap_complete::Shell;

use crate::failure::Outcome;

/// Print the completions of a shell.
///
/// For bash: `cargo memprof completions bash > ~/.local/share/bash-completion/completions/cargo-memprof`.
#[derive(Args)]
pub(crate) struct Arguments {
    /// The shell
    shell: Shell,
}

pub(crate) fn run(arguments: &Arguments) -> Outcome {
    let mut command = crate::arguments::Arguments::command();
    let mut text = Vec::new();
    clap_complete::generate(arguments.shell, &mut command, "cargo-memprof", &mut text);
    Ok(io::Write::write_all(&mut io::stdout(), &text)?)
}
