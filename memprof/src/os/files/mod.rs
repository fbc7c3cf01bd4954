//! Files: names that are taken only where they are free.

pub(crate) mod rename;
