//! How memprof's costs grow: a table and a plot for each axis.

use super::axes::{AXES, Axis, LINES, Line, Mode, PAIR};
use super::cli::Options;
use super::markdown::digits;
use super::statistics::{Spread, exponent};
use super::{Result, page, plot, program};
use std::collections::BTreeMap;
use std::process::Command;

/// Figures of one axis: mode and place on the axis → figure → its rounds.
type Measured = BTreeMap<(&'static str, usize), BTreeMap<String, Vec<f64>>>;

/// Without memprof: one branch for each allocation is left.
const WITHOUT: &str = "disabled";

pub(super) fn section(options: &Options) -> Result<String> {
    let mut text = String::new();
    for axis in AXES.iter().filter(|axis| options.wants_workload(axis.name)) {
        let measured = measure(options, axis)?;
        text += &table(axis, &measured);
        if options.write {
            plot::draw(&page::plot(axis.name), axis, &|line, at| value(axis, line, at, &measured))?;
        }
    }
    Ok(text)
}

/// Processor time of one program differs little from run to run, and there are many places to measure at.
pub(super) fn rounds(options: &Options) -> usize {
    options.rounds.min(3)
}

/// All modes at all places, in turns.
fn measure(options: &Options, axis: &Axis) -> Result<Measured> {
    let mut measured = Measured::new();
    let rounds = rounds(options);
    for round in 1..=rounds {
        eprintln!("round {round} of {rounds}: scaling with {}", axis.name);
        for &at in axis.at {
            for mode in [WITHOUT, "counters", axis.usual, "exact"] {
                if mode == "exact" && at > axis.exact_up_to {
                    continue;
                }
                let figures = measured.entry((mode, at)).or_default();
                for (name, figure) in run(axis.name, mode, at)? {
                    figures.entry(name).or_default().push(figure);
                }
            }
        }
    }
    Ok(measured)
}

/// One run of the program `scaling`.
fn run(axis: &str, mode: &str, at: usize) -> Result<BTreeMap<String, f64>> {
    let output = Command::new(program::folder()?.join("scaling"))
        .args(["--mode", mode, "--axis", axis, "--at", &at.to_string()])
        .output()?;
    if !output.status.success() {
        return Err(format!("scaling with {at} {axis}, {mode}: {}", String::from_utf8_lossy(&output.stderr)).into());
    }
    let printed = String::from_utf8_lossy(&output.stdout);
    let pair = |line: &str| Some((line.split_once(' ')?.0.to_owned(), line.split_once(' ')?.1.parse().ok()?));
    Ok(printed.lines().filter_map(pair).collect())
}

/// The figure of a line at a place, in the unit that its title names.
fn value(axis: &Axis, line: &Line, at: usize, measured: &Measured) -> Option<f64> {
    let mode = match line.mode {
        Mode::Counters => "counters",
        Mode::Usual => axis.usual,
        Mode::Exact => "exact",
    };
    let name = if line.mode == Mode::Exact && line.figure == PAIR { axis.exact_pair } else { line.figure };
    let median = |mode| Some(Spread::of(measured.get(&(mode, at))?.get(name)?)?.median);
    let figure = median(mode)?;
    let figure = if line.beyond { figure - median(WITHOUT)? } else { figure };
    Some(match line.figure {
        "stats" | "start" => figure / 1e3,
        "report" => figure / 1e6,
        "bytes" => figure / 1_048_576.0,
        _ => figure,
    })
}

fn table(axis: &Axis, measured: &Measured) -> String {
    let places: Vec<String> = axis.at.iter().map(|&at| grouped(at)).collect();
    let right = "---:|".repeat(places.len() + 1);
    let mut text = format!("### {}\n\n", capitalised(axis.title));
    text += &format!("![Costs by {}][plot-{}]\n\n", axis.title, axis.name);
    text += &format!("| | {} | grows by | because |\n|---|{right}---|\n", places.join(" | "));
    for (line, reason) in LINES.iter().zip(axis.reasons).filter(|(_, reason)| !reason.is_empty()) {
        let points: Vec<(f64, Option<f64>)> =
            axis.at.iter().map(|&at| (at as f64, value(axis, line, at, measured))).collect();
        let cells: Vec<String> = points.iter().map(|(_, figure)| figure.map(digits).unwrap_or_default()).collect();
        let known: Vec<(f64, f64)> = points.iter().filter_map(|&(x, y)| Some((x, y?))).collect();
        // The larger half: what is constant hides the growth of small numbers.
        let upper = &known[known.len().saturating_sub(3)..];
        let power = exponent(upper).map(|power| format!("x^{power:.1}").replace("-0.0", "0.0")).unwrap_or_default();
        text += &format!("| {} | {} | {power} | {reason} |\n", line.title, cells.join(" | "));
    }
    text + "\n"
}

fn capitalised(text: &str) -> String {
    text[..1].to_uppercase() + &text[1..]
}

/// 10,000,000.
fn grouped(number: usize) -> String {
    let digits = number.to_string();
    let mut grouped = String::new();
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && (digits.len() - place) % 3 == 0 {
            grouped.push(',');
        }
        grouped.push(digit);
    }
    grouped
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn large_numbers_have_commas() {
        assert_eq!([1, 999, 1_000, 10_000_000].map(grouped), ["1", "999", "1,000", "10,000,000"]);
    }

    #[test]
    fn a_line_is_the_median_less_what_it_is_without_memprof() {
        let mut measured = Measured::new();
        for (mode, figures) in [(WITHOUT, vec![10.0, 12.0, 11.0]), ("counters", vec![20.0, 19.0, 40.0])] {
            measured.entry((mode, 1)).or_default().insert("pair".to_owned(), figures);
        }
        assert_eq!(value(&AXES[0], &LINES[0], 1, &measured), Some(9.0));
        assert_eq!(value(&AXES[0], &LINES[1], 1, &measured), None);
    }
}
