//! A memory profiler: which of your functions use memory, how much, and what never comes back.
//!
//! Every allocation is counted exactly and charged to the tracked function it happened in, sync or async, on any thread.
//! When the program ends it leaves `memory_allocations.json` (per function: allocated, freed, net, peak, retained, next to
//! the totals of the process), `memory_leaks.txt` (what is still live, by call path) and a table on stderr.
//!
//! # What it cannot do
//!
//! * It does not see memory that C code takes, nor what the standard library takes from the system's allocator directly. RSS
//!   stands beside the heap in `memory_leaks.txt`, with a line that explains the difference.
//! * It tracks at most `max_tracked_allocations` live blocks one by one. Beyond that, or where tracking takes more than
//!   `overhead_budget_percent` of the processor time, what is live and `retained` are estimates from a sample, with their
//!   standard errors; counts, net and peaks stay exact.
//! * It charges work on other threads where it runs: a function is charged for what it spawned only if a [`Context`] carries
//!   it there.
//! * A program that ends by SIGKILL or by a fault leaves no report: see [`guarantees`].
//!
//! What it does promise, and the tests that hold it: [`guarantees`].
//!
//! # Quick start
//!
//! ```
//! use memprof::track_memory;
//!
//! #[track_memory]
//! fn read_orders(n: usize) -> Vec<String> {
//!     (0..n).map(|i| format!("order {i}")).collect()
//! }
//!
//! #[track_memory]
//! fn total_length(orders: &[String]) -> usize {
//!     let upper: Vec<String> = orders.iter().map(|order| order.to_uppercase()).collect();
//!     upper.iter().map(String::len).sum()
//! }
//!
//! # mod program { use super::*;
//! #[memprof::main]
//! # pub
//! fn main() {
//!     let orders = read_orders(1_000);
//!     println!("{} letters", total_length(&orders));
//!     std::mem::forget(orders); // A leak, so that there is something to find.
//! }
//! # }
//! # fn main() {}
//! ```
//!
//! It prints:
//!
//! ```text
//! 8890 letters
//! memprof: allocated 69.6 KB, freed 32.1 KB, net 37.4 KB in 1,013 blocks, peak 68.6 KB
//!
//! Functions by allocated bytes
//! function                     calls  allocated     self  blocks  peak/call  retained
//! shop::read_orders                1    35.2 KB  35.2 KB   1,001    35.2 KB   35.2 KB
//! shop::total_length               1    32.1 KB  32.1 KB   1,001    32.1 KB       0 B
//! (outside tracked functions)            2.3 KB   2.3 KB      12               1.0 KB
//! total                                 69.6 KB  69.6 KB   2,014              36.2 KB
//! ```
//!
//! How to read the table and the two files: [`reports`].
//!
//! # Marking code
//!
//! [`track_memory`] on functions and methods, or on a whole `impl`, `trait` or `mod { … }`; [`scope!`] within a function;
//! [`track`] on a future that one did not write; a [`Context`] for work that is given to other threads.
//! [`main`](macro@main) on main, above or below
//! `#[tokio::main]`; programs without it use [`Profiler`] and declare [`AllocationTracker`] themselves.
//!
//! # Settings
//!
//! `memory_profile.toml` in the working directory or above it, `MEMPROF_…` variables: [`Config`] has the table of keys. A
//! setting that cannot be used ends the program before the body of main, with status 2 and one line such as
//! `memory_profile.toml:3:1: unknown key …; did you mean …`. Apart from that memprof ends a program only where it was asked to:
//! by `abort_on_oom`, `on_violation = "panic"`, or a failed assertion of a test.
//!
//! # The figures
//!
//! [`report::data`] has each field with its unit. The words: *allocated* counts every allocation and the full new size of
//! every successful reallocation, *deallocated* every free and the old size of every reallocation, as DHAT and heaptrack do.
//! A reallocated block belongs to the function that reallocated it (DHAT leaves it with the one that made it). *net* is
//! signed. *self* is what happened while a function was the innermost tracked one, *total* adds all it called, each byte once.
//! *peak* is the highest a call stood above its entry on its own thread; `per_call` and `peak_per_call` say how calls differ. *retained* is live bytes by who allocated them.
//!
//! The sum of the `self_*` columns and [`unattributed`](report::data::Unattributed) equals the totals to the byte in every
//! report, also while other threads run.
//!
//! # What it costs
//!
//! * An allocation: find the thread's ledger (2 instructions), add to its bytes, add to the current node's two counters,
//!   compare with the highest net and with one threshold; a free: the same adds the other way, one threshold. 33 instructions
//!   for both (x86_64, callgrind, beyond a wrapper that only forwards).
//! * While live blocks are tracked: a slot in a table with one compare-exchange, a filter, five stores; 119 to 127
//!   instructions for an allocation and its free in all. While a sample is tracked: about
//!   60 for those that are not in it.
//! * With stacks: 440 instructions for a tracked allocation and its free beneath 13 frames, 1050 beneath 60, which are checked
//!   and found to be as they were the last time (two loads each); about 250 for each frame that is not.
//! * A tracked call: find the node, push a frame, pop it: about 120 instructions. A poll of a tracked future: about the same.
//!   Each entry of a [`Context`]: see there.
//! * Memory: 3.1 MB for 10,000 tracked allocations, 1.2 MB for their stacks and 16 KiB for each thread's last one, 256 bytes for each call path of each thread, 48 KiB of address space for
//!   each thread, 8 MiB set aside for the report of a program that has no memory left. [`Overhead`](report::data::Overhead) says how much it is.
//! * `enabled = false`: one branch for an allocation. Without the default feature `profiling`: nothing.
//!
//! # In tests
//!
//! [`testing`] measures closures and futures, and has assertions; [`#[memprof::test]`](macro@test) holds a test against limits.
//! [`Profiler::start`] and [`Profiler::report`] give the figures of a test program as plain data:
//!
//! ```
//! #[global_allocator]
//! static ALLOC: memprof::AllocationTracker = memprof::AllocationTracker::system();
//!
//! #[memprof::track_memory(name = "build")]
//! fn build() -> Vec<u64> {
//!     std::hint::black_box(vec![7; 100])
//! }
//!
//! let mut config = memprof::Config::default();
//! config.memory_profiling.dump_on_exit = false; // No files.
//! let profiler = memprof::Profiler::start(config)?;
//! let built = build();
//! let report = profiler.report();
//! let row = report.functions.iter().find(|function| function.name == "build").expect("it was called");
//! assert_eq!((row.calls, row.self_allocated_bytes, row.retained_bytes), (1, 800, Some(800)));
//! # drop(built);
//! # Ok::<(), memprof::Error>(())
//! ```
//!
//! # Troubleshooting
//!
//! * *No report?* The program was killed, or ended by a signal other than SIGINT and
//!   SIGTERM that `dump_on_signal` does not name, or `dump_on_exit = false`. A report that could not be written where the
//!   settings say is in the system's temporary directory, and stderr says where.
//! * *All figures are 0?* The tracker is not the global allocator: the first line of each report says so. `#[memprof::main]`
//!   installs it, unless it says `allocator = none`.
//! * *`retained` is `null`, "not known" in the table?* The sample holds no block of the function; or
//!   `track_allocations = false`; or `sample_interval_bytes` is fixed and there were more live blocks than
//!   `max_tracked_allocations`.
//! * *`retained` has a ±?* It is an estimate: [`Live::sample_interval_bytes`](report::data::Live::sample_interval_bytes) says
//!   from what. `max_tracked_allocations` higher and `overhead_budget_percent = 0` keep it exact.
//! * *No line numbers in `memory_leaks.txt`?* Cargo's default release profile has no debug information. Build with
//!   `[profile.release] debug = "line-tables-only"` in `Cargo.toml`: files, lines and inlined functions, of which the names are
//!   without their paths (`debug = 1` has these too, in a larger file).
//! * *My total is not RSS?* See the figures of the system at the end of `memory_leaks.txt`.
//!
//! # Features
//!
//! * `profiling` (default): without it everything compiles to nothing, and no other crate is built.
//! * `backtraces` (default): the names, files and lines of stacks. Without it a report has their addresses and modules.
//! * `report`: the reports and their formats without the engine; `profiling` implies it. All that a report holds is
//!   `Serialize`.
//! * `compare`: reports are read, by `Report::from_json`. Implies `serde`.
//! * `serde`: `Deserialize` for all that a report holds.
//! * `zstd`: names also from debug information that was compressed with zstd; that compressed with zlib needs no feature.
//! * `jemalloc`: `memprof::Jemalloc` as inner allocator, its options and its statistics.
//!
//! # In a library
//!
//! A library can offer its functions to the profiles of the programs that use it, and cost all others nothing: an
//! optional dependency, and a feature for it.
//!
//! ```toml
//! [dependencies]
//! memprof = { version = "0.1", default-features = false, optional = true }
//!
//! [features]
//! memprof = ["dep:memprof", "memprof/profiling"]
//! ```
//!
//! ```text
//! #[cfg_attr(feature = "memprof", memprof::track_memory)]
//! impl Index {
//!     pub fn build(rows: Vec<Row>) -> Self { … }
//!
//!     #[cfg_attr(feature = "memprof", memprof::track_memory(skip))]
//!     pub fn len(&self) -> usize { … }
//! }
//! ```
//!
//! * Without the feature nothing is left: no line in `cargo tree`, no crate to build, no code.
//! * A program that wants the figures asks for the feature, `library = { version = "1", features = ["memprof"] }`, and
//!   has `#[memprof::main]`. Library and program must agree on one version of memprof: cargo takes one for all that are
//!   compatible.
//! * Cargo unifies features: in one build every crate gets a library with all the features that any of them asked for. So
//!   in a workspace `cargo build --workspace` tracks the library in each program, once one of them asks for it; `cargo
//!   build -p other` does not. A program without `#[memprof::main]` then pays for entering scopes, and writes no report.
//! * With `memprof = { version = "0.1", default-features = false }` and not `optional`, the attributes check their
//!   arguments and leave the code as it was; what is left in `cargo tree` is memprof, its macros, and what these need
//!   (`syn`, `quote`, `proc-macro2`).

mod allocator;
#[cfg(feature = "profiling")]
mod collect;
pub mod config;
mod error;
#[doc = include_str!("../docs/guarantees.md")]
pub mod guarantees {}
#[cfg(any(feature = "profiling", feature = "jemalloc"))]
mod jemalloc;
#[cfg(feature = "profiling")]
mod live;
mod memory_stats;
#[cfg(not(feature = "profiling"))]
mod off;
#[cfg(feature = "profiling")]
mod os;
// The plots as data come first: the first definition of a link holds, and the page's own is of the files beside it.
#[doc = include_str!("../docs/plots.md")]
#[doc = include_str!("../docs/performance.md")]
pub mod performance {}
mod printable;
#[doc = include_str!("../docs/reports.md")]
pub mod reports {}
// Its programs need crates that only the tests have: `memprof-tests` runs them.
#[cfg(not(doctest))]
#[doc = include_str!("../docs/recipes.md")]
pub mod recipes {}
#[cfg(feature = "profiling")]
mod profile;
pub mod report;
#[cfg(feature = "profiling")]
mod scope;
#[cfg(feature = "report")]
#[cfg_attr(not(feature = "profiling"), allow(dead_code))]
mod size;
#[cfg(feature = "report")]
#[cfg_attr(not(feature = "profiling"), allow(dead_code))]
mod sorted;
#[cfg(feature = "profiling")]
mod stack;
pub mod testing;
#[cfg(feature = "profiling")]
mod tracker;

#[doc(hidden)]
#[path = "private.rs"]
pub mod __private;

pub use allocator::AllocationTracker;
pub use config::Config;
pub use error::Error;
#[cfg(feature = "jemalloc")]
pub use jemalloc::Jemalloc;
pub use memory_stats::MemoryStats;
pub use memprof_macros::{main, test, track_memory};
#[cfg(not(feature = "profiling"))]
pub use off::{Context, Profiler, exit, memory_stats, track, write_report};
#[cfg(feature = "profiling")]
pub use profile::{Profiler, exit, write_report};
pub use report::{Report, Written};
#[cfg(feature = "profiling")]
pub use scope::{Context, track};
#[cfg(feature = "profiling")]
pub use tracker::memory_stats;

/// Opens a scope with a name, for a block of code that is no function of its own.
///
/// The scope lasts until the guard that it returns is dropped, so the guard needs a name: `let _scope = …`.
///
/// ```
/// fn load(lines: &[&str]) -> Vec<String> {
///     let parsed = {
///         let _scope = memprof::scope!("parse");
///         lines.iter().map(|line| line.trim().to_owned()).collect::<Vec<_>>()
///     };
///     parsed
/// }
/// # assert_eq!(load(&[" a "]), ["a"]);
/// ```
///
/// The guard may end out of order, on another thread, or never (`std::mem::forget`): no byte is lost or counted twice,
/// and its thread is put back in order: by the next allocation, free or scope of that thread where the guard was dropped on
/// another one, else by the next function that ends around it. Cost: as a tracked call.
#[macro_export]
macro_rules! scope {
    ($name:literal) => {{
        static SITE: $crate::__private::Site =
            $crate::__private::Site::named($name, $crate::__private::file!(), $crate::__private::line!());
        $crate::__private::enter_block(&SITE)
    }};
}
