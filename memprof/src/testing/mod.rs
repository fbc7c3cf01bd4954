//! Measurements and assertions for tests: how much code allocates, how high its peak is, and that it leaves no blocks
//! behind.
//!
//! A measurement includes the work of its closure on this thread; work on other threads through a
//! [`Context`](crate::Context) that was captured in it; and the tracked futures that were made in it by a call of a
//! tracked `async fn` or by [`track`](crate::track), wherever they are polled. It includes nothing of other tests that
//! run at the same time. The figures are exact, also while other measurements run.
//!
//! # A test binary
//!
//! Two lines install the tracker, once in each test binary (a file in `tests/`, or `lib.rs` under `#[cfg(test)]`):
//!
//! ```
//! #[global_allocator]
//! static ALLOC: memprof::AllocationTracker = memprof::AllocationTracker::system();
//!
//! use memprof::testing::{assert_allocated, assert_no_leaks, measure};
//! use memprof::track_memory;
//!
//! #[track_memory]
//! fn index(words: usize) -> Vec<String> {
//!     (0..words).map(|_| "word".repeat(3)).collect()
//! }
//!
//! #[memprof::test(max_allocated = "64 KiB", max_peak = "64 KiB", no_leaks)]
//! fn building_is_cheap() {
//!     assert_eq!(index(100).len(), 100);
//! }
//!
//! # /*
//! #[test]
//! # */
//! fn counting_allocates_nothing() {
//!     let words = index(100);
//!     let letters = assert_allocated!(== "0 B", || words.iter().map(String::len).sum::<usize>());
//!     assert_eq!(letters, 1200);
//! }
//!
//! # /*
//! #[test]
//! # */
//! fn everything_is_freed() {
//!     assert_no_leaks!(|| index(100));
//! }
//!
//! # /*
//! #[test]
//! # */
//! fn ten_words() {
//!     let measured = measure(|| index(10));
//!     assert_eq!(measured.value.len(), 10);
//!     assert_eq!(measured.allocated_bytes, 10 * 24 + 10 * 12);
//!     assert_eq!(measured.functions[0].allocated_count, 11);
//! }
//! # counting_allocates_nothing();
//! # everything_is_freed();
//! # ten_words();
//! ```
//!
//! A failed assertion is an ordinary panic at the assertion's position. It names the functions that allocated most:
//!
//! ```text
//! memprof: allocated 96.0 KB (98,304 bytes) in 3 blocks; expected at most 64.0 KB (65,536 bytes)
//!   90.0 KB (92,160 bytes) in 2 blocks  shop::index (src/shop.rs:12)
//!   6.0 KB (6,144 bytes) in 1 block  (outside tracked functions)
//! ```
//!
//! # Baselines
//!
//! [`assert_baseline!`] compares with a file of the package in place of a limit:
//!
//! ```
//! # #[global_allocator]
//! # static ALLOC: memprof::AllocationTracker = memprof::AllocationTracker::system();
//! # fn index(words: usize) -> Vec<String> { (0..words).map(|_| "word".repeat(3)).collect() }
//! # fn test() {
//! let words = memprof::testing::assert_baseline!("index 100 words", || index(100));
//! assert_eq!(words.len(), 100);
//! # }
//! ```
//!
//! `MEMPROF_BLESS=1 cargo test` writes the files in `memprof_baselines`. Add them to the repository.
//!
//! # Loops
//!
//! `#[memprof::test(repeat = 50, growth = 0)]` runs its body many times and fails if live memory grows from turn to
//! turn, whoever holds it: a static, a cache without a bound, a thread-local. A cache that fills and stops passes. See
//! [`#[memprof::test]`](crate::test#loops) for the rule.
//!
//! # Async tests
//!
//! [`#[memprof::test]`](crate::test) stands above or below `#[tokio::test]`, with the same effect: it measures the test
//! together with its runtime. [`measure_async`] measures one future.
//!
//! On a multi-thread runtime, spawned tasks run on other threads, outside the measurement. The test prints how much
//! these threads allocated, and `no_leaks` fails if it is not 0. A task with a
//! [`Context::current`](crate::Context::current) is included.
//!
//! A spawned future is included if it is tracked. A tracked `async fn` with other attributes (`#[instrument]`,
//! `#[must_use]`) stays an `async fn` and begins at its first poll, possibly outside the measurement: spawn
//! `memprof::track("work", work())` instead, as for any future that is not tracked.
//!
//! # Not included
//!
//! Threads and tasks without a context are not included. Work that continues after the end of the measurement is not
//! included either, nor in the next one. *Peak* is that of the measuring thread alone, above its start. `println!`
//! allocates if the test harness captures its output.
//!
//! # Without the feature `profiling`
//!
//! Everything compiles, [`measure`] runs its closure and returns zeros, and **assertions run their closures and check
//! nothing**.

#[cfg(feature = "profiling")]
mod baseline;
#[cfg(feature = "profiling")]
mod failure;
mod figures;
#[cfg(feature = "profiling")]
mod leaks;
mod macros;
#[cfg(not(feature = "profiling"))]
mod off;
mod outcome;
#[cfg(feature = "profiling")]
mod run;
#[cfg(feature = "profiling")]
mod test;
#[cfg(feature = "profiling")]
mod turns;

#[doc(inline)]
pub use crate::{
    __assert_allocated as assert_allocated, __assert_baseline as assert_baseline, __assert_no_leaks as assert_no_leaks,
};
pub use figures::{Measured, MeasuredFunction};
#[cfg(not(feature = "profiling"))]
pub use off::{measure, measure_async};
#[cfg(feature = "profiling")]
pub use run::{measure, measure_async};

/// Functions for generated code.
pub(crate) mod private {
    #[cfg(feature = "profiling")]
    pub use super::baseline::{BaselineOf, baseline};
    #[cfg(feature = "profiling")]
    pub use super::failure::{Failure, allocated};
    #[cfg(feature = "profiling")]
    pub use super::leaks::leaks;
    #[cfg(not(feature = "profiling"))]
    pub use super::off::{BaselineOf, Failure, allocated, baseline, leaks};
    pub use super::outcome::{AnyOutcome, Compare, Outcome};
    #[cfg(feature = "profiling")]
    pub use super::test::TestLimits;
    #[cfg(feature = "profiling")]
    pub use super::turns::Turns;
}
