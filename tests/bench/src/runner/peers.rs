//! Who is measured.

/// A peer, and what it is compared with.
#[derive(Debug)]
pub(super) struct Peer {
    pub(super) name: &'static str,
    /// The program in `src/bin`.
    pub(super) program: &'static str,
    /// For memprof: a name in `modes`.
    pub(super) mode: Option<&'static str>,
    /// The program with the allocator beneath, and nothing else.
    pub(super) bare: &'static str,
    /// Share of a workload for it, and for the bare allocator with it: peers that capture stacks would run for minutes.
    pub(super) scale: f64,
    /// True if its first events cost more than later ones, so that it is given a larger workload.
    pub(super) settles: bool,
    /// The crate whose version stands in the table.
    pub(super) package: Option<&'static str>,
}

impl Peer {
    const fn new(name: &'static str, program: &'static str, package: Option<&'static str>) -> Peer {
        Peer { name, program, mode: None, bare: "system", scale: 1.0, settles: false, package }
    }

    const fn memprof(name: &'static str, mode: &'static str) -> Peer {
        Peer { mode: Some(mode), ..Peer::new(name, "memprof", None) }
    }

    const fn over_jemalloc(self) -> Peer {
        Peer { program: "memprof_jemalloc", bare: "jemalloc", ..self }
    }

    const fn scaled(self, scale: f64) -> Peer {
        Peer { scale, ..self }
    }

    const fn settling(self) -> Peer {
        Peer { settles: true, ..self }
    }
}

/// Those that are compared by time. The first is the bare allocator compared with itself: what the machine adds.
pub(super) const PEERS: &[Peer] = &[
    Peer::new("(System with itself)", "system", None),
    Peer::memprof("memprof, disabled", "disabled"),
    Peer::memprof("memprof, counters", "counters"),
    Peer::memprof("memprof, default", "default").settling(),
    Peer::memprof("memprof, exact with stacks", "exact").scaled(0.2),
    Peer::new("two atomics", "two_atomics", None),
    Peer::new("stats_alloc", "stats_alloc", Some("stats_alloc")),
    Peer::new("peak_alloc", "peak_alloc", Some("peak_alloc")),
    Peer::new("tracking-allocator", "tracking_allocator", Some("tracking-allocator")),
    Peer::new("divan", "divan", Some("divan")),
    Peer::new("hotpath", "hotpath", Some("hotpath")),
    Peer::new("heapscope", "heapscope", Some("heapscope")).scaled(0.2),
    Peer::new("dhat, heap", "dhat_heap", Some("dhat")).scaled(0.02),
    Peer::new("dhat, testing", "dhat_testing", Some("dhat")).scaled(0.02),
    Peer::new("jemalloc, beside System", "jemalloc", Some("tikv-jemallocator")),
    Peer::memprof("memprof, disabled, over jemalloc", "disabled").over_jemalloc(),
    Peer::memprof("memprof, counters, over jemalloc", "counters").over_jemalloc(),
    Peer::memprof("memprof, default, over jemalloc", "default").over_jemalloc().settling(),
    Peer::memprof("memprof, exact with stacks, over jemalloc", "exact").over_jemalloc().scaled(0.2),
];

/// Peers whose instructions are counted. The default mode depends on time, which callgrind distorts: a sample stands in
/// for it. hotpath is excluded: it has a thread that wakes at intervals.
pub(super) const COUNTED: &[Peer] = &[
    Peer::memprof("memprof, disabled", "disabled"),
    Peer::memprof("memprof, counters", "counters"),
    Peer::memprof("memprof, a sample", "sampled"),
    Peer::memprof("memprof, exact with stacks", "exact").scaled(0.2),
    Peer::new("two atomics", "two_atomics", None),
    Peer::new("stats_alloc", "stats_alloc", Some("stats_alloc")),
    Peer::new("peak_alloc", "peak_alloc", Some("peak_alloc")),
    Peer::new("tracking-allocator", "tracking_allocator", Some("tracking-allocator")),
    Peer::new("divan", "divan", Some("divan")),
    Peer::new("heapscope", "heapscope", Some("heapscope")).scaled(0.2),
    Peer::new("dhat, heap", "dhat_heap", Some("dhat")).scaled(0.02),
];

/// Those that have a report.
pub(super) const REPORTERS: &[Peer] = &[
    Peer::memprof("memprof, default", "default"),
    Peer::memprof("memprof, exact with stacks", "exact"),
    Peer::new("hotpath", "hotpath", Some("hotpath")),
    Peer::new("heapscope", "heapscope", Some("heapscope")),
    Peer::new("dhat, heap", "dhat_heap", Some("dhat")),
];
