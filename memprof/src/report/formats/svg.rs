//! A flame graph as a picture, for a README: allocated bytes by call path, and live bytes near the peak and at the end
//! by call path and stack, the outermost function on top. It is self-contained, has no script, and is light or dark as
//! the page around it.

use std::cmp::Reverse;
use std::fmt::Write as _;
use std::io::{self, Write};

use unicode_width::{UnicodeWidthChar, UnicodeWidthStr};

use super::notes::notes;
use super::tree::{Amounts, FrameTree};
use crate::report::data::Report;
use crate::report::leaks::owner::crate_of;
use crate::report::name::{printable, shorten};
use crate::size;
use crate::sorted;

/// Width of the picture, and of its margin.
const WIDTH: f64 = 1200.0;
const MARGIN: f64 = 12.0;
/// Height of a box with its gap.
const ROW: f64 = 19.0;
/// Width of a character.
const LETTER: f64 = 6.7;
/// Narrower boxes are not drawn, nor what is beneath them.
const NARROWEST: f64 = 0.75;
/// Rows of one graph.
const DEEPEST: usize = 40;
/// Boxes of one graph, at most: the widest.
const MOST_BOXES: usize = 1_000;

/// The colours can be told apart without colour sight: their lightness differs as well.
const STYLE: &str = "\
<style>
svg{background:#fff;font:12px ui-monospace,Menlo,Consolas,'DejaVu Sans Mono',monospace}
.h{font:600 14px system-ui,'Segoe UI',sans-serif}
.h,.n{fill:#1f2328}.n{font:12px system-ui,'Segoe UI',sans-serif;opacity:.75}
.b text{fill:#1f2328}
.c0 rect{fill:#f2b56b}.c1 rect{fill:#8ec3e6}.c2 rect{fill:#7fcab5}.c3 rect{fill:#e6a3c4}.c4 rect{fill:#efe07a}.c5 rect{fill:#c9ced6}
@media(prefers-color-scheme:dark){svg{background:#0d1117}.h,.n{fill:#e6edf3}.b text{fill:#f0f6fc}
.c0 rect{fill:#8a5a12}.c1 rect{fill:#1f5f8b}.c2 rect{fill:#14705a}.c3 rect{fill:#83385f}.c4 rect{fill:#6d6110}.c5 rect{fill:#434b57}}
</style>
";
/// Classes of crates; the last one is for what has no crate.
const COLOURS: usize = 5;

/// Writes the picture.
pub(super) fn write(report: &Report, out: &mut dyn Write) -> io::Result<()> {
    let tree = FrameTree::of(report);
    let mut picture = FlamePicture { text: String::new(), y: MARGIN };
    let name = shorten(&printable(&report.program.name), 60);
    let totals = &report.totals;
    picture.line("h", &format!("{name}: allocated {}", size::exact(totals.allocated_bytes)));
    picture.graph(&tree, |own| own.allocated_bytes);
    match &report.peak {
        Some(peak) => {
            let accuracy = if peak.exact { "" } else { ", estimated" };
            let (bytes, time) = (size::exact(peak.net_bytes), size::age(peak.seconds));
            picture.line("h", &format!("{name}: live near the peak, after {time}, {bytes}{accuracy}"));
            picture.graph(&tree, |own| own.peak_bytes);
        }
        None => picture.line("n", "The heap at its peak is not recorded."),
    }
    let accuracy = if report.live.exact || report.live.tracked.is_none() { "" } else { ", estimated" };
    picture.line("h", &format!("{name}: live at the end {}{accuracy}", size::exact(totals.net_bytes)));
    picture.graph(&tree, |own| own.live_bytes);
    for note in notes(report) {
        picture.line("n", &note);
    }
    let height = picture.y + MARGIN;
    write!(
        out,
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {WIDTH} {height}\" width=\"{WIDTH}\" height=\"{height}\" \
         role=\"img\">\n<title>Memory of {}</title>\n{STYLE}{}</svg>\n",
        escaped(&name),
        picture.text
    )
}

struct FlamePicture {
    text: String,
    /// Upper end of the next line.
    y: f64,
}

impl FlamePicture {
    fn line(&mut self, class: &str, text: &str) {
        let columns = ((WIDTH - 2.0 * MARGIN) / LETTER) as usize;
        let text = escaped(&from_the_start(text, columns));
        let _ = writeln!(self.text, "<text class=\"{class}\" x=\"{MARGIN}\" y=\"{}\">{text}</text>", self.y + 14.0);
        self.y += 24.0;
    }

    /// Draws the tree, the largest callees first.
    fn graph(&mut self, tree: &FrameTree<'_>, figure: fn(&Amounts) -> u64) {
        let boxes = FlameBox::all(tree, figure);
        let roots = tree.nodes.iter().zip(&boxes).filter(|(node, _)| node.parent.is_none());
        let whole: u128 = roots.map(|(_, flame)| flame.total).sum();
        if whole == 0 {
            return self.line("n", "nothing");
        }
        let scale = (WIDTH - 2.0 * MARGIN) / whole as f64;
        let mut deepest = 0;
        let drawn = |(_, flame): &(usize, &FlameBox)| flame.total as f64 * scale >= NARROWEST && flame.depth < DEEPEST;
        let mut drawn: Vec<(usize, &FlameBox)> = boxes.iter().enumerate().filter(drawn).collect();
        if drawn.len() > MOST_BOXES {
            // A caller is at least as wide as its callees, and stands before them.
            sorted::by_key(&mut drawn, |(index, flame)| (Reverse(flame.total), *index));
            drawn.truncate(MOST_BOXES);
        }
        for (index, flame) in drawn {
            deepest = deepest.max(flame.depth);
            let place = (flame.start as f64 * scale, flame.depth as f64 * ROW, flame.total as f64 * scale);
            let frame = tree.nodes.get(index).map_or(0, |node| node.frame);
            self.draw(tree, frame, place, (flame.total, whole));
        }
        self.y += (deepest + 1) as f64 * ROW + 12.0;
    }

    fn draw(
        &mut self,
        tree: &FrameTree<'_>,
        frame: usize,
        (x, y, width): (f64, f64, f64),
        (bytes, whole): (u128, u128),
    ) {
        let Some(frame) = tree.frames.get(frame) else { return };
        let (x, y) = (MARGIN + x, self.y + y);
        let place = match (frame.file.as_str(), frame.line) {
            ("", _) => String::new(),
            (file, 0) => format!(" ({file})"),
            (file, line) => format!(" ({file}:{line})"),
        };
        let (bytes, whole) = (u64::try_from(bytes).unwrap_or(u64::MAX), u64::try_from(whole).unwrap_or(u64::MAX));
        let title = format!("{}{place}: {}, {}", frame.name, size::exact(bytes), size::share(bytes, whole));
        let _ = write!(
            self.text,
            "<g class=\"b c{}\"><title>{}</title><rect x=\"{x:.2}\" y=\"{y}\" width=\"{:.2}\" height=\"{}\" rx=\"2\"/>",
            colour(&frame.name),
            escaped(&from_the_start(&title, 400)),
            (width - 0.5).max(0.25),
            ROW - 1.0
        );
        let columns = ((width - 6.0) / LETTER) as usize;
        if columns >= 4 {
            // The end of a path says most, and the beginning of a remark.
            let is_remark = frame.name.starts_with('(');
            let name = if is_remark { from_the_start(&frame.name, columns) } else { shorten(&frame.name, columns) };
            let name = escaped(&name);
            let _ = write!(self.text, "<text x=\"{:.2}\" y=\"{:.1}\">{name}</text>", x + 3.0, y + 13.0);
        }
        self.text.push_str("</g>\n");
    }
}

/// A box: its bytes, its row, its place and that of its next callee, in bytes.
#[derive(Clone, Copy, Debug, Default)]
struct FlameBox {
    total: u128,
    depth: usize,
    start: u128,
    next: u128,
}

impl FlameBox {
    /// The boxes of all nodes. Every node stands behind its caller, so one pass each finds the depths and the sums.
    fn all(tree: &FrameTree<'_>, figure: fn(&Amounts) -> u64) -> Vec<Self> {
        let nodes = &tree.nodes;
        let mut boxes: Vec<Self> = Vec::with_capacity(nodes.len());
        for node in nodes {
            let depth = node.parent.and_then(|parent| boxes.get(parent)).map_or(0, |parent| parent.depth + 1);
            boxes.push(Self { total: u128::from(figure(&node.own)), depth, ..Self::default() });
        }
        for (index, node) in nodes.iter().enumerate().rev() {
            let total = boxes.get(index).map_or(0, |flame| flame.total);
            if let Some(parent) = node.parent.and_then(|parent| boxes.get_mut(parent)) {
                parent.total += total;
            }
        }
        let mut order: Vec<usize> = (0..nodes.len()).collect();
        sorted::by_key(&mut order, |index| boxes.get(*index).map(|flame| (flame.depth, Reverse(flame.total))));
        let mut next_root = 0;
        for index in order {
            let total = boxes.get(index).map_or(0, |flame| flame.total);
            let parent = nodes.get(index).and_then(|node| node.parent).and_then(|parent| boxes.get_mut(parent));
            let next = parent.map_or(&mut next_root, |parent| &mut parent.next);
            let start = *next;
            *next += total;
            if let Some(flame) = boxes.get_mut(index) {
                (flame.start, flame.next) = (start, start);
            }
        }
        boxes
    }
}

/// The number of a function's colour: one for each crate, as far as there are colours.
fn colour(name: &str) -> usize {
    let hash = |text: &str| text.bytes().fold(0_u32, |sum, byte| sum.wrapping_mul(31).wrapping_add(byte.into()));
    crate_of(name).map_or(COLOURS, |name| hash(name) as usize % COLOURS)
}

/// The beginning of a text in this many columns.
fn from_the_start(text: &str, columns: usize) -> String {
    if text.width() <= columns {
        return text.to_owned();
    }
    let mut left = columns.saturating_sub(1);
    let fits = |letter: &char| {
        let width = letter.width().unwrap_or(0);
        let fits = width <= left;
        left = left.saturating_sub(width);
        fits
    };
    text.chars().take_while(fits).chain(['…']).collect()
}

/// A printable text in XML.
fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

#[cfg(test)]
mod tests;
