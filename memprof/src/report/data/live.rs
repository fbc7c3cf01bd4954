//! What is allocated and not yet freed.

use std::sync::Arc;

/// The words of [`LiveGroup::verdict`].
#[cfg(feature = "report")]
pub(crate) mod verdict {
    pub(crate) const GROWING: &str = "growing";
    pub(crate) const KEPT_SINCE_START: &str = "kept since start";
    pub(crate) const KEPT: &str = "kept";
    pub(crate) const RECENT: &str = "recent";
    pub(crate) const UNKNOWN: &str = "unknown";
}

/// The words of [`LiveGroup::growth`].
#[cfg(feature = "report")]
#[cfg_attr(not(feature = "profiling"), allow(dead_code))]
pub(crate) mod growth {
    pub(crate) const NEW_BLOCKS: &str = "new blocks";
    pub(crate) const LARGER_BLOCKS: &str = "larger blocks";
}

/// The words of [`Live::sampled_because`].
#[cfg(feature = "report")]
pub(crate) mod cause {
    pub(crate) const FIXED: &str = "fixed interval";
    pub(crate) const FULL: &str = "table full";
    pub(crate) const BUDGET: &str = "overhead budget";
}

/// Words of [`LiveGroup::expected`] that are no pattern.
#[cfg(feature = "report")]
pub(crate) mod expected {
    pub(crate) const SYMBOLS: &str = "symbols for backtraces, kept once they are read";
}

data! {
    /// What is allocated and not yet freed.
    pub struct Live {
        /// Whether every allocation since the profile started that is still live has a record.
        /// False also where `track_allocations = false`.
        exact: bool,
        /// Sampling interval now: one allocation in about this many bytes is tracked; 1: each.
        sample_interval_bytes: u64,
        /// Least and largest interval of the records, bytes: each block stands for those that had the same chance, by the
        /// largest interval that it was subject to. `None` where nothing has a record.
        interval_range: Option<[u64; 2]>,
        /// Why it is not each: `fixed interval` (`sample_interval_bytes`), `table full` (`max_tracked_allocations`) or
        /// `overhead budget` (`overhead_budget_percent`). `None` where each is tracked.
        sampled_because: Option<String>,
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
        /// Live bytes from before the profile started (the runtime, statics), and what reports have left; about, where `exact` is false.
        before_start_bytes: u64,
        /// Live blocks from before the profile started, and what reports have left; about, where `exact` is false.
        before_start_count: u64,
        /// How far the net of the whole process has risen steadily. It is exact, also where the groups are a sample.
        /// `None` where it has not.
        net_rise: Option<NetRise>,
        /// The tracked allocations, by call path and place: what grows first, then by size.
        groups: Vec<LiveGroup>,
    }

    /// A steady rise of the net of the whole process.
    pub struct NetRise {
        /// By how much the net has risen.
        bytes: u64,
        /// In the last so many seconds.
        seconds: f64,
        /// Time since it ended, where the net has not risen since although the program works on. `None`: it goes on, or the
        /// program rests.
        ended_seconds: Option<f64>,
        /// The function whose own net rose most. A function's net also holds what it has handed over, so that it is named only
        /// where no other one's net fell meanwhile.
        function: Option<String>,
        /// By how much the net of that function has risen.
        function_bytes: Option<i64>,
    }

    /// Live allocations made on one call path and, where stacks are captured, at one place: on stacks that differ in
    /// recursion alone, or in other crates' frames outside the program's own.
    pub struct LiveGroup {
        /// Names of the functions, outermost first; empty: outside every tracked function.
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
        /// The most that it can be, where the estimate `bytes` is more: what was allocated on the path, or is live in all.
        at_most_bytes: Option<u64>,
        /// Blocks with a record.
        samples: u64,
        /// How many samples of equal weight would say as much; the number of blocks when exact.
        effective_samples: f64,
        /// Size of the largest block, bytes.
        largest_bytes: u64,
        /// Age of the oldest block.
        oldest_seconds: f64,
        /// Age of the newest block.
        newest_seconds: f64,
        /// Growth for each second since it began to grow; where it does not grow, `bytes` for each second since the oldest
        /// block was made.
        bytes_per_second: f64,
        /// Calls of the path's last function on this path. `None` outside every tracked function.
        calls: Option<u64>,
        /// `bytes` for each call of the path's last function on this path. `None` outside every tracked function.
        bytes_per_call: Option<f64>,
        /// Verdict of the data on the group: `growing`, `kept since start`, `kept` (made in a stretch that is over, or in balance),
        /// `recent` or `unknown` (too few samples).
        verdict: Option<String>,
        /// How a growing group grows: by `new blocks` or by `larger blocks` (reallocation, or a new one and a free).
        growth: Option<String>,
        /// Time since a growing group grew last, or a block of any other was made larger.
        last_growth_seconds: Option<f64>,
        /// Time since the steady growth of a group ended that is kept now. `None` where it never grew steadily.
        growth_ended_seconds: Option<f64>,
        /// The pattern of `[leaks] ignore` that a function or frame of the group matches; or another reason why the group
        /// is expected: `symbols for backtraces, kept once they are read`.
        expected: Option<String>,
        /// Where the blocks were made, innermost frame first: of several stacks the shortest. The profiler's own frames are
        /// left out. Empty where no stack was captured.
        stack: Vec<Frame>,
    }

    /// One function on a stack. Where the compiler has inlined functions, several of them share an address.
    pub struct Frame {
        /// Name of the function. `None` where the program has no symbols, or was built without the feature `backtraces`.
        function: Option<Arc<str>>,
        /// Source file.
        file: Option<Arc<str>>,
        /// Line in the file.
        line: Option<u32>,
        /// Where the function goes on when what it called returns: an address in the module's file, as `addr2line` takes
        /// it, or in memory where `module` is `None`.
        address: u64,
        /// File of the executable or library; where it has no symbols, with the identity of its build.
        module: Option<Arc<str>>,
    }
}
