//! Small pieces of memory that share a mapping: a process may have 65,530 mappings, and each thread needs three pieces.
//!
//! A region is a mapping, and a word with one bit for each of its granules. One compare-exchange of that word takes a
//! piece, so nobody waits, and a thread that is suspended in the middle holds nothing but its own piece. Regions are
//! never unmapped.

use super::{GRANULE, map, unmap};
use std::ptr::null_mut;
use std::sync::atomic::Ordering::{AcqRel, Acquire, Relaxed, Release};
use std::sync::atomic::{AtomicPtr, AtomicU64, AtomicUsize};

/// Size of the largest piece.
pub(super) const LARGEST: usize = 4 * GRANULE;
/// Granules of a region: one for each bit of a word. The first region is smaller: most programs have few threads.
const GRANULES: usize = 64;
const GRANULES_OF_FIRST: usize = 16;
/// 1 GiB of pieces, enough for 16,000 threads. Beyond that each piece is a mapping.
const REGIONS: usize = 1024;

struct Region {
    /// Null until the first piece is needed.
    start: AtomicPtr<u8>,
    taken: AtomicU64,
}

/// The regions in the order of their creation.
pub(super) struct Pool {
    regions: [Region; REGIONS],
    /// No region before this one had capacity at the last look.
    first: AtomicUsize,
}

impl Pool {
    pub(super) const fn new() -> Self {
        let regions = [const { Region { start: AtomicPtr::new(null_mut()), taken: AtomicU64::new(0) } }; REGIONS];
        Self { regions, first: AtomicUsize::new(0) }
    }

    /// A zeroed piece of this many bytes, a multiple of a granule. Null: it is too large, or there is no capacity left.
    pub(super) fn take(&self, bytes: usize) -> *mut u8 {
        let granules = bytes / GRANULE;
        if granules == 0 || bytes > LARGEST {
            return null_mut();
        }
        let first = self.first.load(Relaxed).min(REGIONS);
        for (number, region) in self.regions.iter().enumerate().skip(first) {
            let start = region.start(number);
            if start.is_null() {
                return null_mut();
            }
            if let Some(at) = region.take(granules, room_of(number)) {
                // A failed search for a single granule has found all regions before this one full.
                if granules == 1 && number > first {
                    let _ = self.first.compare_exchange(first, number, Relaxed, Relaxed);
                }
                // SAFETY: the granules are in the region.
                return unsafe { start.add(at * GRANULE) };
            }
        }
        null_mut()
    }

    /// Returns a piece to the pool. False: it does not belong to this pool.
    ///
    /// # Safety
    /// The piece was returned by `take` for the same bytes, is given back once, and nothing refers to it any more.
    pub(super) unsafe fn give_back(&self, piece: *mut u8, bytes: usize) -> bool {
        for (number, region) in self.regions.iter().enumerate() {
            let start = region.start.load(Acquire);
            if start.is_null() {
                return false;
            }
            let distance = piece.addr().wrapping_sub(start.addr());
            if distance < room_of(number) * GRANULE {
                // SAFETY: by the caller's contract.
                if unsafe { clear(piece, bytes) } {
                    // Release: the thread that takes it next finds it cleared.
                    region.taken.fetch_and(!(mask(bytes / GRANULE) << (distance / GRANULE)), Release);
                    self.first.fetch_min(number, Relaxed);
                }
                return true;
            }
        }
        false
    }
}

fn room_of(number: usize) -> usize {
    if number == 0 { GRANULES_OF_FIRST } else { GRANULES }
}

fn mask(granules: usize) -> u64 {
    (1 << granules) - 1
}

impl Region {
    /// Start of the region, which is mapped now if this has not happened yet. Null: the system has no memory.
    fn start(&self, number: usize) -> *mut u8 {
        let start = self.start.load(Acquire);
        if !start.is_null() {
            return start;
        }
        let bytes = room_of(number) * GRANULE;
        let made = map(bytes);
        if made.is_null() {
            return made;
        }
        match self.start.compare_exchange(null_mut(), made, AcqRel, Acquire) {
            Ok(_) => made,
            Err(theirs) => {
                // SAFETY: it was mapped above, and nobody else knows it.
                unsafe { unmap(made, bytes) };
                theirs
            }
        }
    }

    /// Takes this many adjacent granules. Returns the number of the first one.
    fn take(&self, granules: usize, room: usize) -> Option<usize> {
        let mut taken = self.taken.load(Relaxed);
        // Each failed exchange means that another thread has taken or returned a piece.
        loop {
            let at = (0..=room - granules).find(|at| taken & (mask(granules) << at) == 0)?;
            let with_it = taken | mask(granules) << at;
            match self.taken.compare_exchange_weak(taken, with_it, Acquire, Relaxed) {
                Ok(_) => return Some(at),
                Err(now) => taken = now,
            }
        }
    }
}

/// Zeroes the piece, and releases its memory if the system lets it. False: the address range may be unmapped now, so it
/// must not be used again.
///
/// # Safety
/// It is a piece of a mapping, and nothing refers to it any more.
#[cfg(all(any(target_os = "linux", target_os = "android"), not(miri)))]
unsafe fn clear(piece: *mut u8, bytes: usize) -> bool {
    let (access, kind) = (libc::PROT_READ | libc::PROT_WRITE, libc::MAP_PRIVATE | libc::MAP_ANON | libc::MAP_FIXED);
    // A new mapping instead of `MADV_DONTNEED`: that fails if the program has locked its memory, and tools that watch
    // memory, such as valgrind, do not know that it zeroes.
    // SAFETY: by the caller's contract: the mapping belongs to the pool, and nobody uses it.
    unsafe { libc::mmap(piece.cast(), bytes, access, kind, -1, 0) != libc::MAP_FAILED }
}

/// Zeroes the piece. True: it can be used again.
///
/// # Safety
/// As above.
#[cfg(not(all(any(target_os = "linux", target_os = "android"), not(miri))))]
unsafe fn clear(piece: *mut u8, bytes: usize) -> bool {
    // SAFETY: by the caller's contract.
    unsafe { piece.write_bytes(0, bytes) };
    true
}

#[cfg(test)]
mod tests {
    use super::*;

    fn is_zero(piece: *mut u8, bytes: usize) -> bool {
        // SAFETY: the piece has this many bytes.
        unsafe { std::slice::from_raw_parts(piece, bytes).iter().all(|&byte| byte == 0) }
    }

    #[test]
    fn pieces_are_apart_zeroed_and_used_again() {
        let pool = Pool::new();
        let mut pieces: Vec<(*mut u8, usize)> = Vec::new();
        for round in 0..200_usize {
            let bytes = (round % 4 + 1) * GRANULE;
            let piece = pool.take(bytes);
            assert!(!piece.is_null() && is_zero(piece, bytes));
            let end = |(start, bytes): (*mut u8, usize)| start.addr() + bytes;
            assert!(pieces.iter().all(|&other| end(other) <= piece.addr() || end((piece, bytes)) <= other.0.addr()));
            // SAFETY: it has this many bytes, and nobody else knows it.
            unsafe { piece.write_bytes(0xA5, bytes) };
            pieces.push((piece, bytes));
            if round % 3 == 0 {
                let (piece, bytes) = pieces.swap_remove(round * 7 % pieces.len());
                // SAFETY: it was taken above, and is given back once.
                assert!(unsafe { pool.give_back(piece, bytes) });
            }
        }
        let regions = pool.regions.iter().filter(|region| !region.start.load(Relaxed).is_null()).count();
        assert!(regions < 9, "{regions}");
        for (piece, bytes) in pieces {
            // SAFETY: as above.
            assert!(unsafe { pool.give_back(piece, bytes) });
        }
        assert!(pool.regions.iter().all(|region| region.taken.load(Relaxed) == 0));
    }

    #[test]
    fn what_is_too_large_or_anothers_is_not_the_pools() {
        let pool = Pool::new();
        assert!(pool.take(0).is_null() && pool.take(LARGEST + GRANULE).is_null());
        let mut others = [0_u8; 8];
        // SAFETY: it is not touched, because it does not belong to the pool.
        assert!(!unsafe { pool.give_back(others.as_mut_ptr(), GRANULE) });
    }

    #[test]
    fn threads_take_and_give_back_at_once() {
        static POOL: Pool = Pool::new();
        std::thread::scope(|scope| {
            for thread in 1..=4_u8 {
                scope.spawn(move || {
                    for round in 0..500_usize {
                        let bytes = (round % 4 + 1) * GRANULE;
                        let pieces = [POOL.take(bytes), POOL.take(GRANULE)];
                        for (piece, bytes) in pieces.into_iter().zip([bytes, GRANULE]) {
                            assert!(is_zero(piece, bytes));
                            // SAFETY: nobody else has it.
                            unsafe { piece.write_bytes(thread, bytes) };
                        }
                        for (piece, bytes) in pieces.into_iter().zip([bytes, GRANULE]) {
                            // SAFETY: as above; it is given back once.
                            unsafe {
                                let all = std::slice::from_raw_parts(piece, bytes);
                                assert!(all.iter().all(|&byte| byte == thread));
                                assert!(POOL.give_back(piece, bytes));
                            }
                        }
                    }
                });
            }
        });
        assert!(POOL.regions.iter().all(|region| region.taken.load(Relaxed) == 0));
    }
}
