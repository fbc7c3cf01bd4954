//! `cargo memprof diff`.

use std::path::{Path, PathBuf};

use clap::{Args, ValueEnum};
use memprof::compare::{self, Extent};

use crate::failure::{Failure, Outcome};
use crate::report_file;

/// Compare two reports.
#[derive(Args)]
pub(crate) struct Arguments {
    /// The earlier report, the folder of its run, or its number; the last run but one without it
    #[arg(requires = "new")]
    old: Option<PathBuf>,
    /// The later report, the folder of its run, its number, or `latest`; the last run without it
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
    /// For the terminal, in its width
    #[default]
    Text,
    /// For a pull request
    Markdown,
    /// All figures
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
    let read = |path: &Path| report_file::of_program(report_file::read(path)?, path);
    let diff = compare::diff(&read(&old)?, &read(&new)?);
    let extent = if arguments.all { Extent::All } else { Extent::Changes };
    let content = match arguments.format {
        DiffFormat::Text => text(&diff.to_text(width(&arguments.output), extent), &arguments.output),
        DiffFormat::Markdown => diff.to_markdown(extent).into_bytes(),
        DiffFormat::Json => diff.to_json().into_bytes(),
        DiffFormat::Html => diff.to_html(),
    };
    report_file::write(&arguments.output, &content)
}

/// The text, with colours if the output takes them.
fn text(text: &str, output: &Path) -> Vec<u8> {
    let takes_colours = match anstream::ColorChoice::global() {
        anstream::ColorChoice::Always | anstream::ColorChoice::AlwaysAnsi => true,
        anstream::ColorChoice::Never => false,
        anstream::ColorChoice::Auto => {
            output.as_os_str() == "-"
                && anstream::AutoStream::choice(&std::io::stdout()) != anstream::ColorChoice::Never
        }
    };
    if takes_colours { text.into() } else { anstream::adapter::strip_str(text).to_string().into_bytes() }
}

/// Columns of the terminal; 100 elsewhere.
fn width(output: &Path) -> usize {
    let terminal = (output.as_os_str() == "-").then(terminal_size::terminal_size).flatten();
    terminal.map_or(100, |(width, _)| usize::from(width.0))
}
