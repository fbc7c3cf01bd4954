//! `cargo memprof report`.

use std::io::{self, IsTerminal};
use std::path::{Path, PathBuf};

use clap::Args;
use memprof::Format;

use super::test;
use crate::failure::{Failure, Outcome};
use crate::{report_file, stack_names};

/// Write a report in another format.
///
/// Without options it prints the table. The format follows the name of the file, if `--format` is not given:
/// .html, .pb.gz (pprof), .folded, .csv, .md, .svg, .speedscope.json, .dhat.json, .txt (leaks).
#[derive(Args)]
pub(crate) struct Arguments {
    /// A report, the folder of a run, the number of a run, or - for standard input; the last run without it
    file: Option<PathBuf>,
    /// The format
    #[arg(short, long, value_parser = format_parser())]
    format: Option<Format>,
    /// The file to write; - is standard output
    #[arg(short, long, value_name = "PATH")]
    output: Option<PathBuf>,
    /// The program that wrote the report, for one with addresses instead of names; by default where it was then
    #[arg(long, value_name = "EXECUTABLE")]
    program: Option<PathBuf>,
    /// Open the page in the browser
    #[arg(long, conflicts_with = "format")]
    open: bool,
}

/// The names of all formats, as clap lists them.
pub(super) fn format_parser() -> impl clap::builder::TypedValueParser<Value = Format> {
    use clap::builder::TypedValueParser;
    clap::builder::PossibleValuesParser::new(Format::ALL.iter().map(|format| format.name()))
        .try_map(|name| name.parse::<Format>())
}

pub(crate) fn run(arguments: &Arguments) -> Outcome {
    let file = arguments.file.clone().map_or_else(report_file::latest, Ok)?;
    let mut report = report_file::read(&file)?;
    stack_names::add(&mut report, arguments.program.as_deref());
    let named = arguments.output.as_deref().and_then(of_name);
    if let (None, None, false, Some(output)) = (arguments.format, named, arguments.open, &arguments.output)
        && output.as_os_str() != "-"
    {
        let reason = format!("the name {} tells no format: add --format", output.display());
        return Err(Failure::Usage(reason));
    }
    let format = if arguments.open { Format::Html } else { arguments.format.or(named).unwrap_or(Format::Table) };
    let output = match &arguments.output {
        Some(output) => output.clone(),
        None if arguments.open => page_beside(&file),
        None => PathBuf::from("-"),
    };
    if format == Format::Pprof && output.as_os_str() == "-" && io::stdout().is_terminal() {
        return Err(Failure::Usage("a profile for pprof is binary: write it to a file with -o".into()));
    }
    let content = match format {
        Format::Table if !report.tests.is_empty() => test::table::table(&report.tests, true).into_bytes(),
        _ => report_file::of_program(report, &file)?.to_format(format),
    };
    report_file::write(&output, &content)?;
    if arguments.open { open(&output) } else { Ok(()) }
}

/// Opens a page in the browser.
pub(super) fn open(page: &Path) -> Outcome {
    opener::open(page)
        .map_err(|error| Failure::Said(format!("cannot open a browser ({error}): open {}", page.display())))
}

/// The page of a report: beside it.
fn page_beside(file: &Path) -> PathBuf {
    if file.as_os_str() == "-" {
        return std::env::temp_dir().join(Format::Html.file_name());
    }
    let report = report_file::found(file);
    if report.ends_with(report_file::REPORT) {
        report.with_file_name(Format::Html.file_name())
    } else {
        report.with_extension("html")
    }
}

/// The format that the name of a file tells.
fn of_name(path: &Path) -> Option<Format> {
    const ENDINGS: [(&str, Format); 10] = [
        (".dhat.json", Format::Dhat),
        (".speedscope.json", Format::Speedscope),
        (".html", Format::Html),
        (".pb.gz", Format::Pprof),
        (".pprof", Format::Pprof),
        (".folded", Format::Folded),
        (".csv", Format::Csv),
        (".md", Format::Markdown),
        (".svg", Format::Svg),
        (".txt", Format::Leaks),
    ];
    let name = path.file_name()?.to_str()?;
    ENDINGS.iter().find(|(ending, _)| name.ends_with(ending)).map(|(_, format)| *format)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn default_names_tell_their_formats() {
        for format in Format::ALL.iter().filter(|format| **format != Format::Table) {
            assert_eq!(of_name(Path::new(format.file_name())), Some(*format), "{}", format.file_name());
        }
        assert_eq!(of_name(Path::new("report")), None);
    }
}
