//! The published net of the process, its peak, and its allocated bytes: the sums of the amounts that threads publish
//! when their own have moved far enough.

use std::sync::atomic::Ordering::Relaxed;
use std::sync::atomic::{AtomicI64, AtomicU64};

/// The sum of the published nets of all threads.
static NET: AtomicI64 = AtomicI64::new(0);
/// The highest value of [`NET`].
static PEAK: AtomicI64 = AtomicI64::new(0);

/// The sum of the published allocated bytes of all threads.
static ALLOCATED: AtomicU64 = AtomicU64::new(0);

/// The published net and allocated bytes of the process.
pub(crate) fn net_and_allocated() -> (i64, u64) {
    (NET.load(Relaxed), ALLOCATED.load(Relaxed))
}

/// The highest published net.
pub(crate) fn peak() -> i64 {
    PEAK.load(Relaxed)
}

/// Publishes the bytes that a thread has allocated since it last published.
pub(crate) fn move_allocated(by: u64) {
    ALLOCATED.fetch_add(by, Relaxed);
}

/// Publishes a change of a thread's net.
pub(crate) fn move_net(by: i64) {
    let net = NET.fetch_add(by, Relaxed).wrapping_add(by);
    if net > PEAK.load(Relaxed) {
        PEAK.fetch_max(net, Relaxed);
    }
}
