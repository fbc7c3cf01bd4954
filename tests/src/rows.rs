//! The rows of a report: what one says, and that they add up.

use memprof::Report;
use memprof::report::data::{CallTreeNode, Function, Thread, Unattributed};
use std::collections::{HashMap, HashSet};
use std::iter::Sum;
use std::ops::{Add, Sub};

/// Bytes and blocks allocated and freed in one place.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Flow {
    /// Bytes.
    pub allocated: u64,
    /// Blocks.
    pub allocations: u64,
    /// Bytes.
    pub freed: u64,
    /// Blocks.
    pub frees: u64,
}

impl Flow {
    /// So many bytes in so many blocks, and what was freed of it likewise.
    pub const fn new(allocated: (u64, u64), freed: (u64, u64)) -> Self {
        Self { allocated: allocated.0, allocations: allocated.1, freed: freed.0, frees: freed.1 }
    }
}

/// The flow of this many bytes in this many blocks, allocated and freed as [`flash`](crate::flash) does.
pub const fn flashes(bytes: u64, blocks: u64) -> Flow {
    Flow::new((bytes, blocks), (bytes, blocks))
}

impl Add for Flow {
    type Output = Self;

    fn add(self, other: Self) -> Self {
        Self {
            allocated: self.allocated + other.allocated,
            allocations: self.allocations + other.allocations,
            freed: self.freed + other.freed,
            frees: self.frees + other.frees,
        }
    }
}

impl Sub for Flow {
    type Output = Flow;

    fn sub(self, other: Flow) -> Flow {
        Flow {
            allocated: self.allocated - other.allocated,
            allocations: self.allocations - other.allocations,
            freed: self.freed - other.freed,
            frees: self.frees - other.frees,
        }
    }
}

impl Sum for Flow {
    fn sum<I: Iterator<Item = Self>>(all: I) -> Self {
        all.fold(Self::default(), Self::add)
    }
}

/// Figures of a row's own code.
pub trait Own {
    /// The `self_*` columns and the net that is computed from them.
    fn columns(&self) -> (Flow, i64);
}

macro_rules! own {
    ($($row:ty),*) => {$(
        impl Own for $row {
            fn columns(&self) -> (Flow, i64) {
                let allocated = (self.self_allocated_bytes, self.self_allocated_count);
                let freed = (self.self_deallocated_bytes, self.self_deallocated_count);
                (Flow::new(allocated, freed), self.self_net_bytes)
            }
        }
    )*};
}
own!(Function, Unattributed, CallTreeNode, Thread);

/// The `self_*` columns of any row.
pub fn own(row: &impl Own) -> Flow {
    let (flow, net) = row.columns();
    assert_eq!(net, flow.allocated as i64 - flow.freed as i64);
    flow
}

/// The columns of a function and all beneath it.
pub fn total(row: &Function) -> Flow {
    let allocated = (row.allocated_bytes, row.allocated_count);
    let flow = Flow::new(allocated, (row.deallocated_bytes, row.deallocated_count));
    assert_eq!(row.net_bytes, flow.allocated as i64 - flow.freed as i64);
    flow
}

/// The one row of a function; panics where there is none, or more than one.
pub fn function<'r>(report: &'r Report, name: &str) -> &'r Function {
    let rows: Vec<&Function> = report.functions.iter().filter(|row| row.name == name).collect();
    let names = || report.functions.iter().map(|row| row.name.as_str()).collect::<Vec<_>>();
    assert_eq!(rows.len(), 1, "{} rows for {name} among {:?}", rows.len(), names());
    rows[0]
}

/// The functions of the crate `krate` and their numbers of calls, as `module::function: 2`, in the order of lines.
pub fn calls(report: &Report, krate: &str) -> Vec<String> {
    let of_crate = format!("{krate}::");
    let mut rows: Vec<&Function> = report.functions.iter().filter(|row| row.name.contains(&of_crate)).collect();
    rows.sort_by_key(|row| row.line);
    rows.iter().map(|row| format!("{}: {}", row.name.replace(&of_crate, ""), row.calls)).collect()
}

/// The names of the functions on a call path, outermost first.
fn call_path(report: &Report, row: &CallTreeNode) -> Vec<String> {
    let mut path = match row.parent {
        Some(parent) => call_path(report, &report.call_tree[parent as usize]),
        None => Vec::new(),
    };
    path.push(row.function.clone());
    path
}

/// How often each call path that ends in, or goes through, `function` was called, as `a → b → c`.
pub fn paths(report: &Report, function: &str) -> HashMap<String, u64> {
    let rows = report.call_tree.iter().map(|row| (call_path(report, row), row.calls));
    rows.filter(|(path, _)| path.iter().any(|name| name == function))
        .map(|(path, calls)| (path.join(" → "), calls))
        .collect()
}

/// Invariants 1 and 2 of the design, and what follows from them.
pub fn assert_rows_add_up(report: &Report) {
    let totals = &report.totals;
    let whole = Flow::new(
        (totals.allocated_bytes, totals.allocated_count),
        (totals.deallocated_bytes, totals.deallocated_count),
    );
    assert!(whole.allocated >= whole.freed && whole.allocations >= whole.frees, "{whole:?}");
    assert_eq!(totals.net_bytes, (whole.allocated - whole.freed) as i64);
    assert_eq!(totals.net_count, (whole.allocations - whole.frees) as i64);
    assert!(totals.peak_bytes as i64 >= totals.net_bytes);

    let root = own(&report.unattributed);
    assert_eq!(report.functions.iter().map(own).sum::<Flow>() + root, whole, "functions + unattributed");
    assert_eq!(report.call_tree.iter().map(own).sum::<Flow>() + root, whole, "call_tree + unattributed");
    assert_eq!(report.threads.iter().map(own).sum::<Flow>(), whole, "threads");
    // The profiler's own work stands in `overhead.reporting`.
    assert!(!report.functions.iter().any(|row| row.name == "memprof (reporting)"));
    assert!(!report.threads.iter().any(|row| row.name == "memprof"));
    assert_totals_are_those_of_the_tree(report);
    assert_retained_is_what_is_live(report);
}

/// A function's total is its own plus that of everything beneath it in the tree, each row once. Rows of the tree have
/// nothing but a name: functions that share theirs are left out.
fn assert_totals_are_those_of_the_tree(report: &Report) {
    let mut uses: HashMap<&str, usize> = HashMap::new();
    report.functions.iter().for_each(|row| *uses.entry(&row.name).or_default() += 1);
    let is_alone = |name: &str| uses[name] == 1;
    let mut totals: HashMap<&str, (Flow, Flow, u64)> = HashMap::new();
    for (id, row) in report.call_tree.iter().enumerate() {
        assert_eq!(row.id as usize, id);
        let own_sum = totals.entry(&row.function).or_default();
        own_sum.1 = own_sum.1 + own(row);
        own_sum.2 += row.calls;
        let mut above = HashSet::new();
        let mut next = Some(row);
        while let Some(row) = next {
            let is_first = above.insert(row.function.as_str());
            // Recursion folds, but not across a measurement.
            let is_fine = is_first || !is_alone(&row.function) || above.contains("memprof::testing");
            assert!(is_fine, "{} stands twice on a path", row.function);
            next = row.parent.map(|parent| &report.call_tree[parent as usize]);
        }
        for name in above {
            let sum = totals.entry(name).or_default();
            sum.0 = sum.0 + own(row);
        }
    }
    for row in report.functions.iter().filter(|row| is_alone(&row.name)) {
        let (sum, own_sum, calls) = totals[row.name.as_str()];
        assert_eq!((total(row), own(row), row.calls), (sum, own_sum, calls), "{}", row.name);
        assert!(row.active <= row.calls);
    }
}

/// Checks that functions retain exactly the live bytes, if everything is tracked.
fn assert_retained_is_what_is_live(report: &Report) {
    let live = &report.live;
    assert!(!live.exact || (live.not_tracked, live.sample_interval_bytes) == (Some(0), 1));
    // In a sample it is not known of functions without one.
    let unknown = (live.sample_interval_bytes > 1).then_some(0);
    let retained = report.functions.iter().map(|row| row.retained_bytes).chain([report.unattributed.retained_bytes]);
    let sum: Option<u64> = retained.map(|bytes| bytes.or(unknown.filter(|_| live.error_bytes.is_some()))).sum();
    assert_eq!(sum, live.error_bytes.and(live.estimated_bytes));
    if let Some(bytes) = live.estimated_bytes {
        assert_eq!(live.groups.iter().map(|group| group.bytes).sum::<u64>(), bytes);
        assert_eq!(Some(live.groups.iter().map(|group| group.count).sum()), live.estimated_count);
        assert!(!live.exact || live.estimated_count == live.tracked);
    }
}
