//! The inner allocator, found by a probe, which shows that the tracker is the program's global allocator.

use super::thread;
use std::sync::atomic::AtomicPtr;
use std::sync::atomic::Ordering::{Acquire, Release};

/// Names the inner allocator. It is called when a report is written, never before.
pub(crate) type InnerName = fn() -> &'static str;

/// The inner allocator that a probe has found; null: none, the tracker is not installed.
static INNER_NAME: AtomicPtr<()> = AtomicPtr::new(std::ptr::null_mut());

/// The name of the inner allocator, if the tracker is the program's global allocator. Allocates one byte to find out.
pub(crate) fn inner_name() -> Option<&'static str> {
    thread::probe();
    let name = INNER_NAME.load(Acquire);
    if name.is_null() {
        return None;
    }
    // SAFETY: only `note_inner` stores here, and it stores such a function.
    let name = unsafe { std::mem::transmute::<*mut (), InnerName>(name) };
    Some(name())
}

/// True if the tracker is the program's global allocator. Allocates one byte to find out, once.
pub(crate) fn is_installed() -> bool {
    !INNER_NAME.load(Acquire).is_null() || inner_name().is_some()
}

pub(crate) fn note_inner(inner: InnerName) {
    INNER_NAME.store(inner as *mut (), Release);
}
