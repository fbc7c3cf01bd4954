//! What a report holds: plain owned data, named as in the JSON (schema 1).
//!
//! Sizes are whole bytes. A field that ends in `_mb` repeats a size as a float in MB (1 MB = 2^20 bytes), for people.
//! What is not known is `None` (`null` in JSON), never 0.

#[cfg(feature = "profiling")]
use serde::{Deserialize, Serialize};

/// The version of the JSON layout that this library writes and reads.
pub const SCHEMA_VERSION: u32 = 1;

macro_rules! data {
    ($($(#[$meta:meta])* pub struct $name:ident { $($(#[$field_meta:meta])* $field:ident: $type:ty,)* })*) => {$(
        $(#[$meta])*
        #[derive(Clone, Debug, Default, PartialEq)]
        #[cfg_attr(feature = "profiling", derive(Serialize, Deserialize))]
        #[non_exhaustive]
        pub struct $name { $($(#[$field_meta])* pub $field: $type,)* }
    )*};
}

data! {
    /// One report: what the process and each tracked function allocated, freed and still hold.
    ///
    /// The sum of the `self_*` columns over `functions`, plus `unattributed`, equals `totals` to the byte.
    pub struct Report {
        /// The layout of this report: 1.
        schema_version: u32,
        /// Which program this is, and when it ran.
        program: Program,
        /// Which allocator served it.
        allocator: Allocator,
        /// The whole process.
        totals: Totals,
        /// One row for each tracked function that was called.
        functions: Vec<Function>,
        /// What was allocated and freed outside every tracked function.
        unattributed: Unattributed,
        /// The same figures by call path.
        call_tree: Vec<CallTreeNode>,
        /// The same figures by thread; threads that follow each other can share a row.
        threads: Vec<Thread>,
        /// What is allocated and not yet freed.
        live: Live,
        /// jemalloc's own statistics, where it is the inner allocator.
        jemalloc: Option<JemallocStatistics>,
        /// What the operating system says of the process.
        os: Os,
        /// What the profiler itself takes.
        overhead: Overhead,
        /// What is missing from this report, in sentences.
        warnings: Vec<String>,
    }

    /// The program that was profiled.
    pub struct Program {
        /// File name of the executable.
        name: String,
        /// Process id.
        pid: u32,
        /// Command line arguments, without the program's own name; empty when `[reporting] program_args = false`.
        args: Vec<String>,
        /// When the profile started, RFC 3339, UTC.
        started_at: String,
        /// Seconds from the start of the profile to this report.
        duration_seconds: f64,
    }

    /// The allocator beneath the tracker.
    pub struct Allocator {
        /// Whether the tracker is the program's global allocator. If not, every figure of this report is empty.
        installed: bool,
        /// The allocator that does the work: `system`, `jemalloc`, or a path.
        inner: String,
    }

    /// The figures of the whole process.
    pub struct Totals {
        /// Bytes asked for: every allocation, and the full new size of every successful reallocation.
        allocated_bytes: u64,
        /// How many allocations (a reallocation is one).
        allocated_count: u64,
        /// Bytes given back: every free, and the old size of every successful reallocation.
        deallocated_bytes: u64,
        /// How many frees (a reallocation is one).
        deallocated_count: u64,
        /// Allocated − deallocated, bytes.
        net_bytes: i64,
        /// Allocated − deallocated, blocks.
        net_count: i64,
        /// The highest net, in bytes, correct to `peak_error_bytes`.
        peak_bytes: u64,
        /// How far `peak_bytes` can be off.
        peak_error_bytes: u64,
        /// How many reallocations.
        reallocated_count: u64,
        /// The sum of what reallocations added: max(0, new − old).
        grown_bytes: u64,
        /// `allocated_bytes` in MB.
        allocated_mb: f64,
        /// `deallocated_bytes` in MB.
        deallocated_mb: f64,
        /// `net_bytes` in MB.
        net_mb: f64,
        /// `peak_bytes` in MB.
        peak_mb: f64,
    }

    /// One tracked function or named block.
    ///
    /// The columns without a prefix are totals: the function and all beneath it in the call tree, each byte once.
    /// The `self_*` columns count only what happened while it was the innermost tracked function.
    pub struct Function {
        /// The function's Rust path, or the name it was given.
        name: String,
        /// Source file.
        file: String,
        /// Line of the function's name.
        line: u32,
        /// Calls started.
        calls: u64,
        /// Calls started and not finished.
        active: u64,
        /// Calls that ended by a panic.
        panicked: u64,
        /// Bytes allocated here and beneath.
        allocated_bytes: u64,
        /// Allocations here and beneath.
        allocated_count: u64,
        /// Bytes freed here and beneath, whoever allocated them.
        deallocated_bytes: u64,
        /// Frees here and beneath.
        deallocated_count: u64,
        /// Allocated − deallocated; negative where others' blocks were freed.
        net_bytes: i64,
        /// Bytes allocated by the function's own code.
        self_allocated_bytes: u64,
        /// Allocations by the function's own code.
        self_allocated_count: u64,
        /// Bytes freed by the function's own code.
        self_deallocated_bytes: u64,
        /// Frees by the function's own code.
        self_deallocated_count: u64,
        /// `self_allocated_bytes − self_deallocated_bytes`.
        self_net_bytes: i64,
        /// The highest that one call stood above its entry, on its own thread, bytes. `None` while no call has ended.
        peak_bytes: Option<u64>,
        /// Live bytes that the function's own code allocated, whoever will free them; an estimate where a sample is
        /// tracked. `None` where blocks that should have a record found no room, and where nothing is tracked.
        retained_bytes: Option<u64>,
        /// Standard error of `retained_bytes`; 0 when exact, 3 × `sample_interval_bytes` where no sample was found.
        retained_error_bytes: Option<u64>,
        /// `allocated_bytes` in MB.
        allocated_mb: f64,
        /// `net_bytes` in MB.
        net_mb: f64,
        /// `peak_bytes` in MB.
        peak_mb: Option<f64>,
        /// Bytes allocated per call.
        per_call: Option<Distribution>,
        /// Peak above entry per call, bytes.
        peak_per_call: Option<Distribution>,
        /// Calls beyond the function's budget. `None` where it has none.
        violations: Option<Violations>,
        /// What the whole process did while the function ran. `None` without `window = "process"`.
        window: Option<Window>,
    }

    /// How a function's calls kept to its budget. Of a recursion only the outermost call counts, and only what it did on
    /// its own thread.
    pub struct Violations {
        /// Calls that have ended and went beyond a limit.
        count: u64,
        /// The limits.
        budget: Budget,
        /// The call that exceeded a limit by the largest factor. `None` while all kept to them.
        worst: Option<WorstCall>,
    }

    /// The limits of one call. `None`: not limited.
    pub struct Budget {
        /// Bytes allocated.
        max_allocated_bytes: Option<u64>,
        /// Peak above entry, bytes.
        max_peak_bytes: Option<u64>,
        /// Allocated − freed, bytes.
        max_net_bytes: Option<u64>,
        /// Allocations.
        max_allocated_count: Option<u64>,
    }

    /// One call, and the thread on which it ended.
    pub struct WorstCall {
        /// Bytes allocated.
        allocated_bytes: u64,
        /// Allocations.
        allocated_count: u64,
        /// Peak above entry, bytes.
        peak_bytes: u64,
        /// Allocated − freed, bytes.
        net_bytes: i64,
        /// Name of the thread; empty where the system knows none.
        thread: String,
    }

    /// What everybody did while calls of a function ran: the difference of the process's figures between entry and exit,
    /// summed over the calls that have ended. Calls that overlap count the same bytes each; it is in no sum.
    pub struct Window {
        /// Calls that have ended.
        calls: u64,
        /// Bytes allocated by the process.
        allocated_bytes: u64,
        /// Bytes freed by the process.
        deallocated_bytes: u64,
        /// Allocated − freed.
        net_bytes: i64,
    }

    /// How a figure is spread over the calls that have ended, bytes. Of a recursion only the outermost call counts.
    ///
    /// The percentiles are by nearest rank, from log-linear buckets: off by at most 1/32 (3.1 %), exact below 16. They are
    /// `None` where a thread had more distinct sizes of calls than it has room for.
    pub struct Distribution {
        /// Smallest, exact.
        min: u64,
        /// Median.
        p50: Option<u64>,
        /// 95th percentile.
        p95: Option<u64>,
        /// 99th percentile.
        p99: Option<u64>,
        /// Largest, exact.
        max: u64,
    }

    /// What happened outside every tracked function.
    pub struct Unattributed {
        /// Bytes allocated.
        self_allocated_bytes: u64,
        /// Allocations.
        self_allocated_count: u64,
        /// Bytes freed.
        self_deallocated_bytes: u64,
        /// Frees.
        self_deallocated_count: u64,
        /// Allocated − deallocated.
        self_net_bytes: i64,
        /// Live bytes that were allocated outside every tracked function since the profile started; as
        /// [`Function::retained_bytes`].
        retained_bytes: Option<u64>,
        /// Standard error of `retained_bytes`; as [`Function::retained_error_bytes`].
        retained_error_bytes: Option<u64>,
    }

    /// One call path. The root is not a row: its figures are `unattributed`.
    pub struct CallTreeNode {
        /// Number of this row, from 0.
        id: u32,
        /// Row of the caller; `None` at the top.
        parent: Option<u32>,
        /// Name of the function.
        function: String,
        /// Calls by this path.
        calls: u64,
        /// Bytes allocated by the function's own code on this path.
        self_allocated_bytes: u64,
        /// Allocations by the function's own code on this path.
        self_allocated_count: u64,
        /// Bytes freed by the function's own code on this path.
        self_deallocated_bytes: u64,
        /// Frees by the function's own code on this path.
        self_deallocated_count: u64,
        /// Allocated − deallocated.
        self_net_bytes: i64,
    }

    /// One ledger: a thread, or several threads one after the other.
    pub struct Thread {
        /// Name of the (last) thread, or what stands for it.
        name: String,
        /// How many threads this row served.
        threads_served: u64,
        /// Bytes allocated.
        self_allocated_bytes: u64,
        /// Allocations.
        self_allocated_count: u64,
        /// Bytes freed.
        self_deallocated_bytes: u64,
        /// Frees.
        self_deallocated_count: u64,
        /// Allocated − deallocated; negative where another thread's blocks were freed.
        self_net_bytes: i64,
    }

    /// What is allocated and not yet freed.
    pub struct Live {
        /// Whether every allocation since the profile started that is still live has a record.
        /// False also where `track_allocations = false`.
        exact: bool,
        /// One allocation in about this many bytes is tracked; 1 = each.
        sample_interval_bytes: u64,
        /// Live allocations with a record. `None` where `track_allocations = false`.
        tracked: Option<u64>,
        /// Live allocations since the profile started that should have a record and found no room. Those that a sample
        /// passes over are not among them. `None` where `track_allocations = false`.
        not_tracked: Option<u64>,
        /// Live bytes of the tracked allocations, scaled up where sampled.
        estimated_bytes: Option<u64>,
        /// Live blocks of the tracked allocations, scaled up where sampled.
        estimated_count: Option<u64>,
        /// Standard error of `estimated_bytes`; 0 when exact, 3 × `sample_interval_bytes` without a sample. `None` where
        /// allocations found no room.
        error_bytes: Option<u64>,
        /// Live bytes from before the profile started (the runtime, statics), and of the profiler itself; about, where `exact` is false.
        before_start_bytes: u64,
        /// Live blocks from before the profile started, and of the profiler itself; about, where `exact` is false.
        before_start_count: u64,
        /// The tracked allocations, by call path and stack: what grows first, then by size.
        groups: Vec<LiveGroup>,
    }

    /// Live allocations made on one call path and, where stacks are captured, on one stack.
    pub struct LiveGroup {
        /// Names of the functions, outermost first; empty: outside every tracked function.
        path: Vec<String>,
        /// Live bytes.
        bytes: u64,
        /// Live blocks.
        count: u64,
        /// Standard error of `bytes`; 0 when exact.
        error_bytes: u64,
        /// Size of the largest block, bytes.
        largest_bytes: u64,
        /// Age of the oldest block.
        oldest_seconds: f64,
        /// Age of the newest block.
        newest_seconds: f64,
        /// `bytes` for each second since the oldest block was made.
        bytes_per_second: f64,
        /// `bytes` for each call of the path's last function on this path. `None` outside every tracked function.
        bytes_per_call: Option<f64>,
        /// What the birth times say of the group: `growing`, `kept since start` or `recent`.
        verdict: Option<String>,
        /// The pattern of `[leaks] ignore` that a function or frame of the group matches.
        expected: Option<String>,
        /// Where the blocks were made, innermost frame first; the profiler's own frames are left out. Empty where no stack
        /// was captured.
        stack: Vec<Frame>,
    }

    /// One function on a stack. Where the compiler has inlined functions, several of them share an address.
    pub struct Frame {
        /// Name of the function. `None` where the program has no symbols, or was built without the feature `backtraces`.
        function: Option<String>,
        /// Source file.
        file: Option<String>,
        /// Line in the file.
        line: Option<u32>,
        /// Where the function goes on when what it called returns: an address in the module's file, as `addr2line` takes
        /// it, or in memory where `module` is `None`.
        address: u64,
        /// File of the executable or library; where it has no symbols, with the identity of its build.
        module: Option<String>,
    }

    /// jemalloc's own statistics, bytes (see `stats.*` in its manual).
    pub struct JemallocStatistics {
        /// Allocated by the application.
        allocated: u64,
        /// In active pages.
        active: u64,
        /// In physically resident data pages.
        resident: u64,
        /// In active extents mapped by the allocator.
        mapped: u64,
        /// In virtual memory mappings that were retained rather than given back.
        retained: u64,
        /// Used by the allocator itself.
        metadata: u64,
    }

    /// What the operating system says of the process.
    pub struct Os {
        /// Resident set size now, bytes.
        rss_bytes: Option<u64>,
        /// Highest resident set size so far, bytes.
        peak_rss_bytes: Option<u64>,
    }

    /// What the profiler itself takes.
    pub struct Overhead {
        /// System memory that the profiler holds, bytes; in no other figure.
        profiler_bytes: u64,
        /// Guards that ended on another thread or in a place where their scope was already closed.
        misplaced_guards: u64,
        /// Calls that were not opened because too many scopes were open on their thread.
        scopes_not_opened: u64,
        /// Tracked allocations so far whose stack could not be captured: made on the stack of a coroutine or a signal
        /// handler, near the end of a thread's stack, or by code without unwind tables.
        stacks_not_captured: u64,
        /// Tracked allocations so far whose stack found no room among the stacks that are kept.
        stacks_without_room: u64,
        /// Stacks so far that were taken over from the last one and proved different. One in 1024 is looked at.
        stacks_corrected: u64,
    }
}

impl Report {
    /// The functions of which a call went beyond its budget, and how. Empty: every budget was kept, or there is none.
    ///
    /// ```
    /// # let report = memprof::Report::default();
    /// for (function, violations) in report.violations() {
    ///     eprintln!("{}: {} calls beyond their budget", function.name, violations.count);
    /// }
    /// assert_eq!(report.violations().count(), 0);
    /// ```
    pub fn violations(&self) -> impl Iterator<Item = (&Function, &Violations)> {
        self.functions.iter().filter_map(|function| {
            let violations = function.violations.as_ref().filter(|violations| violations.count > 0)?;
            Some((function, violations))
        })
    }
}
