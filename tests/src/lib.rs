//! Code shared by the tests of memprof. The tests themselves are in the folders beside this one; the programs that some
//! of them run are in `src/bin`.

mod block;
mod counting;
pub mod failing;
mod future;
mod profile;
pub mod program;
#[cfg(doctest)]
#[doc = include_str!("../../memprof/docs/recipes.md")]
pub mod recipes {}
pub mod rows;

pub use block::{Block, flash};
pub use counting::{Counting, assert_stats_agree, assert_stats_are};
pub use future::{pause, poll};
pub use profile::Profile;
pub use rows::{Flow, assert_rows_add_up, calls, flashes, function, own, paths, total};
