//! A memory profiler: it shows which of your functions use memory, how much, and what never comes back.
//!
//! memprof counts every allocation exactly and charges it to the tracked function in which it happened, sync or async,
//! on any thread. When the program ends it writes `memory_allocations.json` (allocated, deallocated, net, peak and
//! retained bytes of each function, and the totals of the process), `memory_leaks.txt` (live blocks by call path),
//! `memory_report.html` (a page for the browser) and a table on stderr.
//!
//! # Limits
//!
//! * C code and direct requests of the standard library to the system's allocator are not counted. `memory_leaks.txt`
//!   shows RSS beside the heap, with a line that explains the difference.
//! * At most `max_tracked_allocations` live blocks are recorded one by one. Beyond that, or if recording takes more
//!   than `overhead_budget_percent` of the processor time, live and `retained` bytes are estimates from a sample, with
//!   their standard errors. Counts, net and the peaks of calls stay exact.
//! * Work on other threads is charged where it runs. A function is charged for work that it hands over only if a
//!   [`Context`] carries its call path there.
//! * A program that ends by SIGKILL or by a fault leaves no report.
//!
//! [`guarantees`] lists the promises and their tests.
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
//!     std::mem::forget(orders); // A leak to find.
//! }
//! # }
//! # fn main() {}
//! ```
//!
//! It prints:
//!
//! ```text
//! 8890 letters
//! memprof: allocated 69.6 KB, deallocated 32.1 KB, net 37.4 KB in 1,013 blocks, peak 68.6 KB
//!
//! No findings; nothing grows: no group keeps gaining blocks
//!
//! Functions by allocated bytes
//! function                     calls  allocated     self  blocks  peak/call  retained
//! shop::read_orders                1    35.2 KB  35.2 KB   1,001    35.2 KB   35.2 KB
//! shop::total_length               1    32.1 KB  32.1 KB   1,001    32.1 KB       0 B
//! (outside tracked functions)            2.3 KB   2.3 KB      12               1.0 KB
//! total                                 69.6 KB  69.6 KB   2,014              36.2 KB
//! ```
//!
//! [`reports`] explains the table and the files, and [`formats`] how to open pprof, DHAT, speedscope and others. [`ci`]
//! has a workflow that gates pull requests, and [`fleet`] merges and queries the reports of many processes.
//!
//! # Marking code
//!
//! | code | mark |
//! |---|---|
//! | functions and methods, or a whole `impl`, `trait` or `mod { … }` | [`track_memory`] |
//! | a block within a function | [`scope!`] |
//! | a future of another crate | [`track`] |
//! | work for other threads | [`Context`] |
//! | work for one collection, tenant or route | [`labelled`] |
//! | one query or job, to know or limit its memory | [`Meter`] |
//! | `main`, above or below `#[tokio::main]` | [`main`](macro@main) |
//!
//! A program without `#[memprof::main]` uses [`Profiler`] and declares [`AllocationTracker`] itself.
//!
//! # Settings
//!
//! Settings come from `memory_profile.toml` in the working directory or above it, and from `MEMPROF_…` variables.
//! [`Config`] has the table of keys. An invalid setting ends the program before the body of main, with status 2 and one
//! line such as `memory_profile.toml:3:1: unknown key …; did you mean …`. Apart from that, memprof ends a program or a
//! thread on purpose only on request: by `abort_on_oom`, `on_violation = "panic"`, or the measurements and assertions
//! of [`testing`].
//!
//! # The figures
//!
//! [`report::data`] has each field with its unit.
//!
//! | word | meaning |
//! |---|---|
//! | allocated | bytes of every allocation, and the full new size of every successful reallocation |
//! | deallocated | bytes of every free, and the old size of every successful reallocation |
//! | net | allocated − deallocated, signed |
//! | self | while the function was the innermost tracked one |
//! | total | self and everything beneath it in the call tree, each byte once |
//! | peak | highest net of one call above its entry, on its own thread |
//! | per_call, peak_per_call | distributions over the calls |
//! | retained | live bytes that the function's own code allocated |
//!
//! Reallocations count as in DHAT and heaptrack. A reallocated block belongs to the function that reallocated it (DHAT
//! leaves it with the function that made it).
//!
//! The sum of the `self_*` columns and [`unattributed`](report::data::Unattributed) equals the totals to the byte in
//! every report, also while other threads run.
//!
//! # Costs
//!
//! Instructions on x86_64 by callgrind, beyond a wrapper that only forwards:
//!
//! | operation | instructions |
//! |---|---|
//! | an allocation and its free, counters alone | 32 |
//! | the same with a record in the live table | 130 to 138 |
//! | the same without a record, beside a sample | 49 to 58 |
//! | the same with a record and its stack, beneath 13 frames | 332 |
//! | the same beneath 60 frames | 616 |
//! | each frame that was not on this stack before | about 300 more |
//! | a tracked call | 95 |
//! | a poll of a tracked future | 105 |
//! | entering and leaving a [label](labelled), or a [`Meter`] | 115, 172 |
//! | an allocation and its free, a tracked call, a poll with `enabled = false` | 10, 6, none |
//! | everything without the default feature `profiling` | none |
//!
//! A [`Context`] states its own costs. Memory:
//!
//! | for | memory |
//! |---|---|
//! | 10,000 recorded allocations | 3.1 MB |
//! | their stacks | 1.2 MB, and 16 KiB for the last stack of each thread |
//! | each call path of each thread | 256 bytes |
//! | each thread | 48 KiB of address space |
//! | the report of a program that has no memory left | 8 MiB of address space |
//!
//! [`Overhead`](report::data::Overhead) has the figures of a run, and [`performance`] more measurements.
//!
//! # In tests
//!
//! [`testing`] measures closures and futures and has assertions; [`#[memprof::test]`](macro@test) checks a test against
//! limits. `cargo memprof test` prints [a row for each test](recipes#a-row-for-each-test). [`Profiler::start`] and
//! [`Profiler::report`] return the figures of a test program as plain data:
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
//! * *No report?* The program was killed, or a signal ended it that is neither SIGINT, SIGTERM nor in `dump_on_signal`,
//!   or `dump_on_exit = false`. A report that could not be written to its folder is in the system's temporary
//!   directory, and stderr says where.
//! * *All figures are 0?* The tracker is not the global allocator: the first line of each text report says so.
//!   `#[memprof::main]` installs it, except with `allocator = none`.
//! * *`retained` is `null`, "not known" in the table?* The sample has no block of the function; or
//!   `track_allocations = false`; or `sample_interval_bytes` is fixed and there were more live blocks than
//!   `max_tracked_allocations`.
//! * *`retained` has a ±?* It is an estimate from a sample of
//!   [`Live::sample_interval_bytes`](report::data::Live::sample_interval_bytes). A higher `max_tracked_allocations` and
//!   `overhead_budget_percent = 0` keep it exact.
//! * *No line numbers in `memory_leaks.txt`?* Cargo's default release profile has no debug information. Set
//!   `[profile.release] debug = "line-tables-only"` in `Cargo.toml` for files, lines and inlined functions. Names of
//!   inlined functions then have no paths; `debug = 1` adds them, in a larger file.
//! * *My total is not RSS?* The end of `memory_leaks.txt` compares it with the system's figures.
//!
//! # Features
//!
//! | feature | effect |
//! |---|---|
//! | `profiling` (default) | the profiler; without it everything compiles to nothing, and only the macros are built |
//! | `backtraces` (default) | names, files and lines of stacks; without it reports have their addresses and modules |
//! | `report` | reports and their formats, all `Serialize`, without the engine; implied by `profiling` |
//! | `compare` | reports are read by `Report::from_json`, compared, merged and checked; implies `serde` |
//! | `serde` | `Deserialize` for everything in a report |
//! | `zstd` | names from debug information that is compressed with zstd; zlib needs no feature |
//! | `serve` | reports, profiles and metrics over HTTP while the program runs |
//! | `jemalloc` | `memprof::Jemalloc` as inner allocator, with its options and statistics |
//!
//! # In a library
//!
//! A library can offer its functions to the profiles of the programs that use it, at no cost to all others: by an
//! optional dependency and a feature.
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
//! * Without the feature nothing remains: no line in `cargo tree`, no crate to build, no code.
//! * A program that wants the figures enables the feature, `library = { version = "1", features = ["memprof"] }`, and
//!   has `#[memprof::main]`. Library and program must agree on one version of memprof: cargo chooses one for all
//!   compatible requirements.
//! * Cargo unifies features: in one build every crate gets a library with all features that any crate enables. So in a
//!   workspace `cargo build --workspace` tracks the library in each program once one of them enables it;
//!   `cargo build -p other` does not. A program without `#[memprof::main]` then pays for entering scopes, and writes no
//!   report.
//! * With `memprof = { version = "0.1", default-features = false }` and not `optional`, the attributes check their
//!   arguments and leave the code unchanged. `cargo tree` then lists memprof, its macros, and their dependencies
//!   (`syn`, `quote`, `proc-macro2`).

#![deny(unsafe_code)]

#[expect(unsafe_code, reason = "`GlobalAlloc` is an unsafe trait")]
mod allocator;
#[cfg(feature = "profiling")]
mod collect;
#[cfg(feature = "compare")]
#[doc(inline)]
pub use report::compare;
pub mod config;
mod error;
#[doc = include_str!("../docs/guarantees.md")]
pub mod guarantees {}
#[cfg(any(feature = "profiling", feature = "jemalloc"))]
mod jemalloc;
#[cfg(feature = "profiling")]
#[expect(unsafe_code, reason = "slots are read while other threads change them, without locks")]
mod live;
mod memory_stats;
#[cfg(not(feature = "profiling"))]
mod off;
#[cfg(feature = "profiling")]
#[expect(unsafe_code, reason = "calls of the system")]
mod os;
#[doc = include_str!("../docs/performance.md")]
#[doc = "\nThe plots of this page are files beside it, in `memprof/docs`."]
pub mod performance {}
mod printable;
#[doc = include_str!("../docs/ci.md")]
pub mod ci {}
#[doc = include_str!("../docs/fleet.md")]
pub mod fleet {}
#[doc = include_str!("../docs/formats.md")]
pub mod formats {}
#[doc = include_str!("../docs/reports.md")]
pub mod reports {}
// Its programs need crates that only the tests have, so `memprof-tests` runs them.
#[cfg(not(doctest))]
#[doc = include_str!("../docs/recipes.md")]
pub mod recipes {}
#[cfg(feature = "profiling")]
mod profile;
pub mod report;
#[cfg(feature = "profiling")]
mod scope;
#[cfg(feature = "serve")]
pub mod serve;
#[cfg(feature = "report")]
#[cfg_attr(not(feature = "profiling"), allow(dead_code))]
mod size;
#[cfg(feature = "report")]
#[cfg_attr(not(feature = "profiling"), allow(dead_code))]
mod sorted;
#[cfg(feature = "profiling")]
#[expect(unsafe_code, reason = "frames are read from the stack of the thread")]
mod stack;
#[cfg(feature = "report")]
#[cfg_attr(not(feature = "profiling"), allow(dead_code))]
mod suggest;
pub mod testing;
#[cfg(feature = "profiling")]
#[expect(unsafe_code, reason = "ledgers and nodes are in system memory, live for ever and have one writer")]
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
pub use off::{Context, Label, Meter, Profiler, exit, items, label, labelled, mark, memory_stats, track, write_report};
#[cfg(feature = "profiling")]
pub use profile::{Profiler, exit, write_report};
pub use report::{Format, Report, Written};
#[cfg(feature = "profiling")]
pub use scope::{Context, Label, Meter, items, label, labelled, track};
#[cfg(feature = "profiling")]
pub use tracker::{mark, memory_stats};

/// Opens a named scope, for a block of code within a function.
///
/// The scope lasts until its guard is dropped, so the guard needs a name: `let _scope = …`.
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
/// The guard may be dropped out of order, on another thread, or never (`std::mem::forget`): no byte is lost or counted
/// twice. Dropped on another thread, its scope is closed by the next allocation, free or scope of its own thread;
/// otherwise by the next enclosing function that ends. Cost: as a tracked call.
#[macro_export]
macro_rules! scope {
    ($name:literal) => {{
        static SITE: $crate::__private::Site =
            $crate::__private::Site::named($name, $crate::__private::file!(), $crate::__private::line!());
        $crate::__private::enter_block(&SITE)
    }};
}
