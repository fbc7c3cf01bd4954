//! Size of a site's futures, noted only for large ones.

use std::sync::atomic::AtomicUsize;
use std::sync::atomic::Ordering::Relaxed;

/// Size of a future from which on it is noted, bytes.
const LARGE: usize = 16 * 1024;

/// Size of a site's large futures, and their number.
#[derive(Debug)]
pub(crate) struct FutureSize {
    /// Size of the largest one; 0: there was none.
    bytes: AtomicUsize,
    alive: AtomicUsize,
    /// Highest number of them that were alive at once.
    most_alive: AtomicUsize,
}

impl FutureSize {
    pub(crate) const fn new() -> Self {
        Self { bytes: AtomicUsize::new(0), alive: AtomicUsize::new(0), most_alive: AtomicUsize::new(0) }
    }

    /// True if futures of this type are noted. Known to the compiler, so that others have no instruction for it.
    pub(crate) const fn is_noted<F>() -> bool {
        size_of::<F>() > LARGE
    }

    /// Notes that a large future was made.
    #[cold]
    pub(crate) fn begin(&self, bytes: usize) {
        self.bytes.fetch_max(bytes, Relaxed);
        let alive = self.alive.fetch_add(1, Relaxed).wrapping_add(1);
        self.most_alive.fetch_max(alive, Relaxed);
    }

    /// Notes that it is dropped.
    #[cold]
    pub(crate) fn end(&self) {
        self.alive.fetch_sub(1, Relaxed);
    }

    /// Size of the largest one in bytes, how many are alive, and how many were at once. `None`: there was none.
    pub(crate) fn read(&self) -> Option<(u64, u64, u64)> {
        let [bytes, alive, most] =
            [&self.bytes, &self.alive, &self.most_alive].map(|figure| figure.load(Relaxed) as u64);
        (bytes > 0).then_some((bytes, alive, most.max(alive)))
    }
}
