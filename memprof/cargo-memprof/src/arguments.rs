//! The command line.

use std::ffi::OsString;

use clap::Parser;
use clap::builder::styling::{AnsiColor, Styles};

use crate::commands::Command;

/// Colours of help and errors, as in cargo.
const STYLES: Styles = Styles::styled()
    .header(AnsiColor::Green.on_default().bold())
    .usage(AnsiColor::Green.on_default().bold())
    .literal(AnsiColor::Cyan.on_default().bold())
    .placeholder(AnsiColor::Cyan.on_default());

/// Profile the memory of programs and tests, and look at, compare and gate the reports.
#[derive(Parser)]
#[command(
    name = "cargo-memprof",
    bin_name = "cargo memprof",
    version,
    styles = STYLES,
    max_term_width = 100,
    after_help = "Exit statuses: 0 good, 1 it could not be done (one line says why), 2 wrong usage, 3 a regression; \
                  `run` and `test` end as the program or the tests do, and with 101 if the build failed."
)]
pub(crate) struct Arguments {
    #[command(flatten)]
    pub(crate) color: colorchoice_clap::Color,
    #[command(subcommand)]
    pub(crate) command: Command,
}

/// The arguments without the `memprof` that cargo puts first.
pub(crate) fn without_subcommand(arguments: impl IntoIterator<Item = OsString>) -> Vec<OsString> {
    let mut arguments: Vec<_> = arguments.into_iter().collect();
    if arguments.get(1).is_some_and(|first| first == "memprof") {
        arguments.remove(1);
    }
    arguments
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory;

    #[test]
    fn the_grammar_is_sound() {
        Arguments::command().debug_assert();
    }

    #[test]
    fn cargo_puts_the_name_of_the_subcommand_first() {
        let given = |words: &[&str]| without_subcommand(words.iter().map(OsString::from));
        assert_eq!(given(&["cargo-memprof", "memprof", "run"]), ["cargo-memprof", "run"]);
        assert_eq!(given(&["cargo-memprof", "run", "memprof"]), ["cargo-memprof", "run", "memprof"]);
        assert_eq!(given(&["cargo-memprof"]), ["cargo-memprof"]);
    }
}
