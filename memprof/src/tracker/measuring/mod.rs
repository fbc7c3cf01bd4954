//! Measurements: the figures of one piece of a program on all threads that work for it, while other threads do other
//! things.

pub(crate) mod by_address;
pub(crate) mod measurement;
pub(crate) mod workers;
