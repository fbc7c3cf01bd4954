//! JSON for speedscope: one profile for each figure.

use std::io::{self, Write};

use super::tree::{Amounts, FrameTree, TreeFrame};
use crate::report::data::Report;
use crate::report::json::text::JsonText;
use crate::report::name::printable;

/// A profile: its name, its unit, and its figure.
type SpeedscopeFigure = (&'static str, &'static str, fn(&Amounts) -> u64);

const FIGURES: [SpeedscopeFigure; 5] = [
    ("allocated bytes", "bytes", |own| own.allocated_bytes),
    ("allocated blocks", "none", |own| own.allocated_count),
    ("live bytes", "bytes", |own| own.live_bytes),
    ("live blocks", "none", |own| own.live_count),
    PEAK,
];

const PEAK: SpeedscopeFigure = ("bytes at the peak", "bytes", |own| own.peak_bytes);

/// Writes the file.
pub(super) fn write(report: &Report, out: &mut dyn Write) -> io::Result<()> {
    let tree = FrameTree::of(report);
    let program = printable(&report.program.name);
    let peak = if report.peak.is_none() { " (the peak is not recorded)" } else { "" };
    write!(
        out,
        "{{\"$schema\":\"https://www.speedscope.app/file-format-schema.json\",\"exporter\":{},\"name\":{},\n\
         \"activeProfileIndex\":0,\"shared\":{{\"frames\":[",
        JsonText::new(concat!("memprof ", env!("CARGO_PKG_VERSION"))),
        JsonText::new(&format!("{program}{peak}"))
    )?;
    for (index, frame) in tree.frames.iter().enumerate() {
        write!(out, "{}{{\"name\":{}", if index > 0 { ",\n" } else { "\n" }, JsonText::new(&frame.name))?;
        let TreeFrame { file, line, .. } = frame;
        if !file.is_empty() {
            write!(out, ",\"file\":{}", JsonText::new(file))?;
        }
        if *line > 0 {
            write!(out, ",\"line\":{line}")?;
        }
        out.write_all(b"}")?;
    }
    out.write_all(b"\n]},\n\"profiles\":[")?;
    let figures = FIGURES.iter().filter(|figure| figure.0 != PEAK.0 || report.peak.is_some());
    for (index, figure) in figures.enumerate() {
        out.write_all(if index > 0 { b",\n" } else { b"\n" })?;
        profile(&tree, figure, &program, report, out)?;
    }
    out.write_all(b"\n]}\n")
}

fn profile(
    tree: &FrameTree<'_>,
    (name, unit, figure): &SpeedscopeFigure,
    program: &str,
    report: &Report,
    out: &mut dyn Write,
) -> io::Result<()> {
    let is_estimate = match name.split(' ').next() {
        Some("allocated") => false,
        Some("live") => !report.live.exact && report.live.tracked.is_some(),
        _ => report.peak.as_ref().is_some_and(|peak| !peak.exact),
    };
    let estimate = if is_estimate { ", estimated" } else { "" };
    let title = format!("{program}: {name}{estimate}");
    // The first node keeps a profile without any figure valid.
    let nodes = || {
        let values = tree.nodes.iter().enumerate().map(|(index, node)| (index, figure(&node.own)));
        values.filter(|(index, value)| *index == 0 || *value > 0)
    };
    let sum: u64 = nodes().map(|(_, value)| value).fold(0, u64::saturating_add);
    write!(
        out,
        "{{\"type\":\"sampled\",\"name\":{},\"unit\":\"{unit}\",\"startValue\":0,\"endValue\":{sum},\n\"samples\":[",
        JsonText::new(&title)
    )?;
    for (place, (index, _)) in nodes().enumerate() {
        out.write_all(if place > 0 { b",\n[" } else { b"\n[" })?;
        let mut frames: Vec<usize> = tree.frames_of(index).collect();
        frames.reverse();
        for (depth, frame) in frames.iter().enumerate() {
            write!(out, "{}{frame}", if depth > 0 { "," } else { "" })?;
        }
        out.write_all(b"]")?;
    }
    out.write_all(b"\n],\n\"weights\":[")?;
    for (place, (_, value)) in nodes().enumerate() {
        write!(out, "{}{value}", if place > 0 { "," } else { "" })?;
    }
    out.write_all(b"]}")
}

#[cfg(test)]
mod tests;
