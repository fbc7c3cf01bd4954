//! One call tree from the trees of all ledgers.

use crate::tracker::{CallSpread, Ledger, Node, Reading, Site, Snapshot, each_ledger, each_node};
use std::collections::HashMap;
use std::sync::atomic::Ordering::Relaxed;

/// One call path of the whole process. The first one is the root.
#[derive(Debug, Default)]
pub(super) struct Path {
    pub(super) site: Option<&'static Site>,
    /// Its caller; the root's is the root.
    pub(super) parent: usize,
    pub(super) reading: Reading,
    pub(super) panicked: u64,
    /// The highest peak of one call.
    pub(super) peak: Option<u64>,
    /// Calls that ended and are in no distribution.
    pub(super) unrecorded: u64,
    /// How calls are spread: of the whole site, on the ledgers where this path was its first one.
    pub(super) spreads: Vec<&'static CallSpread>,
}

/// The paths of all ledgers, merged: a path stands after its parent.
#[derive(Debug)]
pub(super) struct Paths {
    pub(super) all: Vec<Path>,
    /// Which path a ledger's node belongs to, by the node's address.
    pub(super) of_node: HashMap<usize, usize>,
}

impl Paths {
    /// A path and all above it, up to the root.
    pub(super) fn upwards(&self, index: usize) -> impl Iterator<Item = &Path> {
        let mut next = Some(index);
        std::iter::from_fn(move || {
            let at = next?;
            let path = self.all.get(at)?;
            // A parent stands before its child; the root is its own.
            next = (path.parent < at).then_some(path.parent);
            Some(path)
        })
    }
}

/// What one ledger read, and which one it is.
pub(super) struct LedgerSum {
    pub(super) ledger: &'static Ledger,
    pub(super) reading: Reading,
}

/// Merges what a snapshot has read. The second part is one sum for each ledger.
pub(super) fn merge(snapshot: &Snapshot) -> (Paths, Vec<LedgerSum>) {
    let mut paths = Paths { all: vec![Path::default()], of_node: HashMap::new() };
    let mut by_step: HashMap<(usize, usize), usize> = HashMap::new();
    let mut ledgers = Vec::new();
    for ledger in each_ledger() {
        let mut sum = Reading::default();
        // The newest stands first; read backwards, a parent comes before its children.
        let nodes: Vec<&'static Node> = each_node(ledger).collect();
        for node in nodes.into_iter().rev() {
            let reading = snapshot.reading(node);
            sum = sum.plus(&reading);
            let index = match (node.site(), node.parent()) {
                (Some(site), Some(parent)) => {
                    let site = site.in_reports();
                    let parent = paths.of_node.get(&address(parent)).copied().unwrap_or_default();
                    *by_step.entry((parent, address(site))).or_insert_with(|| {
                        paths.all.push(Path { site: Some(site), parent, ..Path::default() });
                        paths.all.len() - 1
                    })
                }
                _ => 0,
            };
            paths.of_node.insert(address(node), index);
            let Some(path) = paths.all.get_mut(index) else { continue };
            path.reading = path.reading.plus(&reading);
            path.unrecorded += node.unrecorded();
            path.spreads.extend(node.spread());
            path.panicked += node.panicked.load(Relaxed);
            path.peak = path.peak.max(node.peak_plus_one.load(Relaxed).checked_sub(1));
        }
        ledgers.push(LedgerSum { ledger, reading: sum });
    }
    (paths, ledgers)
}

/// Identity of what lives for ever.
pub(super) fn address<T>(thing: &'static T) -> usize {
    std::ptr::from_ref(thing).addr()
}
