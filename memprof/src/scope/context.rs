//! A call path that is carried to other threads.

use super::future::InContext;
use crate::tracker::CallPath;

/// Where a thread is in its call tree, to go on there elsewhere.
///
/// Work that a function gives to another thread is charged to what runs there: to nothing, or to whichever function waits
/// on that thread of a pool. Captured before and entered there, a context has it charged to the function that gave it away:
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
///     // In the report `squares` stands beneath `build`, and `build` has the bytes of both in its total.
///     let worker = thread::spawn(Context::current().wrap(|| squares(1_000)));
///     worker.join().unwrap_or_default()
/// }
/// # assert_eq!(build().len(), 1_000);
/// ```
///
/// It is no call: no row of its own, no count in `calls`. It holds for as long as one likes, also after the function has
/// ended, and on any number of threads at once. What a context did is in the totals of its own path, and in no `peak` and
/// no per-call figure of the functions that run beneath it on the same thread: a thread that waits in `rayon::join` runs
/// others' jobs meanwhile. A function that is called in a context is the outermost of its recursion there.
///
/// Cost in instructions (x86_64): capturing 8; entering and leaving about 300, and on a thread other than the one where it was
/// captured 60 for each function on the path; a tracked call beneath which one was entered takes some 400 more when it
/// ends, one after the other up to the outermost. Neither allocates, locks or panics. On a thread
/// whose thread-locals are gone, or where profiling is off, entering does nothing.
#[derive(Clone, Debug)]
pub struct Context(Option<CallPath>);

impl Context {
    /// Captures where this thread is now.
    #[inline]
    pub fn current() -> Self {
        Self(CallPath::here())
    }

    /// Runs `work` at the captured place, on this thread.
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
    ///     // Others' closures take arguments as they like: `scope` goes inside.
    ///     rayon::scope(|jobs| jobs.spawn(|_| here.scope(|| drop(words.concat()))));
    ///     words.len()
    /// }
    /// # assert_eq!(index(&["a", "b", "c"]), 3);
    /// ```
    ///
    /// # Panics
    /// Where `work` does; the place is left then too.
    #[inline]
    pub fn scope<R>(&self, work: impl FnOnce() -> R) -> R {
        let _entered = self.0.and_then(CallPath::enter);
        work()
    }

    /// A closure that runs `work` at the captured place, on whichever thread calls it. It can be sent where `work` can.
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
    /// What `work` has captured is dropped there when it has been called. It is dropped wherever the closure is if it never
    /// is.
    #[inline]
    pub fn wrap<F, R>(&self, work: F) -> impl FnOnce() -> R + use<F, R>
    where
        F: FnOnce() -> R,
    {
        let here = self.clone();
        move || here.scope(work)
    }

    /// As [`wrap`](Self::wrap), for a closure with an argument that is called many times, on many threads at once where `work`
    /// can be: for `par_iter().map`, `for_each`, `filter_map` and their like.
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

    /// A future that goes on at the captured place on each poll, and when it is dropped: for `tokio::spawn` and its like.
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
    /// It grows by 24 bytes. Neither box nor allocation. What the task that the runtime makes of it takes itself is not in it.
    #[inline]
    pub fn wrap_future<F: Future>(&self, future: F) -> impl Future<Output = F::Output> + use<F> {
        InContext::new(self.0, future)
    }
}
