//! The tests of memprof are in `tests/`, one process each. The programs that some of them run are in `src/bin`.

pub mod program;
pub mod rows;
