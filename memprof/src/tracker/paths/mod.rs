//! Call paths: the sites of a program, the tree of nodes that each thread has for them, and the counters of a node.

pub(crate) mod counters;
pub(crate) mod distribution;
pub(crate) mod edges;
pub(crate) mod future_size;
pub(crate) mod items;
pub(crate) mod limits;
pub(crate) mod node;
pub(crate) mod node_memory;
pub(crate) mod owner_counter;
pub(crate) mod reading;
pub(crate) mod site;
pub(crate) mod tree;
