//! Measurements: what a piece of a program does, on whichever threads, while other threads do other things.

pub(crate) mod by_address;
pub(crate) mod measurement;
pub(crate) mod workers;
