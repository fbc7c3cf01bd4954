//! The frames of a report as one tree: tracked functions by call path, and beneath them the stacks of live blocks. The
//! formats that show stacks are written from it, so their sums are the same.
//!
//! Exact counts belong to call paths, live bytes to the stacks beneath. The sum of all nodes equals the totals:
//!
//! | figure | nodes |
//! |---|---|
//! | allocated | call paths, and memory allocated outside tracked functions |
//! | live | groups; blocks from before the profile; blocks without a record |
//! | at the peak | groups; blocks from before the profile, or without a record. The sum is the net at that picture |
//!
//! Estimates of a sample that exceed the exact net of the process are scaled down to it.

use std::collections::HashMap;

use crate::report::data::{Frame, LiveGroup, PeakPicture, Report};
use crate::report::leaks::amount;
use crate::report::leaks::frames::{beneath_tracked, function};
use crate::report::name::{OUTSIDE, printable};

/// Live blocks that are older than the profile.
pub(super) const BEFORE: &str = "(before the profile started)";
/// Live blocks without a record: nothing is recorded, they did not fit into the live table, or the sample missed them.
pub(super) const NO_RECORD: &str = "(live blocks without a record)";

/// A function on a stack. Its texts are printable.
#[derive(Debug)]
pub(super) struct TreeFrame<'r> {
    pub(super) name: String,
    /// Source file; empty if it is unknown.
    pub(super) file: String,
    /// Line; 0 if it is unknown.
    pub(super) line: u32,
    /// Return address; 0 for tracked functions, which have none.
    pub(super) address: u64,
    /// File of the executable or library. `None` for tracked functions.
    pub(super) module: Option<&'r str>,
}

/// The end of one stack, with what was allocated exactly there.
#[derive(Debug)]
pub(super) struct TreeNode<'r> {
    /// Its caller, an earlier node.
    pub(super) parent: Option<usize>,
    pub(super) frame: usize,
    pub(super) own: Amounts,
    /// Innermost tracked function. `None` outside every tracked function.
    pub(super) function: Option<&'r str>,
    /// Verdict on the live blocks, if all of them have the same.
    pub(super) verdict: Option<&'r str>,
}

/// Figures of a node.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Amounts {
    pub(super) allocated_bytes: u64,
    pub(super) allocated_count: u64,
    pub(super) live_bytes: u64,
    pub(super) live_count: u64,
    pub(super) peak_bytes: u64,
    pub(super) peak_count: u64,
}

impl Amounts {
    pub(super) fn add(&mut self, other: &Self) {
        for (sum, more) in [
            (&mut self.allocated_bytes, other.allocated_bytes),
            (&mut self.allocated_count, other.allocated_count),
            (&mut self.live_bytes, other.live_bytes),
            (&mut self.live_count, other.live_count),
            (&mut self.peak_bytes, other.peak_bytes),
            (&mut self.peak_count, other.peak_count),
        ] {
            *sum = sum.saturating_add(more);
        }
    }

    pub(super) fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}

/// All frames of a report, and all stacks. Every node stands behind its caller.
#[derive(Debug, Default)]
pub(super) struct FrameTree<'r> {
    pub(super) frames: Vec<TreeFrame<'r>>,
    pub(super) nodes: Vec<TreeNode<'r>>,
    known_frames: HashMap<String, usize>,
    /// By the number of the caller plus 1 (0: none) and of the frame.
    known_nodes: HashMap<(usize, usize), usize>,
}

impl<'r> FrameTree<'r> {
    pub(super) fn of(report: &'r Report) -> Self {
        let mut tree = Self::default();
        let mut places: HashMap<&str, usize> = HashMap::new();
        for (index, row) in report.functions.iter().enumerate() {
            places.entry(&row.name).or_insert(index);
        }
        let place = |name: &str| {
            let row = places.get(name).and_then(|index| report.functions.get(*index));
            row.map_or(("", 0), |row| (row.file.as_str(), row.line))
        };
        let unattributed = &report.unattributed;
        let outside = tree.child(None, OUTSIDE, ("", 0), None);
        tree.add(
            outside,
            &Amounts {
                allocated_bytes: unattributed.self_allocated_bytes,
                allocated_count: unattributed.self_allocated_count,
                ..Amounts::default()
            },
        );
        // Rows of a report stand behind their callers. One that does not is shown without.
        let mut of_row = Vec::with_capacity(report.call_tree.len());
        for row in &report.call_tree {
            let parent = row.parent.and_then(|parent| of_row.get(parent as usize).copied());
            let node = tree.child(parent, &row.function, place(&row.function), Some(&row.function));
            let (allocated_bytes, allocated_count) = (row.self_allocated_bytes, row.self_allocated_count);
            tree.add(node, &Amounts { allocated_bytes, allocated_count, ..Amounts::default() });
            of_row.push(node);
        }
        tree.live(report, outside, &place);
        if let Some(peak) = &report.peak {
            tree.peak(peak, outside, &place);
        }
        tree
    }

    /// Adds the live blocks. Their sum is the net of the process.
    fn live(&mut self, report: &'r Report, outside: usize, place: &dyn Fn(&str) -> (&'r str, u32)) {
        let live = &report.live;
        let sizes = live.groups.iter().map(amount::bytes).chain([live.before_start_bytes]);
        let counts = live.groups.iter().map(|group| group.count).chain([live.before_start_count]);
        let mut bytes = NetShare::new(sizes.clone(), report.totals.net_bytes);
        let mut count = NetShare::new(counts.clone(), report.totals.net_count);
        let mut of = sizes.zip(counts).map(|(size, blocks)| Amounts {
            live_bytes: bytes.of(size),
            live_count: count.of(blocks),
            ..Amounts::default()
        });
        for (group, amounts) in live.groups.iter().zip(of.by_ref()) {
            let node = self.stack(group, outside, place);
            if let Some(node) = self.nodes.get_mut(node) {
                let is_first = node.own.live_bytes == 0 && node.own.live_count == 0;
                node.verdict = group.verdict.as_deref().filter(|verdict| is_first || node.verdict == Some(verdict));
            }
            self.add(node, &amounts);
        }
        let before = of.next().unwrap_or_default();
        drop(of);
        if !before.is_empty() {
            let node = self.child(Some(outside), BEFORE, ("", 0), None);
            self.add(node, &before);
        }
        let rest = Amounts { live_bytes: bytes.rest(), live_count: count.rest(), ..Amounts::default() };
        if !rest.is_empty() {
            let node = self.child(None, NO_RECORD, ("", 0), None);
            self.add(node, &rest);
        }
    }

    /// Adds the blocks at the peak. Their sum is the net at its picture.
    fn peak(&mut self, peak: &'r PeakPicture, outside: usize, place: &dyn Fn(&str) -> (&'r str, u32)) {
        let mut bytes = NetShare::new(peak.groups.iter().map(amount::bytes), peak.net_bytes);
        for group in &peak.groups {
            let node = self.stack(group, outside, place);
            let (peak_bytes, peak_count) = (bytes.of(amount::bytes(group)), group.count);
            self.add(node, &Amounts { peak_bytes, peak_count, ..Amounts::default() });
        }
        let rest = Amounts { peak_bytes: bytes.rest(), ..Amounts::default() };
        if !rest.is_empty() {
            let node = if peak.exact {
                self.child(Some(outside), BEFORE, ("", 0), None)
            } else {
                self.child(None, NO_RECORD, ("", 0), None)
            };
            self.add(node, &rest);
        }
    }

    /// The node of a group: its call path, and beneath it the stack.
    fn stack(&mut self, group: &'r LiveGroup, outside: usize, place: &dyn Fn(&str) -> (&'r str, u32)) -> usize {
        let mut node = None;
        for name in &group.path {
            node = Some(self.child(node, name, place(name), Some(name)));
        }
        let mut node = node.unwrap_or(outside);
        for frame in beneath_tracked(group).iter().rev() {
            node = self.child_of_stack(node, frame);
        }
        node
    }

    fn child_of_stack(&mut self, parent: usize, frame: &'r Frame) -> usize {
        let tracked = self.nodes.get(parent).and_then(|node| node.function);
        let place = (frame.file.as_deref().unwrap_or_default(), frame.line.unwrap_or_default());
        let node = self.child(Some(parent), &function(frame), place, tracked);
        let frame_of_node = self.nodes.get(node).map_or(0, |node| node.frame);
        if let Some(known) = self.frames.get_mut(frame_of_node)
            && known.module.is_none()
        {
            (known.address, known.module) = (frame.address, frame.module.as_deref().or(Some("")));
        }
        node
    }

    /// The callee of a node with this name and place, added if it is new.
    fn child(
        &mut self,
        parent: Option<usize>,
        name: &str,
        (file, line): (&str, u32),
        function: Option<&'r str>,
    ) -> usize {
        let (name, file) = (printable(name), printable(file));
        let is_named = !name.is_empty();
        let name = if is_named { name } else { "(no name)".to_owned() };
        let next = self.frames.len();
        // Printable texts have no line ends.
        let frame = *self.known_frames.entry(format!("{name}\n{file}\n{line}")).or_insert(next);
        if frame == next {
            self.frames.push(TreeFrame { name, file, line, address: 0, module: None });
        }
        let next = self.nodes.len();
        let node = *self.known_nodes.entry((parent.map_or(0, |parent| parent + 1), frame)).or_insert(next);
        if node == next {
            self.nodes.push(TreeNode { parent, frame, own: Amounts::default(), function, verdict: None });
        }
        node
    }

    fn add(&mut self, node: usize, amounts: &Amounts) {
        if let Some(node) = self.nodes.get_mut(node) {
            node.own.add(amounts);
        }
    }

    /// Frames of a node's stack, the innermost first.
    pub(super) fn frames_of(&self, node: usize) -> impl Iterator<Item = usize> {
        let first = self.nodes.get(node);
        std::iter::successors(first, |node| self.nodes.get(node.parent?)).map(|node| node.frame)
    }
}

/// Parts of an exact whole, scaled down if they exceed it.
struct NetShare {
    whole: u128,
    parts: u128,
    /// Sum of the parts so far.
    before: u128,
    /// Whole minus the shares so far.
    left: u128,
}

impl NetShare {
    fn new(parts: impl Iterator<Item = u64>, whole: i64) -> Self {
        let whole = whole.max(0) as u128;
        Self { whole, parts: parts.map(u128::from).sum(), before: 0, left: whole }
    }

    /// The share of the next part. Rounding errors do not add up.
    fn of(&mut self, part: u64) -> u64 {
        let before = self.before;
        self.before += u128::from(part);
        let share = if self.parts <= self.whole {
            u128::from(part)
        } else {
            // Only sizes that no machine has saturate.
            let upto = |parts: u128| parts.saturating_mul(self.whole) / self.parts;
            upto(self.before) - upto(before)
        };
        self.left = self.left.saturating_sub(share);
        share as u64
    }

    /// The part of the whole that is in no share.
    fn rest(&self) -> u64 {
        self.left as u64
    }
}
