//! Meters: the memory of one piece of work.

use super::future::{Enter, InWork};
use crate::tracker::{Carried, MeterGuard};

/// The memory of one piece of work, such as a query or a job, on whichever threads and tasks it runs.
///
/// A meter counts what happens in [`run`](Self::run) and in the polls and the drop of a future of
/// [`wrap_future`](Self::wrap_future). It may be entered on many threads at once. A [`Context`](crate::Context) that is
/// captured in metered work carries the meter to other threads and tasks:
///
/// ```
/// use memprof::{Context, Meter};
/// # #[global_allocator]
/// # static ALLOC: memprof::AllocationTracker = memprof::AllocationTracker::system();
///
/// let meter = Meter::new();
/// let rows = meter.run(|| {
///     let here = Context::current();
///     let half = std::thread::spawn(here.wrap(|| vec![7_u64; 1_000]));
///     let mut rows = vec![7_u64; 1_000];
///     rows.extend(half.join().unwrap());
///     rows
/// });
/// assert!(meter.allocated() >= 32_000); // Two halves, and the whole.
/// assert!(meter.net() >= 16_000 && meter.peak() >= 16_000);
/// assert!(meter.is_over(10_000) && !meter.is_over(64 << 20));
/// # drop(rows);
/// ```
///
/// # Cancelling a query
///
/// [`is_over`](Self::is_over) tells the work itself, or the service around it, that it takes too much:
///
/// ```
/// use memprof::Meter;
///
/// fn search(words: &[&str], meter: &Meter) -> Result<Vec<String>, &'static str> {
///     let mut found = Vec::new();
///     for word in words {
///         if meter.is_over(64 << 20) {
///             return Err("the query takes more than 64 MB");
///         }
///         found.push(word.to_uppercase());
///     }
///     Ok(found)
/// }
///
/// let meter = Meter::new();
/// assert_eq!(meter.run(|| search(&["a"], &meter)), Ok(vec!["A".to_owned()]));
/// ```
///
/// A service that refuses such a query and goes on serving: see the recipe
/// [A limit for each query](crate::recipes#a-limit-for-each-query).
///
/// # Accuracy
///
/// A thread adds what it has done to the meter when it enters or leaves the work, and whenever it has allocated or
/// deallocated 64 KB in it. So a figure is exact
///
/// * once all threads have left the work;
/// * for the calling thread, in the middle of the work.
///
/// Otherwise each other thread that is in the work at this moment may be missing less than 64 KB. The
/// [`peak`](Self::peak) is exact if only one thread at a time was in the work and entered no context that carries the
/// meter, once that thread has left it; otherwise it misses at most 64 KB for each thread.
///
/// Counted as in the report: a block that is freed in the work counts as deallocated, wherever it was allocated. A
/// block that outlives the work and is freed outside stays in the meter's [`net`](Self::net). Work of another context,
/// such as a job of another query that a waiting thread of a pool runs, is not counted.
///
/// # Nesting
///
/// A meter within another one counts for both, and each byte once: entering a meter that the work carries already
/// changes nothing. At most 64 meters count at once; the figures of one that is nested deeper stay 0.
///
/// # Cost
///
/// [`run`](Self::run) and each poll cost less than two tracked calls; within another meter 310 instructions. An
/// allocation costs nothing more. A meter takes 64 bytes of system memory, counted in `overhead.profiler_bytes`, not in
/// the program's figures. That memory is used again for later meters, once the last clone of the meter and the last
/// context that carries it are dropped. Clones share their figures. Nothing here allocates, locks or panics. The
/// figures stay 0 if memprof is not the global allocator, with `enabled = false`, and without the feature `profiling`.
#[derive(Clone, Debug)]
pub struct Meter(Option<Carried>);

impl Meter {
    /// A meter that has counted nothing yet.
    #[inline]
    pub fn new() -> Self {
        Self(Carried::new())
    }

    /// Runs `work`, and counts it.
    ///
    /// # Panics
    /// If `work` panics. What it did until then is counted.
    #[inline]
    pub fn run<R>(&self, work: impl FnOnce() -> R) -> R {
        let _entered = self.enter();
        work()
    }

    /// A future that is counted while it is polled and dropped, on whichever threads that happens.
    ///
    /// ```
    /// # #[global_allocator]
    /// # static ALLOC: memprof::AllocationTracker = memprof::AllocationTracker::system();
    /// # let runtime = tokio::runtime::Runtime::new()?;
    /// # runtime.block_on(async {
    /// let meter = memprof::Meter::new();
    /// let task = tokio::spawn(meter.wrap_future(async { vec![0_u8; 1 << 20].len() }));
    /// assert_eq!(task.await.unwrap(), 1 << 20);
    /// assert_eq!((meter.net(), meter.peak()), (0, 1 << 20));
    /// # });
    /// # Ok::<(), std::io::Error>(())
    /// ```
    ///
    /// The future grows by 8 bytes and is neither boxed nor allocated. The memory that a runtime allocates for its task
    /// is not included.
    #[inline]
    pub fn wrap_future<F: Future>(&self, future: F) -> impl Future<Output = F::Output> + use<F> {
        InWork::new(self.clone(), future)
    }

    /// Bytes that the work has allocated.
    pub fn allocated(&self) -> u64 {
        self.0.as_ref().map_or(0, |meter| meter.settled_figures().allocated)
    }

    /// Allocated − deallocated bytes of the work; negative if it has mostly freed blocks from elsewhere.
    pub fn net(&self) -> i64 {
        self.0.as_ref().map_or(0, |meter| meter.settled_figures().net)
    }

    /// The highest [`net`](Self::net) so far, of all threads together.
    pub fn peak(&self) -> u64 {
        self.0.as_ref().map_or(0, |meter| meter.settled_figures().peak.max(0) as u64)
    }

    /// True if the [`net`](Self::net) is more than `bytes`.
    #[inline]
    pub fn is_over(&self, bytes: u64) -> bool {
        self.net().max(0) as u64 > bytes
    }
}

impl Default for Meter {
    fn default() -> Self {
        Self::new()
    }
}

impl Enter for Meter {
    type Guard = Option<MeterGuard>;

    #[inline]
    fn enter(&self) -> Self::Guard {
        MeterGuard::enter(self.0.as_ref()?)
    }
}
