//! `cargo memprof merge`.

mod inputs;

use std::path::{Path, PathBuf};

use clap::Args;
use indicatif::{HumanCount, ProgressBar, ProgressStyle};
use memprof::Report;
use memprof::compare::Merge;

use crate::failure::{Failure, Outcome};
use crate::report_file;
use inputs::Inputs;

/// Merge the reports of many processes or hosts of one program into one report.
///
/// Bytes, blocks and calls are added up. Of peaks the largest is kept, and `merged.peak_sum_bytes` is the sum of those
/// of all processes. Of several reports of one process only the last counts.
///
/// Reports are read one by one, so thousands of them take no more memory than their different functions, call paths
/// and live groups.
#[derive(Args)]
pub(crate) struct Arguments {
    /// Reports, and folders with reports (all .json files in them and beneath)
    #[arg(value_name = "FILE", required_unless_present = "files_from")]
    files: Vec<PathBuf>,
    /// Read the names of further files from this file, one a line; - is standard input
    #[arg(long, value_name = "LIST")]
    files_from: Option<PathBuf>,
    /// The merged report; - is standard output
    #[arg(short, long, value_name = "PATH")]
    output: PathBuf,
    /// Leave out files that cannot be read or are no reports, and say which
    #[arg(long)]
    skip_unreadable: bool,
}

pub(crate) fn run(arguments: &Arguments) -> Outcome {
    let Inputs { files, left_out } = Inputs::of(&arguments.files, arguments.files_from.as_deref(), &arguments.output)?;
    let report = merged(&files, arguments.skip_unreadable)?;
    let mut content = Vec::new();
    report.write_json(&mut content)?;
    report_file::write(&arguments.output, &content)?;
    say(&report, left_out, &arguments.output);
    Ok(())
}

fn merged(files: &[PathBuf], skip_unreadable: bool) -> Outcome<Report> {
    let bar = bar(files.len());
    let mut sum = Merge::default();
    let mut skipped = 0;
    for file in bar.wrap_iter(files.iter()) {
        match report_file::read_file(file) {
            Ok(report) => sum.add(report).map_err(|error| Failure::Said(format!("{}: {error}", file.display())))?,
            Err(Failure::Said(reason)) if skip_unreadable => {
                skipped += 1;
                bar.suspend(|| anstream::eprintln!("skipped  {reason}"));
            }
            Err(failure) => return Err(failure),
        }
    }
    bar.finish_and_clear();
    match files.len() - skipped {
        0 => Err(Failure::said("no file is left to merge")),
        _ => sum.finish().map_err(Failure::said),
    }
}

/// Progress on standard error, if that is a terminal.
fn bar(files: usize) -> ProgressBar {
    let style = ProgressStyle::with_template("merging  {human_pos} of {human_len} {wide_bar} {eta}");
    let bar = ProgressBar::new(files as u64);
    style.map_or_else(|_| bar.clone(), |style| bar.clone().with_style(style))
}

/// Prints the number of reports, the file, and the next command.
fn say(report: &Report, left_out: usize, output: &Path) {
    let plural = |count: u64, noun: &str| format!("{} {noun}{}", HumanCount(count), if count == 1 { "" } else { "s" });
    let Some(merged) = &report.merged else { return };
    let hosts = if merged.hosts > 0 { format!(" of {}", plural(merged.hosts, "host")) } else { String::new() };
    anstream::eprintln!("merged   {}{hosts}", plural(merged.reports, "report"));
    if left_out > 0 {
        anstream::eprintln!("         {} of the same runs left out", plural(left_out as u64, "earlier report"));
    }
    if output.as_os_str() != report_file::STANDARD {
        anstream::eprintln!("report   {}", output.display());
        anstream::eprintln!("look     cargo memprof report {} --open", output.display());
    }
}
