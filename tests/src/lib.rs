//! What the tests of memprof share. The tests themselves are in `tests/`, one process each.

mod block;
mod counting;
mod profile;
mod rows;

pub use block::Block;
pub use counting::{Counting, assert_stats_agree};
pub use profile::Profile;
pub use rows::{Flow, assert_rows_add_up, call_path, function, own, paths, total};
