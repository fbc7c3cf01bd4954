//! Contexts: call paths that are carried to other threads.

use super::future::{Enter, InWork};
use crate::tracker::{self, CallPath, Carried, CarriedGuard, Entered, LabelId, LabelSet};

/// A thread's position in the call tree, to continue from on another thread.
///
/// Without a context, work that a function hands to another thread is charged to whatever runs there: to no function,
/// or to a function that waits on that thread of a pool. With a context, captured before and entered there, the work is
/// charged to the function that handed it over:
///
/// ```
/// use memprof::{Context, track_memory};
/// use std::thread;
///
/// #[track_memory]
/// fn squares(upto: u64) -> Vec<u64> {
///     (0..upto).map(|n| n * n).collect()
/// }
///
/// #[track_memory]
/// fn build() -> Vec<u64> {
///     // In the report `squares` stands beneath `build`, whose total includes the bytes of both.
///     let worker = thread::spawn(Context::current().wrap(|| squares(1_000)));
///     worker.join().unwrap_or_default()
/// }
/// # assert_eq!(build().len(), 1_000);
/// ```
///
/// A context also carries the [labels](crate::labelled) and [`Meter`](crate::Meter)s of the work in which it was
/// captured.
///
/// Entering a context is not a call: it adds no row and no count. A context stays valid indefinitely, also after the
/// function has returned, and on any number of threads at the same time. Work done in a context is in the totals of its
/// own path. It is in no `peak` and no per-call figure of the functions that run beneath it on the same thread: a
/// thread that waits in `rayon::join` runs jobs of other callers meanwhile. A function that is called in a context is
/// the outermost of its recursion there.
///
/// Cost in instructions (x86_64):
///
/// | operation | instructions |
/// |---|---|
/// | capture, and drop it again | 44 |
/// | enter and leave | about 400 |
/// | the same on another thread than the capture's | 60 more for each function on the path |
/// | end of a tracked call beneath which a context was entered | about 480 more; the same for each caller |
///
/// Nothing here allocates, locks or panics. Entering does nothing on a thread whose thread-locals are gone, or where
/// profiling is off.
#[derive(Clone, Debug)]
pub struct Context {
    path: Option<CallPath>,
    /// Meters of the work in which it was captured.
    carried: Option<Carried>,
    /// Labels of that work.
    labels: LabelSet,
}

impl Context {
    /// Captures the position of this thread.
    ///
    /// ```
    /// let here = memprof::Context::current();
    /// std::thread::spawn(here.wrap(|| vec![0u8; 64])).join().expect("it does not panic");
    /// ```
    #[inline]
    pub fn current() -> Self {
        let (carried, labels) = tracker::carried_here();
        Self { path: CallPath::here(), carried, labels }
    }

    /// This context with one more [label](crate::labelled), which replaces another value of its key. It counts as one
    /// call of the label.
    ///
    /// ```
    /// # fn index(_: &str) {}
    /// let here = memprof::Context::current().with_label("collection", "docs");
    /// std::thread::spawn(here.wrap(|| index("docs"))).join().unwrap();
    /// ```
    #[must_use = "the label belongs to the context that is returned"]
    pub fn with_label(mut self, key: &str, value: &str) -> Self {
        if let Some(label) = LabelId::of(key, value) {
            label.count_call();
            self.labels = label.with(self.labels);
        }
        self
    }

    /// Runs `work` at the captured position, on this thread.
    ///
    /// ```
    /// # #[memprof::track_memory]
    /// fn index(words: &[&str]) -> usize {
    ///     let here = memprof::Context::current();
    ///     std::thread::scope(|threads| {
    ///         for half in words.chunks(words.len().div_ceil(2).max(1)) {
    ///             let here = here.clone();
    ///             threads.spawn(move || here.scope(|| half.concat().len()));
    ///         }
    ///     });
    ///     // A closure whose type cannot change: `scope` goes inside.
    ///     rayon::scope(|jobs| jobs.spawn(|_| here.scope(|| drop(words.concat()))));
    ///     words.len()
    /// }
    /// # assert_eq!(index(&["a", "b", "c"]), 3);
    /// ```
    ///
    /// # Panics
    /// If `work` panics; the position is left then, too.
    #[inline]
    pub fn scope<R>(&self, work: impl FnOnce() -> R) -> R {
        let _entered = self.enter();
        work()
    }

    /// A closure that runs `work` at the captured position, on the thread that calls it. It is `Send` if `work` is.
    ///
    /// ```
    /// # #[memprof::track_memory]
    /// fn sort(numbers: &mut [u64]) {
    ///     if numbers.len() < 1_000 {
    ///         return numbers.sort();
    ///     }
    ///     let (left, right) = numbers.split_at_mut(numbers.len() / 2);
    ///     let here = memprof::Context::current();
    ///     rayon::join(here.wrap(|| left.sort()), here.wrap(|| right.sort()));
    ///     numbers.sort();
    /// }
    /// # let mut numbers: Vec<u64> = (0..2_000).rev().collect();
    /// # sort(&mut numbers);
    /// # assert!(numbers.is_sorted());
    /// ```
    ///
    /// The captures of `work` are dropped at that position when it has been called; otherwise they are dropped with the
    /// closure, wherever that is.
    #[inline]
    pub fn wrap<F, R>(&self, work: F) -> impl FnOnce() -> R + use<F, R>
    where
        F: FnOnce() -> R,
    {
        let here = self.clone();
        move || here.scope(work)
    }

    /// As [`wrap`](Self::wrap), for a closure with an argument that is called many times, on many threads at once if
    /// `work` is `Sync`: for `par_iter().map`, `for_each`, `filter_map` and similar methods.
    ///
    /// ```
    /// use rayon::prelude::*;
    ///
    /// # #[memprof::track_memory]
    /// fn squares(upto: u64) -> Vec<Vec<u64>> {
    ///     let here = memprof::Context::current();
    ///     (0..upto).into_par_iter().map(here.wrap_fn(|n| vec![n; 64])).collect()
    /// }
    /// # assert_eq!(squares(100).len(), 100);
    /// ```
    #[doc(alias = "map")]
    #[doc(alias = "par_iter")]
    #[doc(alias = "rayon")]
    #[inline]
    pub fn wrap_fn<F, A, R>(&self, work: F) -> impl Fn(A) -> R + use<F, A, R>
    where
        F: Fn(A) -> R,
    {
        let here = self.clone();
        move |argument| here.scope(|| work(argument))
    }

    /// As [`wrap_fn`](Self::wrap_fn), for a closure with two arguments: for `fold` and `reduce`.
    ///
    /// ```
    /// use rayon::prelude::*;
    ///
    /// # #[memprof::track_memory]
    /// fn joined(words: &[&str]) -> String {
    ///     let here = memprof::Context::current();
    ///     let parts = words.par_iter().fold(String::new, here.wrap_fn2(|all: String, word: &&str| all + word));
    ///     parts.reduce(String::new, here.wrap_fn2(|all: String, next: String| all + &next))
    /// }
    /// # assert_eq!(joined(&["a", "b", "c"]), "abc");
    /// ```
    #[doc(alias = "fold")]
    #[doc(alias = "reduce")]
    #[doc(alias = "rayon")]
    #[inline]
    pub fn wrap_fn2<F, A, B, R>(&self, work: F) -> impl Fn(A, B) -> R + use<F, A, B, R>
    where
        F: Fn(A, B) -> R,
    {
        let here = self.clone();
        move |first, second| here.scope(|| work(first, second))
    }

    /// A future that is polled and dropped at the captured position: for `tokio::spawn` and similar functions.
    ///
    /// ```
    /// # #[memprof::track_memory]
    /// async fn download() -> usize {
    ///     let here = memprof::Context::current();
    ///     let task = tokio::spawn(here.wrap_future(async { vec![0u8; 1 << 16].len() }));
    ///     task.await.unwrap_or_default()
    /// }
    /// # let runtime = tokio::runtime::Runtime::new()?;
    /// # assert_eq!(runtime.block_on(download()), 1 << 16);
    /// # Ok::<(), std::io::Error>(())
    /// ```
    ///
    /// The future grows by 40 bytes and is neither boxed nor allocated. The memory that the runtime allocates for its
    /// task is not included.
    #[inline]
    pub fn wrap_future<F: Future>(&self, future: F) -> impl Future<Output = F::Output> + use<F> {
        InWork::new(self.clone(), future)
    }
}

impl Enter for Context {
    type Guard = (Option<CarriedGuard>, Option<Entered>);

    #[inline]
    fn enter(&self) -> Self::Guard {
        let entered = self.path.and_then(CallPath::enter);
        (CarriedGuard::enter(self.carried.as_ref(), self.labels), entered)
    }
}
