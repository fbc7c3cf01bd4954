//! `cargo memprof check`.

mod annotations;
mod benchmarks;
mod junit;

use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::Args;
use memprof::Report;
use memprof::compare::{self, Checked, NotJudged, Rules};

use crate::failure::{Failure, Outcome};
use crate::report_file;
use crate::runs;

/// Status of a regression.
const REGRESSION: u8 = 3;

/// Figures that are listed although they were not judged.
const LISTED: usize = 10;

const RULES: &str = "\
Rules: FIGURE > LIMIT, or FIGURE > LIMIT and LIMIT: both must be exceeded.
  search.allocated_bytes > +3% and +128B     a function, by (the end of) its path
  *::search::*.self_allocated_bytes > +0.5%  * is any text, ? is one character
  `<Index as Search>::run`.calls > +0%       a name with < or * between backticks
  totals.peak_bytes > 64MiB                  without +: whatever it was before
  tests.*.kept_bytes > 0                     rows of `cargo memprof test`
  findings.growing > 0                       number of findings of a kind
  default                                    the rules without --fail-on: +5% and
                                             +1KiB (counts: +64) for the totals,
                                             functions' own bytes, and tests
Units: %, B, KB = KiB, MB = MiB, GB = GiB, TB = TiB (1 KB = 1024 B).

Exact figures alone are judged: no estimates, a peak only if the limit lies
outside its error, and nothing that differed in `cargo memprof run --repeat`.
No figure depends on time. A function that one of the reports lacks is not
judged by a limit with +; the totals have its bytes.

Exit statuses: 0 no limit is exceeded, 1 a rule judged nothing or the reports
cannot be compared, 2 wrong usage, 3 a limit is exceeded.";

/// Compare a report with a baseline, and fail if a figure exceeds its limit.
#[derive(Args)]
#[command(after_help = RULES)]
pub(crate) struct Arguments {
    /// The new report, the folder of a run, `latest` (the last run), or - for standard input
    #[arg(value_name = "NEW")]
    new: PathBuf,
    /// The report to compare with; not needed if no limit has a +
    #[arg(long, value_name = "OLD", required_unless_present = "fail_on")]
    baseline: Option<PathBuf>,
    /// A rule, in place of the default ones; can be given several times
    #[arg(long, value_name = "RULE")]
    fail_on: Vec<String>,
    /// Make the new report the baseline; limits that it exceeds are shown, and are no failure
    #[arg(long, requires = "baseline")]
    bless: bool,
    /// Print violations as annotations of GitHub Actions too, at most ten
    #[arg(long)]
    github: bool,
    /// Write the judgements as a JUnit XML file
    #[arg(long, value_name = "FILE", help_heading = "Files for other tools")]
    junit: Option<PathBuf>,
    /// Write the new figures that the rules are about in the Bencher Metric Format
    #[arg(long, value_name = "FILE", help_heading = "Files for other tools")]
    bmf: Option<PathBuf>,
    /// Write the same figures for github-action-benchmark (`customSmallerIsBetter`)
    #[arg(long, value_name = "FILE", help_heading = "Files for other tools")]
    benchmark_json: Option<PathBuf>,
}

impl Arguments {
    /// True if standard output is one of the files for other tools: the lines are on standard error then.
    fn is_output_a_file(&self) -> bool {
        [&self.junit, &self.bmf, &self.benchmark_json].into_iter().flatten().any(|path| path.as_os_str() == "-")
    }
}

pub(crate) fn run(arguments: &Arguments) -> Outcome<ExitCode> {
    let rules = Rules::parse(&arguments.fail_on).map_err(|error| Failure::Usage(format!("--fail-on: {error}")))?;
    if arguments.baseline.is_none() && !rules.are_absolute() {
        let reason = "a limit with + needs a baseline: --baseline OLD".to_owned();
        return Err(Failure::Usage(reason));
    }
    let new = report_file::read(&arguments.new)?;
    let figures: Vec<_> =
        compare::figures(&new).into_iter().filter(|figure| figure.is_judgeable && rules.select(figure)).collect();
    if let Some(path) = &arguments.bmf {
        report_file::write(path, &benchmarks::bencher(&figures)?)?;
    }
    if let Some(path) = &arguments.benchmark_json {
        report_file::write(path, &benchmarks::smaller_is_better(&figures)?)?;
    }
    let baseline = match &arguments.baseline {
        // The first baseline is compared with itself.
        Some(path) if arguments.bless => report_file::read(path).unwrap_or_else(|_| new.clone()),
        Some(path) => report_file::read(path).map_err(|failure| without_baseline(path, failure))?,
        None => new.clone(),
    };
    let checked = compare::check(&baseline, &new, &rules);
    if let Some(path) = &arguments.junit {
        report_file::write(path, junit::of(&checked).as_bytes())?;
    }
    if let Some(path) = arguments.baseline.as_ref().filter(|_| arguments.bless) {
        return bless(path, &new, &rules);
    }
    if arguments.is_output_a_file() {
        say(&checked, arguments.github, io::stderr())?;
    } else {
        say(&checked, arguments.github, io::stdout())?;
    }
    Ok(status(&checked))
}

/// Checks a report that was just made against a baseline, or makes it the baseline.
pub(super) fn against(path: &Path, new: &Report, rules: &Rules, is_blessed: bool) -> Outcome<ExitCode> {
    if is_blessed {
        return bless(path, new, rules);
    }
    let baseline = report_file::read(path).map_err(|failure| without_baseline(path, failure))?;
    let checked = compare::check(&baseline, new, rules);
    say(&checked, false, io::stdout())?;
    Ok(status(&checked))
}

/// Checks a report that was just made by limits that need no baseline.
pub(super) fn alone(new: &Report, rules: &Rules) -> Outcome<ExitCode> {
    let checked = compare::check(new, new, rules);
    say(&checked, false, io::stdout())?;
    Ok(status(&checked))
}

fn status(checked: &Checked) -> ExitCode {
    match checked.violations().count() {
        0 if checked.passed() => ExitCode::SUCCESS,
        0 => ExitCode::FAILURE,
        _ => ExitCode::from(REGRESSION),
    }
}

/// A baseline that is not there is the first step of every project.
fn without_baseline(path: &Path, failure: Failure) -> Failure {
    if report_file::found(path).exists() {
        return failure;
    }
    Failure::Said(format!("there is no baseline {} yet: --bless writes the new report there", path.display()))
}

/// Writes the new report in place of the baseline.
fn bless(path: &Path, new: &Report, rules: &Rules) -> Outcome<ExitCode> {
    if path.to_str().is_some_and(|name| !path.exists() && (name == runs::LATEST || report_file::is_number(name))) {
        return Err(Failure::Usage(format!(
            "a baseline is a file such as memory.json, not the run `{}`",
            path.display()
        )));
    }
    let before = report_file::read(path).ok().map(|old| compare::check(&old, new, rules));
    for violation in before.iter().flat_map(Checked::violations) {
        writeln!(io::stdout(), "{violation}")?;
    }
    let file = report_file::found(path);
    if let Some(folder) = file.parent().filter(|folder| !folder.as_os_str().is_empty()) {
        std::fs::create_dir_all(folder).map_err(|error| Failure::of_file("make the folder", folder, &error))?;
    }
    report_file::write(&file, new.to_json().as_bytes())?;
    anstream::eprintln!("the new report is the baseline now: {}", file.display());
    Ok(ExitCode::SUCCESS)
}

/// Prints one line for each violation, and one about the rest.
fn say(checked: &Checked, is_for_github: bool, mut out: impl Write) -> Outcome {
    for violation in checked.violations() {
        writeln!(out, "{violation}")?;
    }
    if is_for_github {
        out.write_all(annotations::of(checked).as_bytes())?;
    }
    let (judged, violations) = (checked.judged.len(), checked.violations().count());
    let exceeded = match violations {
        0 => "none exceeds its limit".to_owned(),
        1 => "1 exceeds its limit".to_owned(),
        more => format!("{more} exceed their limits"),
    };
    let left = match checked.not_judged.len() {
        0 => String::new(),
        left => format!("; {left} not judged"),
    };
    if judged > 0 {
        writeln!(out, "{judged} {} judged, {exceeded}{left}", if judged == 1 { "figure" } else { "figures" })?;
    }
    out.flush()?;
    list(&checked.not_judged);
    for problem in &checked.problems {
        anstream::eprintln!("\x1b[1m\x1b[31merror\x1b[0m: {problem}");
    }
    Ok(())
}

/// Prints the first figures that were not judged.
fn list(not_judged: &[NotJudged]) {
    if not_judged.is_empty() {
        return;
    }
    anstream::eprintln!("not judged:");
    for row in not_judged.iter().take(LISTED) {
        anstream::eprintln!("  {row}");
    }
    if let more @ 1.. = not_judged.len().saturating_sub(LISTED) {
        anstream::eprintln!("  and {more} more (--junit has all)");
    }
}
