//! A thread's share of the table's capacity, so that threads that record do not all change one word.
//!
//! Capacity is in one of three places: the table's word (see `capacity`), a share, or a record. It passes from one to
//! another, and their sum is always the maximum number of records. So there are never more records than that, and what
//! lies in shares is counted as records that are not listed: frees never ask a filter while a share is open.
//!
//! ```text
//!               the table has plenty                   record made / block freed
//!     closed ─────────────────────────► open, 0 to 127 ─────────────────────────► 1 less / 1 more
//!        ▲                                   │
//!        └───────────────────────────────────┘ the table is full or a sample; the thread has ended
//! ```
//!
//! A closed share has no capacity: each record and each free of its thread changes the table's word. So a table that
//! fills up takes all shares back before it is found full, and no capacity is left in the share of a thread that waits.
//!
//! `tests/models/loom` compiles this very file against loom's atomics.

use crate::live::sync::{Acquire, AtomicBool, AtomicI8, AtomicPtr, AtomicUsize, Relaxed, Release};

/// The word of a closed share. A thread, and signal handlers within it, may just be adding to or taking from it.
pub(super) const CLOSED: i8 = -48;
/// The largest distance from [`CLOSED`] of the word of a closed share. Beneath are shares of 128 and more: bytes wrap.
pub(super) const NEAR: i8 = 16;
/// Capacity that a share returns to the table when it has more than 127.
pub(super) const TOO_MUCH: i8 = 64;

/// One thread's share. Only its thread takes from it and adds to it; any thread may close it.
///
/// PERF: a byte, so that the sign of the sum tells a free both that there is too much and that the share is closed.
#[derive(Debug)]
pub(crate) struct Share {
    pub(super) word: AtomicI8,
    pub(super) is_listed: AtomicBool,
    pub(super) next: AtomicPtr<Share>,
}

/// All shares that have ever been open, and the number of those that are.
#[derive(Debug)]
pub(crate) struct Shares {
    pub(super) head: AtomicPtr<Share>,
    pub(super) open: AtomicUsize,
}

/// The capacity in a share.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct ShareReading {
    pub(super) is_open: bool,
    /// Below 0 while the thread is finding out that there is none.
    pub(super) left: i64,
}

impl ShareReading {
    pub(super) fn of(word: i8) -> Self {
        let from_closed = i64::from(word) - i64::from(CLOSED);
        if from_closed.abs() < i64::from(NEAR) {
            Self { is_open: false, left: from_closed }
        } else if word < CLOSED {
            Self { is_open: true, left: i64::from(word as u8) }
        } else {
            Self { is_open: true, left: i64::from(word) }
        }
    }
}

impl Share {
    /// Takes capacity for one record. False: there is none; end it with [`not_taken`](Self::not_taken). PERF: not here,
    /// or the path of an allocation would have an instruction for it.
    #[inline(always)]
    pub(crate) fn take(&self) -> bool {
        // Relaxed: what the thread must see when it takes capacity, it has seen when the capacity came into its share.
        self.word.fetch_sub(1, Relaxed) > 0
    }

    /// Ends a [`take`](Self::take) that returned false.
    pub(crate) fn not_taken(&self) {
        self.word.fetch_add(1, Relaxed);
    }

    /// Adds the capacity of one record. False: it has too much, or is closed; continue with
    /// [`give_up`](Self::give_up).
    #[inline(always)]
    pub(super) fn add(&self) -> bool {
        self.word.fetch_add(1, Relaxed).wrapping_add(1) >= 0
    }

    /// The capacity to pass on to the table after an [`add`](Self::add) that returned false.
    pub(super) fn give_up(&self) -> i64 {
        let less = |word: i8| {
            let reading = ShareReading::of(word);
            (reading.is_open && reading.left > i64::from(TOO_MUCH)).then(|| word.wrapping_sub(TOO_MUCH))
        };
        match self.word.fetch_update(Relaxed, Relaxed, less) {
            Ok(_) => i64::from(TOO_MUCH),
            Err(word) if !ShareReading::of(word).is_open => self.drain(),
            Err(_) => 0,
        }
    }

    /// Takes what a closed share has: closing it may have come between a failed [`take`](Self::take) and its end.
    pub(super) fn drain(&self) -> i64 {
        let empty = |word: i8| {
            let reading = ShareReading::of(word);
            (!reading.is_open && reading.left != 0).then_some(CLOSED)
        };
        self.word.fetch_update(Relaxed, Relaxed, empty).map_or(0, |word| ShareReading::of(word).left)
    }

    /// Opens it with this capacity, or adds to it. Returns if it was closed; `None`: it has enough.
    fn open(&self, more: i8) -> Option<bool> {
        let opened = |word: i8| match ShareReading::of(word) {
            ShareReading { is_open: false, .. } => Some(word.wrapping_sub(CLOSED).wrapping_add(more)),
            ShareReading { left, .. } if left < i64::from(TOO_MUCH) => Some(word.wrapping_add(more)),
            ShareReading { .. } => None,
        };
        let before = self.word.fetch_update(Relaxed, Relaxed, opened).ok()?;
        Some(!ShareReading::of(before).is_open)
    }

    pub(super) fn look(&self) -> ShareReading {
        ShareReading::of(self.word.load(Relaxed))
    }
}

impl Shares {
    /// Opens a share with this capacity, or adds to it. Returns the capacity that it has taken.
    pub(super) fn open(&self, share: &'static Share, more: i8) -> i64 {
        self.list(share);
        // Before it is open, so that the number is never too small.
        self.open.fetch_add(1, Relaxed);
        let opened = share.open(more);
        if opened != Some(true) {
            self.open.fetch_sub(1, Relaxed);
        }
        if opened.is_some() { i64::from(more) } else { 0 }
    }

    /// Lists a share, once; before it is opened.
    fn list(&self, share: &'static Share) {
        if share.is_listed.swap(true, Relaxed) {
            return;
        }
        let this = std::ptr::from_ref(share).cast_mut();
        let add = |head| {
            share.next.store(head, Relaxed);
            Some(this)
        };
        // Release: whoever finds the share sees the next one.
        let _ = self.head.fetch_update(Release, Relaxed, add);
    }

    /// All shares that have ever been open.
    pub(super) fn each(&self) -> impl Iterator<Item = &'static Share> {
        // SAFETY: only `list` stores here and in `next`, and it stores shares that live forever.
        let share = |share: *mut Share| unsafe { share.as_ref::<'static>() };
        std::iter::successors(share(self.head.load(Acquire)), move |listed| share(listed.next.load(Relaxed)))
    }

    /// Closes a share, and returns what it had.
    pub(super) fn close(&self, share: &Share) -> i64 {
        let reading = ShareReading::of(share.word.swap(CLOSED, Relaxed));
        if reading.is_open {
            self.open.fetch_sub(1, Relaxed);
        }
        reading.left
    }

    /// True if a share may be open.
    pub(super) fn is_any_open(&self) -> bool {
        self.open.load(Relaxed) > 0
    }

    /// In a forked child, which has one thread and has closed all shares.
    pub(super) fn none_is_open(&self) {
        self.open.store(0, Relaxed);
    }
}
