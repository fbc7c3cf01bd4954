//! Live memory: allocated and not yet deallocated.

use std::sync::Arc;

/// Values of [`LiveGroup::verdict`].
#[cfg(feature = "report")]
pub(crate) mod verdict {
    pub(crate) const GROWING: &str = "growing";
    pub(crate) const KEPT_SINCE_START: &str = "kept since start";
    pub(crate) const KEPT: &str = "kept";
    pub(crate) const RECENT: &str = "recent";
    pub(crate) const UNKNOWN: &str = "unknown";
}

/// Values of [`LiveGroup::growth`].
#[cfg(feature = "report")]
#[cfg_attr(not(feature = "profiling"), allow(dead_code))]
pub(crate) mod growth {
    pub(crate) const NEW_BLOCKS: &str = "new blocks";
    pub(crate) const LARGER_BLOCKS: &str = "larger blocks";
}

/// Values of [`Live::sampled_because`].
#[cfg(feature = "report")]
pub(crate) mod cause {
    pub(crate) const FIXED: &str = "fixed interval";
    pub(crate) const FULL: &str = "table full";
    pub(crate) const BUDGET: &str = "overhead budget";
}

/// Values of [`LiveGroup::expected`] that are no pattern.
#[cfg(feature = "report")]
pub(crate) mod expected {
    pub(crate) const SYMBOLS: &str = "symbols for backtraces, kept once they are read";
}

data! {
    /// Live memory: allocated and not yet deallocated.
    ///
    /// ```
    /// # let report = memprof::Report::default();
    /// match (report.live.estimated_bytes, report.live.error_bytes) {
    ///     (Some(bytes), Some(0)) => println!("{bytes} bytes are live"),
    ///     (Some(bytes), Some(error)) => println!("about {bytes} ± {error} bytes are live"),
    ///     _ => println!("not known"),
    /// }
    /// ```
    pub struct Live {
        /// True if every live allocation since the profile started has a record. False also with `track_allocations =
        /// false`.
        exact: bool,
        /// Current sampling interval: one allocation in about this many bytes is recorded; 1: all are.
        sample_interval_bytes: u64,
        /// Smallest and largest interval of the records, bytes. Each record has the largest interval that it was
        /// subject to, and stands for all blocks with the same probability. `None` without records.
        interval_range: Option<[u64; 2]>,
        /// Reason for a sample: `fixed interval` (`sample_interval_bytes`), `table full` (`max_tracked_allocations`) or
        /// `overhead budget` (`overhead_budget_percent`). `None` if all allocations are recorded.
        sampled_because: Option<String>,
        /// Live allocations with a record. `None` with `track_allocations = false`.
        tracked: Option<u64>,
        /// Live allocations since the profile started that should have a record but did not fit into the table. Those
        /// that a sample skips are not included. `None` with `track_allocations = false`.
        not_tracked: Option<u64>,
        /// Live bytes of the recorded allocations, scaled up in a sample.
        estimated_bytes: Option<u64>,
        /// Live blocks of the recorded allocations, scaled up in a sample.
        estimated_count: Option<u64>,
        /// Standard error of `estimated_bytes`; 0 when exact, 3 × `sample_interval_bytes` without a sample. `None` if
        /// more than 1 % of the recorded allocations did not fit into the table.
        error_bytes: Option<u64>,
        /// Live bytes from before the profile started (the runtime, statics) and those that reports have left.
        /// Approximate if `exact` is false.
        before_start_bytes: u64,
        /// Live blocks from before the profile started and those that reports have left. Approximate if `exact` is
        /// false.
        before_start_count: u64,
        /// Steady rise of the net of the whole process. It is exact, even if the groups are a sample. `None` without
        /// one.
        net_rise: Option<NetRise>,
        /// Recorded allocations by call path and place: growing groups first, then by size.
        groups: Vec<LiveGroup>,
    }

    /// A steady rise of the net of the whole process.
    ///
    /// ```
    /// # let report = memprof::Report::default();
    /// if let Some(rise) = &report.live.net_rise {
    ///     println!("the net rose by {} bytes in {:.0} s", rise.bytes, rise.seconds);
    /// }
    /// ```
    pub struct NetRise {
        /// Rise of the net.
        bytes: u64,
        /// Time since the rise began, seconds.
        seconds: f64,
        /// Time since the rise ended, if the net has not risen since although the program works. `None` if the rise
        /// continues or the program rests.
        ended_seconds: Option<f64>,
        /// The function whose own net rose most. A function's net also includes blocks that it has handed over, so a
        /// function is named only if no other function's net fell meanwhile.
        function: Option<String>,
        /// Rise of that function's net.
        function_bytes: Option<i64>,
    }

    /// Live allocations of one call path and, with stacks, of one place: their stacks differ only in recursion or in
    /// other crates' frames outside the program's own.
    ///
    /// ```
    /// # let report = memprof::Report::default();
    /// let growing = report.live.groups.iter().filter(|group| group.verdict.as_deref() == Some("growing"));
    /// for group in growing {
    ///     println!("{}: {:.0} bytes/s", group.path.join(" → "), group.bytes_per_second);
    /// }
    /// ```
    pub struct LiveGroup {
        /// Names of the functions, outermost first. Empty outside every tracked function.
        path: Vec<String>,
        /// Source file of the path's last function. `None` outside every tracked function.
        file: Option<String>,
        /// Line of that function's name.
        line: Option<u32>,
        /// Live bytes.
        bytes: u64,
        /// Live blocks.
        count: u64,
        /// Standard error of `bytes`; 0 when exact.
        error_bytes: u64,
        /// Upper bound, if the estimate `bytes` exceeds it: the bytes allocated on the path, or all live bytes.
        at_most_bytes: Option<u64>,
        /// Blocks with a record.
        samples: u64,
        /// Number of samples of equal weight with the same information; the number of blocks when exact.
        effective_samples: f64,
        /// Size of the largest block, bytes.
        largest_bytes: u64,
        /// Age of the oldest block.
        oldest_seconds: f64,
        /// Age of the newest block.
        newest_seconds: f64,
        /// Growth per second since the group began to grow. If it does not grow, `bytes` per second since the oldest
        /// block was made.
        bytes_per_second: f64,
        /// Calls of the path's last function on this path. `None` outside every tracked function.
        calls: Option<u64>,
        /// `bytes` per call of the path's last function on this path. `None` outside every tracked function.
        bytes_per_call: Option<f64>,
        /// Verdict on the group: `growing`, `kept since start`, `kept` (made in a stretch that is over, or in balance),
        /// `recent` or `unknown` (too few samples).
        verdict: Option<String>,
        /// Kind of growth of a growing group: `new blocks`, or `larger blocks` (reallocation, or a new block and a
        /// free).
        growth: Option<String>,
        /// Time since a growing group last grew, or since a block of any other group was enlarged.
        last_growth_seconds: Option<f64>,
        /// Time since the steady growth of a group ended that is now kept. `None` if it never grew steadily.
        growth_ended_seconds: Option<f64>,
        /// The pattern of `[leaks] ignore` that a function or frame of the group matches, or another reason why the
        /// group is expected: `symbols for backtraces, kept once they are read`.
        expected: Option<String>,
        /// Stack that allocated the blocks, innermost frame first: the shortest of several stacks. The profiler's own
        /// frames are omitted. Empty if no stack was captured.
        stack: Vec<Frame>,
    }

    /// One function on a stack. Functions that the compiler has inlined share an address.
    ///
    /// ```
    /// # let report = memprof::Report::default();
    /// for frame in report.live.groups.iter().flat_map(|group| &group.stack) {
    ///     println!("{} at {}:{}", frame.function.as_deref().unwrap_or("?"), frame.file.as_deref().unwrap_or("?"),
    ///         frame.line.unwrap_or(0));
    /// }
    /// ```
    pub struct Frame {
        /// Name of the function. `None` if the program has no symbols or was built without the feature `backtraces`.
        function: Option<Arc<str>>,
        /// Source file.
        file: Option<Arc<str>>,
        /// Line in the file.
        line: Option<u32>,
        /// Return address of the function's call: in the module's file, as `addr2line` takes it, or in memory if
        /// `module` is `None`.
        address: u64,
        /// File of the executable or library; with the build id if it has no symbols.
        module: Option<Arc<str>>,
    }
}
