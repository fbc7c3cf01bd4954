//! Files: names that are taken only where they are free, and files that are read again and again.

#[cfg(any(target_os = "linux", target_os = "android"))]
pub(crate) mod kept;
pub(crate) mod rename;
