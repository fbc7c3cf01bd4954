//! One call tree, merged from the trees of all ledgers.

use crate::tracker::{CallSpread, Ledger, Node, Reading, Site, Snapshot, each_ledger, each_node, site_in_reports};
use std::collections::HashMap;

/// One call path of the whole process. The first one is the root.
#[derive(Debug, Default)]
pub(crate) struct MergedPath {
    pub(crate) site: Option<&'static Site>,
    /// Index of its caller; the root's is the root.
    pub(crate) parent: usize,
    pub(crate) reading: Reading,
    pub(crate) panicked: u64,
    /// Highest peak of one call.
    pub(crate) peak: Option<u64>,
    /// Ended calls that are in no distribution.
    pub(crate) unrecorded: u64,
    /// Call distributions of the whole site, from the ledgers where this path was its first one.
    pub(crate) spreads: Vec<&'static CallSpread>,
}

/// The merged paths of all ledgers: a path stands after its parent.
#[derive(Debug)]
pub(crate) struct Paths {
    pub(crate) all: Vec<MergedPath>,
    /// Index of the path of a ledger's node, by the node's address.
    pub(crate) of_node: HashMap<usize, usize>,
}

impl Paths {
    /// A path and its ancestors, up to the root.
    pub(crate) fn upwards(&self, index: usize) -> impl Iterator<Item = &MergedPath> {
        let mut next = Some(index);
        std::iter::from_fn(move || {
            let at = next?;
            let path = self.all.get(at)?;
            // A parent stands before its child; the root is its own parent.
            next = (path.parent < at).then_some(path.parent);
            Some(path)
        })
    }

    /// Children of each path, in the order of their first calls.
    pub(crate) fn children(&self) -> Vec<Vec<usize>> {
        let mut children: Vec<Vec<usize>> = vec![Vec::new(); self.all.len()];
        for (index, path) in self.all.iter().enumerate().skip(1) {
            if let Some(siblings) = children.get_mut(path.parent) {
                siblings.push(index);
            }
        }
        children
    }

    /// Readings of each path including everything beneath it, in one pass, however deep the tree is.
    pub(crate) fn with_all_beneath(&self) -> Vec<Reading> {
        let mut sums: Vec<Reading> = self.all.iter().map(|path| path.reading).collect();
        // Backwards, a path is complete when it is added to its caller.
        for (index, path) in self.all.iter().enumerate().skip(1).rev() {
            let sum = sums.get(index).copied().unwrap_or_default();
            if let Some(above) = sums.get_mut(path.parent) {
                *above = above.plus(&sum);
            }
        }
        sums
    }

    /// Paths without an ancestor of the same site. Their subtrees do not overlap for one site. Nearly all paths are
    /// such, because recursion folds, except calls within a function's own measurement.
    pub(crate) fn outermost(&self) -> Vec<usize> {
        let children = self.children();
        let mut outermost = Vec::new();
        // Number of open paths of each site during the walk.
        let mut open: HashMap<usize, usize> = HashMap::new();
        let mut waiting = vec![WalkStep::Down(0)];
        while let Some(step) = waiting.pop() {
            let (WalkStep::Down(index) | WalkStep::Up(index)) = step;
            let Some(path) = self.all.get(index) else { continue };
            let within = path.site.map(|site| open.entry(address(site)).or_default());
            match step {
                WalkStep::Down(_) => {
                    if let Some(within) = within {
                        if *within == 0 {
                            outermost.push(index);
                        }
                        *within += 1;
                    }
                    waiting.push(WalkStep::Up(index));
                    waiting.extend(children.get(index).into_iter().flatten().map(|&child| WalkStep::Down(child)));
                }
                WalkStep::Up(_) => {
                    if let Some(within) = within {
                        *within = within.saturating_sub(1);
                    }
                }
            }
        }
        outermost
    }
}

/// Step of a walk through the call tree.
enum WalkStep {
    Down(usize),
    /// Everything beneath it has been visited.
    Up(usize),
}

/// Reading of one ledger, and its identity.
pub(crate) struct LedgerSum {
    pub(crate) ledger: &'static Ledger,
    pub(crate) reading: Reading,
}

/// Merges the readings of a snapshot. Also returns one sum for each ledger.
pub(crate) fn merge(snapshot: &Snapshot) -> (Paths, Vec<LedgerSum>) {
    let mut paths = Paths { all: vec![MergedPath::default()], of_node: HashMap::new() };
    let mut by_step: HashMap<(usize, usize), usize> = HashMap::new();
    let mut ledgers = Vec::new();
    for ledger in each_ledger() {
        let mut sum = Reading::default();
        // The newest node stands first; read backwards, a parent comes before its children.
        let nodes: Vec<&'static Node> = each_node(ledger).collect();
        for node in nodes.into_iter().rev() {
            let reading = snapshot.reading(node);
            sum = sum.plus(&reading);
            let index = match (node.site(), node.parent()) {
                (Some(site), Some(parent)) => {
                    let site = site_in_reports(site);
                    let parent = paths.of_node.get(&address(parent)).copied().unwrap_or_default();
                    *by_step.entry((parent, address(site))).or_insert_with(|| {
                        paths.all.push(MergedPath { site: Some(site), parent, ..MergedPath::default() });
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
            path.panicked += node.panicked();
            path.peak = path.peak.max(node.peak());
        }
        ledgers.push(LedgerSum { ledger, reading: sum });
    }
    (paths, ledgers)
}

/// Identity of a static value.
pub(crate) fn address<T>(thing: &'static T) -> usize {
    std::ptr::from_ref(thing).addr()
}

#[cfg(test)]
mod tests {
    use super::*;

    static A: Site = Site::named("a", "", 0);
    static B: Site = Site::named("b", "", 0);

    /// The paths `a`, `a → b`, `a → b → a` and `b`, called 1, 2, 3 and 4 times.
    fn paths() -> Paths {
        let path = |site, parent, count| {
            let mut path = MergedPath { site, parent, ..MergedPath::default() };
            path.reading.calls = count;
            path
        };
        let all = vec![
            path(None, 0, 0),
            path(Some(&A), 0, 1),
            path(Some(&B), 1, 2),
            path(Some(&A), 2, 3),
            path(Some(&B), 0, 4),
        ];
        Paths { all, of_node: HashMap::new() }
    }

    #[test]
    fn what_is_beneath_two_paths_of_one_site_is_beneath_the_outer_one() {
        let paths = paths();
        let mut outermost = paths.outermost();
        outermost.sort_unstable();
        assert_eq!(outermost, [1, 2, 4]);
        let beneath = paths.with_all_beneath();
        let total = |site: &'static Site| -> u64 {
            let its_own = |&&index: &&usize| paths.all[index].site.is_some_and(|other| std::ptr::eq(other, site));
            outermost.iter().filter(its_own).map(|&index| beneath[index].calls).sum()
        };
        assert_eq!((total(&A), total(&B)), (1 + 2 + 3, 2 + 3 + 4));
    }

    #[test]
    fn a_tree_as_deep_as_it_may_be_is_walked() {
        let deep = 16 * 1024;
        let path =
            |index: usize| MergedPath { site: Some(&A), parent: index.saturating_sub(1), ..MergedPath::default() };
        let paths = Paths { all: (0..deep).map(path).collect(), of_node: HashMap::new() };
        assert_eq!(paths.outermost(), [0]);
    }
}
