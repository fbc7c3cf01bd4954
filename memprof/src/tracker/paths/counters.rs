//! The four counters of a node, and the rule by which other threads read them.
//!
//! One thread writes, with a plain load and store each: no read-modify-write, no shared cache line. Others read in two
//! passes: every `deallocated` of every node first (Acquire), then every `allocated`. A free is counted (Release)
//! before the block is deallocated, and its allocation was counted before the block was handed out. So a thread that
//! sees the free sees the allocation, and allocated ≥ deallocated in every snapshot.
//!
//! `tests/models/loom` compiles this very file against loom's atomics.

use crate::tracker::sync::{Acquire, AtomicU64, Relaxed, Release, add};

/// Bytes and blocks in one direction.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Flow {
    pub(crate) bytes: u64,
    pub(crate) count: u64,
}

impl Flow {
    pub(crate) fn plus(self, other: Flow) -> Flow {
        Flow { bytes: self.bytes.wrapping_add(other.bytes), count: self.count.wrapping_add(other.count) }
    }

    pub(crate) fn minus(self, other: Flow) -> Flow {
        Flow { bytes: self.bytes.wrapping_sub(other.bytes), count: self.count.wrapping_sub(other.count) }
    }
}

/// Bytes and blocks allocated and deallocated in one node.
#[repr(C)]
#[derive(Debug)]
pub(crate) struct Counters {
    pub(crate) allocated_bytes: AtomicU64,
    pub(crate) allocated_count: AtomicU64,
    pub(crate) deallocated_bytes: AtomicU64,
    pub(crate) deallocated_count: AtomicU64,
}

impl Counters {
    /// Counts an allocation; the owner alone calls this.
    #[inline(always)]
    pub(crate) fn allocated(&self, bytes: u64) {
        add!(self, Counters, allocated_bytes, bytes, Relaxed);
        add!(self, Counters, allocated_count, 1, Relaxed);
    }

    /// Counts a free, before the block is deallocated; the owner alone calls this.
    #[inline(always)]
    pub(crate) fn deallocated(&self, bytes: u64) {
        add!(self, Counters, deallocated_bytes, bytes, Release);
        add!(self, Counters, deallocated_count, 1, Release);
    }

    /// As [`allocated`](Self::allocated), by any thread.
    pub(crate) fn allocated_shared(&self, bytes: u64) {
        self.allocated_bytes.fetch_add(bytes, Relaxed);
        self.allocated_count.fetch_add(1, Relaxed);
    }

    /// As [`deallocated`](Self::deallocated), by any thread.
    pub(crate) fn deallocated_shared(&self, bytes: u64) {
        self.deallocated_bytes.fetch_add(bytes, Release);
        self.deallocated_count.fetch_add(1, Release);
    }

    /// Adds bytes and blocks, each as allocated or, if negative, as deallocated; the owner alone calls this.
    pub(crate) fn add(&self, bytes: i64, count: i64) {
        add!(self, Counters, allocated_bytes, allocated_part(bytes), Relaxed);
        add!(self, Counters, allocated_count, allocated_part(count), Relaxed);
        add!(self, Counters, deallocated_bytes, deallocated_part(bytes), Release);
        add!(self, Counters, deallocated_count, deallocated_part(count), Release);
    }

    /// Adds bytes and blocks, each as allocated or, if negative, as deallocated; by any thread.
    pub(crate) fn add_shared(&self, bytes: i64, count: i64) {
        self.allocated_bytes.fetch_add(allocated_part(bytes), Relaxed);
        self.allocated_count.fetch_add(allocated_part(count), Relaxed);
        self.deallocated_bytes.fetch_add(deallocated_part(bytes), Release);
        self.deallocated_count.fetch_add(deallocated_part(count), Release);
    }

    /// The first pass of a snapshot.
    pub(crate) fn read_deallocated(&self) -> Flow {
        Flow { bytes: self.deallocated_bytes.load(Acquire), count: self.deallocated_count.load(Acquire) }
    }

    /// The second pass of a snapshot.
    pub(crate) fn read_allocated(&self) -> Flow {
        Flow { bytes: self.allocated_bytes.load(Relaxed), count: self.allocated_count.load(Relaxed) }
    }
}

/// The part of a signed figure that counts as allocated.
pub(crate) fn allocated_part(figure: i64) -> u64 {
    figure.max(0) as u64
}

/// The part of a signed figure that counts as deallocated.
pub(crate) fn deallocated_part(figure: i64) -> u64 {
    figure.min(0).unsigned_abs()
}
