//! Along what memprof's costs are measured, and what is said about how they grow.

/// A quantity that grows, and the values of it at which costs are measured.
pub(super) struct Axis {
    /// As the program `scaling` knows it; a part of the plot's file name.
    pub(super) name: &'static str,
    pub(super) title: &'static str,
    pub(super) at: &'static [usize],
    /// The mode of memprof that stands for the default one: what it comes to, or itself where runs are long.
    pub(super) usual: &'static str,
    /// Why each line is as it is, in the order of [`LINES`]; empty: the axis does not have it.
    pub(super) reasons: [&'static str; 9],
    /// The most of it that a run with everything tracked is measured with: beyond, the table takes gigabytes.
    pub(super) exact_up_to: usize,
    /// Name of an allocation and its free with everything tracked: one after the other, or among all live blocks.
    pub(super) exact_pair: &'static str,
}

/// One line of each axis' table.
pub(super) struct Line {
    pub(super) title: &'static str,
    pub(super) mode: Mode,
    /// Name of the axis in the program `scaling`.
    pub(super) figure: &'static str,
    /// True if the cost without memprof is subtracted.
    pub(super) beyond: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Mode {
    Counters,
    /// [`Axis::usual`].
    Usual,
    Exact,
}

/// An allocation and its free; see [`Axis::exact_pair`].
pub(super) const PAIR: &str = "pair";

pub(super) const LINES: [Line; 9] = [
    Line { title: "allocation and free, counters, ns", mode: Mode::Counters, figure: PAIR, beyond: true },
    Line { title: "the same, default, ns", mode: Mode::Usual, figure: PAIR, beyond: true },
    Line { title: "the same, exact with stacks, ns", mode: Mode::Exact, figure: PAIR, beyond: true },
    Line { title: "tracked call, ns", mode: Mode::Counters, figure: "call", beyond: false },
    Line { title: "`memory_stats()`, µs", mode: Mode::Counters, figure: "stats", beyond: false },
    Line { title: "`Profiler::report()`, counters, ms", mode: Mode::Counters, figure: "report", beyond: false },
    Line { title: "the same, exact with stacks, ms", mode: Mode::Exact, figure: "report", beyond: false },
    Line { title: "memory of the profiler, default, MB", mode: Mode::Usual, figure: "bytes", beyond: false },
    Line { title: "a thread that begins, exact with stacks, µs", mode: Mode::Exact, figure: "start", beyond: true },
];

pub(super) const AXES: [Axis; 5] = [
    Axis {
        name: "threads",
        title: "threads that are alive at once",
        at: &[1, 2, 4, 8, 16, 32, 64],
        usual: "sampled",
        exact_up_to: usize::MAX,
        exact_pair: PAIR,
        reasons: [
            "counters belong to the thread: one writer, plain adds",
            "as counters; the filter is shared and only read, unless a block is in the sample",
            "the live table is shared, without locks: each record writes one slot of it, and one count of all, whose line threads that work at the same moment take from each other; the last stack belongs to the thread",
            "nodes and open scopes belong to the thread",
            "a walk over the nodes of all threads",
            "the same walk, twice, and a merge of all nodes by call path",
            "as before; most of it is reading the program's symbols",
            "48 KiB of address space and 16 KiB for the last stack of each thread, used again by later ones",
            "its first stack reads the system's list of mappings up to the thread's own, which stands before those of older threads; alone it pays for the first stack of all",
        ],
    },
    Axis {
        name: "functions",
        title: "distinct functions",
        at: &[10, 100, 1_000, 10_000],
        usual: "sampled",
        exact_up_to: usize::MAX,
        exact_pair: PAIR,
        reasons: [
            "the current node is charged, whichever it is; beyond 1,000 nodes they are in no near cache",
            "as counters",
            "as counters",
            "one look into a hash table that is at most half full, and the node; both outgrow the caches",
            "a walk over all nodes; those of 1,000 functions and more are in no near cache",
            "a node is a row",
            "as before",
            "256 bytes for each node, and 48 to 96 in the hash table",
            "",
        ],
    },
    Axis {
        name: "depth",
        title: "calls beneath each other",
        at: &[1, 10, 100, 1_000],
        usual: "sampled",
        exact_up_to: usize::MAX,
        exact_pair: PAIR,
        reasons: [
            "the innermost node is charged, and no other",
            "as counters",
            "words that are as they were are checked, four instructions each, of the innermost 64 frames at most",
            "a call looks at its caller's node, never further",
            "a walk over all nodes: there is one for each depth",
            "a node is a row, and adds what it has to its caller's",
            "as before",
            "256 bytes for each node, 64 for each open scope",
            "",
        ],
    },
    Axis {
        name: "live",
        title: "live allocations",
        at: &[1_000, 10_000, 100_000, 1_000_000, 10_000_000],
        usual: "sampled",
        exact_up_to: 1_000_000,
        exact_pair: "replaced",
        reasons: [
            "counters do not know how many blocks are live",
            "the table holds at most `max_tracked_allocations`",
            "any of the live blocks replaced. One hash, one bucket of 8 slots: as many steps in a table of any size, but it outgrows the caches, and each event touches it in five places",
            "no call looks at what is live",
            "as many nodes as before",
            "as many nodes as before",
            "all records are copied and grouped",
            "the table is made at the start for `max_tracked_allocations`, however many are live",
            "",
        ],
    },
    Axis {
        name: "length",
        title: "allocations, and calls, so far",
        at: &[100_000, 1_000_000, 10_000_000, 100_000_000],
        usual: "default",
        exact_up_to: 10_000_000,
        exact_pair: PAIR,
        reasons: [
            "counters are added to in place: nothing is kept of an event",
            "exact until the budget of tracking is used up, then a sample",
            "a record goes with its block",
            "calls are added up in place, their distribution in fixed buckets",
            "as many nodes as before",
            "as many nodes as before",
            "as before",
            "nothing is kept of an event",
            "",
        ],
    },
];
