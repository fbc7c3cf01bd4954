//! `cargo memprof diff`.

use std::path::{Path, PathBuf};

use clap::{Args, ValueEnum};
use memprof::compare;

use crate::failure::{Failure, Outcome};
use crate::report_file;

/// Compare two reports.
#[derive(Args)]
pub(crate) struct Arguments {
    /// The earlier report, or the folder of its run; the last run but one without it
    #[arg(requires = "new")]
    old: Option<PathBuf>,
    /// The later report, or the folder of its run; the last run without it
    new: Option<PathBuf>,
    /// The format
    #[arg(short, long, value_enum, default_value_t)]
    format: DiffFormat,
    /// Show what did not change, and what changed within its error, too
    #[arg(long)]
    all: bool,
    /// The file to write; - is standard output
    #[arg(short, long, value_name = "PATH", default_value = "-")]
    output: PathBuf,
}

#[derive(Clone, Copy, Default, PartialEq, ValueEnum)]
enum DiffFormat {
    /// All figures
    #[default]
    Json,
    /// A page for the browser
    Html,
}

pub(crate) fn run(arguments: &Arguments) -> Outcome {
    let (old, new) = match (&arguments.old, &arguments.new) {
        (Some(old), Some(new)) => (old.clone(), new.clone()),
        _ => match report_file::latest_two()? {
            (Some(old), new) => (old, new),
            (None, _) => {
                return Err(Failure::said("there is only one run yet: run the program once more, or name two reports"));
            }
        },
    };
    let diff = compare::diff(&report_file::read(&old)?, &report_file::read(&new)?);
    let content = match arguments.format {
        DiffFormat::Json => diff.to_json().into_bytes(),
        DiffFormat::Html => diff.to_html(),
    };
    report_file::write(&arguments.output, &content)
}

/// Columns of the terminal; 100 elsewhere.
fn width(output: &Path) -> usize {
    let terminal = (output.as_os_str() == "-").then(terminal_size::terminal_size).flatten();
    terminal.map_or(100, |(width, _)| usize::from(width.0))
}
