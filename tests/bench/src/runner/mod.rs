//! One command for each section of `memprof/docs/performance.md`.

mod axes;
mod cli;
mod instructions;
mod machine;
mod markdown;
mod page;
mod peers;
mod plot;
mod program;
mod reports;
mod rounds;
mod scaling;
mod statistics;
mod table;

use cli::{Command, Options};

/// The error that stops the runner; the text says what to do.
type Result<T> = std::result::Result<T, Box<dyn std::error::Error>>;

pub(crate) fn run() -> Result<()> {
    let options = match cli::parse(lexopt::Parser::from_env())? {
        Some(options) => options,
        None => {
            print!("{}", cli::HELP);
            return Ok(());
        }
    };
    program::build()?;
    let is_wanted = |command| options.command == Command::All || options.command == command;
    let rounds = Some(options.rounds);
    if is_wanted(Command::Table) {
        show(&options, "table", rounds, &table::allocations(&options)?)?;
        show(&options, "calls", rounds, &table::calls(&options)?)?;
    }
    if is_wanted(Command::Reports) {
        show(&options, "reports", rounds, &reports::section(&options)?)?;
    }
    if is_wanted(Command::Instructions) {
        show(&options, "instructions", None, &instructions::section(&options)?)?;
    }
    if is_wanted(Command::Scaling) {
        show(&options, "scaling", Some(scaling::rounds(&options)), &scaling::section(&options)?)?;
    }
    Ok(())
}

/// Prints a section, beneath the line that says where it was measured, and puts it into the page if that is wanted.
fn show(options: &Options, section: &str, rounds: Option<usize>, text: &str) -> Result<()> {
    if text.is_empty() {
        return Ok(());
    }
    let text = format!("{}\n\n{text}", machine::line(options, rounds));
    println!("{text}");
    if options.write { page::write(section, &text) } else { Ok(()) }
}
