//! Call paths: the sites of a program, the tree of nodes that each thread has of them, and what a node counts.

pub(crate) mod counters;
pub(crate) mod distribution;
pub(crate) mod limits;
pub(crate) mod node;
pub(crate) mod reading;
pub(crate) mod site;
pub(crate) mod tree;
