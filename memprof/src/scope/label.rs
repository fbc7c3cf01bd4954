//! Labels: keys and values that work carries.

use super::future::{Enter, InWork};
use crate::tracker::{LabelGuard, LabelId};
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};

/// Runs `work` with a label: the report has its memory in a row of `labels`, by key and value.
///
/// For figures that functions do not have: by collection, tenant, route, kind of job. A label says nothing about
/// functions, whose rows stay as they are.
///
/// ```
/// # #[global_allocator]
/// # static ALLOC: memprof::AllocationTracker = memprof::AllocationTracker::system();
/// # let mut config = memprof::Config::default();
/// # config.memory_profiling.dump_on_exit = false;
/// let profiler = memprof::Profiler::start(config)?;
/// let index = memprof::labelled("collection", "docs", || vec![0_u64; 1_000]);
/// let report = profiler.report();
/// let row = &report.labels[0];
/// assert_eq!((row.key.as_str(), row.value.as_str(), row.calls), ("collection", "docs", 1));
/// assert_eq!((row.allocated_bytes, row.retained_bytes), (8_000, Some(8_000)));
/// # drop(index);
/// # Ok::<(), memprof::Error>(())
/// ```
///
/// Labels of different keys add to each other: work within `labelled("tenant", …)` and `labelled("collection", …)`
/// counts in a row of each. Within another value of the same key, the inner one counts. A [`Context`](crate::Context)
/// that is captured in the work carries its labels to other threads and tasks.
///
/// # Figures
///
/// Allocated and deallocated bytes are those of the work, on all its threads: to the byte once they have left it. While
/// they are in it, each may be missing less than 64 KB. `retained_bytes` are the live bytes that the work allocated,
/// whoever frees them.
///
/// # Limits
///
/// At most 8 keys, `max_label_values` values for each (64), and 128 bytes for each text. Values beyond that count in
/// the row `other` of their key. A label with a key beyond that counts nowhere, and a warning says so.
///
/// # Cost
///
/// | in instructions (x86_64) | |
/// |---|---|
/// | enter and leave, as a tracked call | about 120 |
/// | within another label | about 170 |
/// | a text of 36 bytes, for all beyond 16 | about 230 more |
/// | a recorded allocation in the work, without stacks | about 30 more |
/// | bytes that were allocated or freed since the last entry or exit | 20 more, and 15 for each label of the work |
///
/// Each key takes 48 KiB of address space, and the sets of labels 512 KiB, which become resident as far as they are
/// used. Nothing here allocates or panics. A text that is used for the first time waits, at most half a second, while
/// another thread enters one.
///
/// # Panics
/// If `work` panics; the label is left then, too.
#[inline]
pub fn labelled<R>(key: &str, value: &str, work: impl FnOnce() -> R) -> R {
    let _entered = LabelGuard::begin(key, value);
    work()
}

/// A label for futures; see [`labelled`].
///
/// ```
/// # async fn search() {}
/// # let runtime = tokio::runtime::Runtime::new()?;
/// # runtime.block_on(async {
/// tokio::spawn(memprof::label("collection", "docs").wrap_future(search())).await.unwrap();
/// # });
/// # Ok::<(), std::io::Error>(())
/// ```
#[inline]
pub fn label(key: &str, value: &str) -> Label {
    Label(LabelId::of(key, value))
}

/// A label for futures, made by [`label`].
#[derive(Clone, Debug)]
pub struct Label(Option<LabelId>);

impl Label {
    /// A future that has the label while it is polled and dropped, on whichever threads that happens. It counts as one
    /// call, from its first poll on. Labels of the work that makes it are carried by a
    /// [`Context`](crate::Context::with_label) instead.
    ///
    /// The future grows by at most 16 bytes and is neither boxed nor allocated.
    #[inline]
    pub fn wrap_future<F: Future>(&self, future: F) -> impl Future<Output = F::Output> + use<F> {
        InWork::new(FutureLabel { label: self.0, is_counted: AtomicBool::new(false) }, future)
    }
}

/// The label of a future.
#[derive(Debug)]
struct FutureLabel {
    label: Option<LabelId>,
    is_counted: AtomicBool,
}

impl Enter for FutureLabel {
    type Guard = Option<LabelGuard>;

    #[inline]
    fn enter(&self) -> Self::Guard {
        LabelGuard::enter(self.label?)
    }

    #[inline]
    fn enter_to_poll(&self) -> Self::Guard {
        let label = self.label?;
        // One thread at a time polls a future.
        if !self.is_counted.load(Relaxed) {
            self.is_counted.store(true, Relaxed);
            label.count_call();
        }
        self.enter()
    }
}
