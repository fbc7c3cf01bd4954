//! Stacks in lines, the outermost function first, with their allocated bytes: `main;build;insert 1024`.

use std::io::{self, Write};

use super::tree::FrameTree;
use crate::report::data::Report;

/// Writes the lines.
pub(super) fn write(report: &Report, out: &mut dyn Write) -> io::Result<()> {
    let tree = FrameTree::of(report);
    // Of a report without bytes one line is there all the same, so that it is no error to any tool.
    let is_wanted = |index: usize, bytes: u64| bytes > 0 || (index == 0 && report.totals.allocated_bytes == 0);
    for (index, node) in tree.nodes.iter().enumerate() {
        let bytes = node.own.allocated_bytes;
        if !is_wanted(index, bytes) {
            continue;
        }
        let mut frames: Vec<usize> = tree.frames_of(index).collect();
        frames.reverse();
        for (depth, frame) in frames.iter().filter_map(|frame| tree.frames.get(*frame)).enumerate() {
            let separator = if depth > 0 { ";" } else { "" };
            // Names have semicolons: `[u8; 32]`.
            write!(out, "{separator}{}", frame.name.replace(';', ","))?;
        }
        writeln!(out, " {bytes}")?;
    }
    Ok(())
}

#[cfg(test)]
mod tests;
