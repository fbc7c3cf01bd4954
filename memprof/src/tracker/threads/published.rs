//! The net of the process, its highest, and what it has allocated: the sums of what threads publish each time that theirs
//! have moved far enough.

use std::sync::atomic::Ordering::Relaxed;
use std::sync::atomic::{AtomicI64, AtomicU64};

/// The sum of what threads have published.
static NET: AtomicI64 = AtomicI64::new(0);
/// The highest that [`NET`] has stood.
static PEAK: AtomicI64 = AtomicI64::new(0);

/// The bytes allocated by what threads have published.
static ALLOCATED: AtomicU64 = AtomicU64::new(0);

/// The net of the process and the bytes that it has allocated, of what was published.
pub(crate) fn net_and_allocated() -> (i64, u64) {
    (NET.load(Relaxed), ALLOCATED.load(Relaxed))
}

/// The highest that the published net has stood.
pub(crate) fn peak() -> i64 {
    PEAK.load(Relaxed)
}

/// Publishes what a thread has allocated since it published last.
pub(crate) fn move_allocated(by: u64) {
    ALLOCATED.fetch_add(by, Relaxed);
}

/// Publishes that a thread's net has moved.
pub(crate) fn move_net(by: i64) {
    let net = NET.fetch_add(by, Relaxed).wrapping_add(by);
    if net > PEAK.load(Relaxed) {
        PEAK.fetch_max(net, Relaxed);
    }
}
