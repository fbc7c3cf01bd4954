//! The tests of memprof are in `tests/`, one process each.
