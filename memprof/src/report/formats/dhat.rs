//! DHAT's JSON, version 2, for valgrind's `dh_view.html` and the Firefox Profiler.
//!
//! A point is a stack: allocated bytes and blocks, those at the peak, and those at the end. Lifetimes are not recorded
//! and are 0; the largest size of a point is at least that at the peak and at the end. The line `Mode` of the viewer
//! says so.

use std::io::{self, Write};

use super::tree::{FrameTree, TreeFrame};
use crate::report::data::Report;
use crate::report::json::text::JsonText;
use crate::report::name::printable;

/// Notes for the reader of the viewer's page, with the peak and without.
const MODE: &str = "memprof (lifetimes are not recorded, and 0 here; Max is at least the size at t-gmax and at t-end)";
const MODE_WITHOUT_PEAK: &str =
    "memprof (lifetimes and the peak t-gmax are not recorded, and 0 here; Max is at least the size at t-end)";

/// Writes the file.
pub(super) fn write(report: &Report, out: &mut dyn Write) -> io::Result<()> {
    let tree = FrameTree::of(report);
    let program = &report.program;
    let command = std::iter::once(&program.name).chain(&program.args).map(|word| printable(word));
    let command = command.collect::<Vec<_>>().join(" ");
    // A cast saturates.
    let microseconds = |seconds: f64| (seconds * 1e6) as u64;
    let (mode, peak) = match &report.peak {
        Some(peak) => (MODE, microseconds(peak.seconds)),
        None => (MODE_WITHOUT_PEAK, 0),
    };
    write!(
        out,
        "{{\"dhatFileVersion\":2,\"mode\":{},\"verb\":\"Allocated\",\"bklt\":true,\"bkacc\":false,\
         \"tu\":\"µs\",\"Mtu\":\"s\",\"tuth\":10,\n\"cmd\":{},\"pid\":{},\"tg\":{peak},\"te\":{},\n\"pps\":[",
        JsonText::new(mode),
        JsonText::new(&command),
        program.pid,
        microseconds(program.duration_seconds)
    )?;
    let mut separator = "\n";
    for (index, node) in tree.nodes.iter().enumerate().filter(|(index, node)| *index == 0 || !node.own.is_empty()) {
        let own = &node.own;
        let (most, most_count) = (own.live_bytes.max(own.peak_bytes), own.live_count.max(own.peak_count));
        write!(
            out,
            "{separator}{{\"tb\":{},\"tbk\":{},\"tl\":0,\"mb\":{most},\"mbk\":{most_count},\"gb\":{},\"gbk\":{},\
             \"eb\":{},\"ebk\":{},\"fs\":[",
            own.allocated_bytes, own.allocated_count, own.peak_bytes, own.peak_count, own.live_bytes, own.live_count
        )?;
        for (depth, frame) in tree.frames_of(index).enumerate() {
            // Frame 0 is the root.
            write!(out, "{}{}", if depth > 0 { "," } else { "" }, frame + 1)?;
        }
        out.write_all(b"]}")?;
        separator = ",\n";
    }
    out.write_all(b"\n],\n\"ftbl\":[\n\"[root]\"")?;
    for frame in &tree.frames {
        write!(out, ",\n{}", JsonText::new(&text(frame)))?;
    }
    out.write_all(b"\n]}\n")
}

/// A frame as the Firefox Profiler reads it.
fn text(frame: &TreeFrame<'_>) -> String {
    let TreeFrame { name, file, line, address, .. } = frame;
    match file.as_str() {
        "" => format!("{address:#x}: {name}"),
        file => format!("{address:#x}: {name} ({file}:{line}:0)"),
    }
}

#[cfg(test)]
mod tests;
