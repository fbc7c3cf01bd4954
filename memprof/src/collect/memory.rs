//! Memory for reports: the check that there is enough, and a reserve.
//!
//! A report consists of ordinary allocations, and a failed one ends the program with a wrong status. So memory is
//! checked before, and address space is reserved at the start, for a program that ends with no memory left.

use super::symbols;
use crate::Error;
use crate::os::memory::pages::{SetAside, are_there};
use crate::stack;
use crate::tracker::{self, every_node};
use std::cell::Cell;
use std::hint::black_box;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::Relaxed};

/// Size of the reserve: enough for a report of about three thousand call paths.
const SET_ASIDE: usize = 8 << 20;
/// Bytes that the program's allocator is always asked for: an exhausted allocator does not have them.
const AT_FIRST: usize = 16 << 10;
/// Bytes of a report without a call path.
const AT_LEAST: usize = 1 << 20;
/// Bytes of a call path's rows, twice: they are copied when they are written.
const FOR_EACH_PATH: usize = 2 << 10;
/// Bytes for the names of functions: the decompressed debug information, beside the program's file itself. (5 MB for a
/// file of 35 MB that is not compressed.)
const FOR_NAMES: usize = 32 << 20;
const FOR_NAMES_PER_BYTE_OF_FILE: usize = 2;

/// The memory for reports.
#[derive(Debug)]
pub(crate) struct ReportMemory {
    /// Never waited for: one report is made at a time, and a forked child does without it if its parent was making one.
    set_aside: Mutex<Option<SetAside>>,
    is_for_names: AtomicBool,
    /// True if the last report had to use the reserve.
    is_low: AtomicBool,
    /// Reports of the running program that were omitted.
    left_out: AtomicU64,
}

impl ReportMemory {
    pub(crate) fn new() -> Self {
        Self {
            set_aside: Mutex::new(SetAside::new(SET_ASIDE)),
            is_for_names: AtomicBool::new(true),
            is_low: AtomicBool::new(false),
            left_out: AtomicU64::new(0),
        }
    }

    /// As [`for_names`](Self::for_names), from the size of the debug information: it must be read for that.
    pub(crate) fn for_names_of_debug_information() -> u64 {
        let largest = Self::for_names() as u64;
        if largest == 0 { 0 } else { symbols::memory().unwrap_or(largest) }
    }

    /// Bytes for the names of stacks, beside the rest of a report: an estimate from the size of the program's file. 0:
    /// no stacks are captured.
    pub(crate) fn for_names() -> usize {
        if !stack::are_captured() {
            return 0;
        }
        let file = std::fs::metadata("/proc/self/exe").map_or(0, |file| file.len() as usize);
        file.saturating_mul(FOR_NAMES_PER_BYTE_OF_FILE).saturating_add(FOR_NAMES)
    }

    /// Ensures that a report can be made, from the reserve if necessary. `has_names`: the stacks in it get names.
    ///
    /// Asks the system, and the program's allocator only for a few bytes, because a larger block would be in the
    /// following peaks. The allocator is asked for the whole size if the system does not have enough, or if it has
    /// refused this size or less before.
    ///
    /// # Errors
    /// [`Error::OutOfMemory`]: a report cannot be made.
    pub(crate) fn prepare(&self, has_names: bool) -> Result<(), Error> {
        let paths = every_node().count();
        let rows = paths.saturating_mul(FOR_EACH_PATH).saturating_add(AT_LEAST);
        let names = if has_names { Self::for_names() } else { 0 };
        let all = rows.saturating_add(names);
        self.is_for_names.store(true, Relaxed);
        self.is_low.store(false, Relaxed);
        if are_there(all) && could_allocate(if tracker::has_refused(all) { all } else { AT_FIRST }) {
            return Ok(());
        }
        if let Ok(mut set_aside) = self.set_aside.try_lock() {
            *set_aside = None;
        }
        self.is_for_names.store(names == 0, Relaxed);
        self.is_low.store(true, Relaxed);
        if could_allocate(rows) { Ok(()) } else { Err(Error::OutOfMemory) }
    }

    /// True if there is enough memory for the names of stacks.
    pub(crate) fn is_for_names(&self) -> bool {
        self.is_for_names.load(Relaxed)
    }

    /// True if there is enough memory for the other formats of the last report, which take this many bytes.
    pub(crate) fn is_for_formats(&self, bytes: usize) -> bool {
        !self.is_low.load(Relaxed) && are_there(bytes) && could_allocate(bytes)
    }

    /// Refills the reserve that the last report has used.
    pub(crate) fn refill(&self) {
        if let Ok(mut set_aside) = self.set_aside.try_lock()
            && set_aside.is_none()
        {
            *set_aside = SetAside::new(SET_ASIDE);
        }
    }

    /// Notes that a report of the running program was omitted because there was no memory.
    pub(crate) fn leave_out(&self) {
        self.left_out.fetch_add(1, Relaxed);
    }

    /// Omitted reports.
    pub(crate) fn left_out(&self) -> u64 {
        self.left_out.load(Relaxed)
    }
}

thread_local! {
    /// True while this thread asks for memory that it can do without.
    static ASKING: Cell<bool> = const { Cell::new(false) };
}

/// True if the program's allocator has this many bytes, in one block or in many. They are counted like all others. A
/// failure ends no program, whatever `abort_on_oom` says.
fn could_allocate(bytes: usize) -> bool {
    const PART: usize = 64 * 1024;
    let take = |bytes: usize| {
        let mut block: Vec<u8> = Vec::new();
        let taken = block.try_reserve_exact(bytes).is_ok();
        taken.then(|| black_box(block))
    };
    let in_parts = || {
        let (mut parts, count) = (Vec::new(), bytes.div_ceil(PART));
        // Reserved for all of them: the list does not grow.
        parts.try_reserve_exact(count).is_ok() && (0..count).all(|_| take(PART).map(|part| parts.push(part)).is_some())
    };
    ASKING.set(true);
    let could = take(bytes).is_some() || in_parts();
    ASKING.set(false);
    could
}

/// True while this thread asks for memory that it can do without.
pub(crate) fn is_asking() -> bool {
    ASKING.get()
}
