//! The atomics that threads share. The loom models compile `slot`, `capacity`, `counting` and `choice` against loom's
//! instead.

pub(crate) use std::sync::atomic::Ordering::{AcqRel, Acquire, Relaxed, Release};
pub(crate) use std::sync::atomic::{AtomicI64, AtomicPtr, AtomicU8, AtomicU64, AtomicUsize};
