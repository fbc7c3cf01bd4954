//! The sum of call trees.

use std::collections::{BTreeMap, HashMap};

use super::numbers::{add_fields, net};
use crate::report::data::CallTreeNode;

/// One row for each call path: a caller before its callees.
#[derive(Debug, Default)]
pub(super) struct TreeSum {
    rows: Vec<CallTreeNode>,
    /// Callees of each row, and of no function, by name.
    callees: HashMap<Option<u32>, BTreeMap<String, u32>>,
}

impl TreeSum {
    pub(super) fn add(&mut self, tree: &[CallTreeNode]) {
        // Rows here of the report's rows. A row whose caller does not stand before it is at the top.
        let mut known: HashMap<u32, u32> = HashMap::with_capacity(tree.len());
        for node in tree {
            let parent = node.parent.and_then(|parent| known.get(&parent).copied());
            let Some(id) = self.row_of(parent, &node.function) else { continue };
            known.insert(node.id, id);
            if let Some(row) = self.rows.get_mut(id as usize) {
                add_fields!(row, node, calls self_allocated_bytes self_allocated_count self_deallocated_bytes
                    self_deallocated_count reallocated_count grown_bytes copied_bytes);
            }
        }
    }

    /// `None`: there are more rows than numbers.
    fn row_of(&mut self, parent: Option<u32>, function: &str) -> Option<u32> {
        let callees = self.callees.entry(parent).or_default();
        if let Some(id) = callees.get(function) {
            return Some(*id);
        }
        let id = u32::try_from(self.rows.len()).ok()?;
        callees.insert(function.to_owned(), id);
        self.rows.push(CallTreeNode { id, parent, function: function.to_owned(), ..CallTreeNode::default() });
        Some(id)
    }

    /// The rows from the top, callees by name.
    pub(super) fn finish(mut self) -> Vec<CallTreeNode> {
        let mut rows = Vec::with_capacity(self.rows.len());
        let mut waiting: Vec<(Option<u32>, Option<u32>)> = vec![(None, None)];
        while let Some((old, parent)) = waiting.pop() {
            let id = rows.len() as u32;
            let row = old.and_then(|old| self.rows.get_mut(old as usize)).map(std::mem::take);
            let parent = match row {
                Some(row) => {
                    let self_net_bytes = net(row.self_allocated_bytes, row.self_deallocated_bytes);
                    rows.push(CallTreeNode { id, parent, self_net_bytes, ..row });
                    Some(id)
                }
                None => None,
            };
            // The last one pushed is taken next.
            let callees = self.callees.remove(&old).unwrap_or_default();
            waiting.extend(callees.into_values().rev().map(|callee| (Some(callee), parent)));
        }
        rows
    }
}
