//! The atomics that threads share. The loom models compile `slot`, `capacity`, `share`, `counting` and `choice` against
//! loom's instead.

pub(crate) use std::sync::atomic::Ordering::{AcqRel, Acquire, Relaxed, Release, SeqCst};
pub(crate) use std::sync::atomic::{
    AtomicBool, AtomicI8, AtomicI64, AtomicPtr, AtomicU8, AtomicU64, AtomicUsize, fence,
};
