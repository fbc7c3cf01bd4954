//! Rows of a report: functions, call tree, threads.

use super::limits::{self, main_or};
use super::merge::{LedgerSum, Paths, address};
use super::site_names::{SiteNames, name};
use super::spread::Spread;
use crate::collect::live::estimate::Estimate;
use crate::collect::live::rows::Retained;
use crate::os::threads::thread_name::{self, ThreadName};
use crate::report::data::{CallTreeNode, Function, LargeFuture, Thread, Unattributed};
use crate::size;
use crate::sorted;
use crate::tracker::{CallSpread, Ledger, NodeDistribution, Reading, Site, present};
use std::collections::HashMap;
use std::sync::atomic::Ordering::Relaxed;

/// Sums of one function.
struct Sum {
    site: &'static Site,
    own: Reading,
    total: Reading,
    panicked: u64,
    peak: Option<u64>,
    retained: Estimate,
    unrecorded: u64,
    spreads: Vec<&'static CallSpread>,
}

/// One row for each function, sorted by allocated bytes.
pub(crate) fn functions(paths: &Paths, names: &SiteNames, retained: Option<Retained<'_>>) -> Vec<Function> {
    let mut sums: Vec<Sum> = Vec::new();
    let mut of_site: HashMap<usize, usize> = HashMap::new();
    for (index, path) in paths.all.iter().enumerate() {
        let Some(site) = path.site else { continue };
        let at = *of_site.entry(address(site)).or_insert_with(|| {
            sums.push(Sum {
                site,
                own: Reading::default(),
                total: Reading::default(),
                panicked: 0,
                peak: None,
                retained: Estimate::default(),
                unrecorded: 0,
                spreads: Vec::new(),
            });
            sums.len() - 1
        });
        if let Some(sum) = sums.get_mut(at) {
            sum.own = sum.own.plus(&path.reading);
            sum.panicked += path.panicked;
            sum.peak = sum.peak.max(path.peak);
            sum.unrecorded += path.unrecorded;
            sum.spreads.extend(&path.spreads);
            if let Some(retained) = retained {
                sum.retained = sum.retained.plus(retained.of(index));
            }
        }
    }
    // Each byte counts once for each function above it.
    let beneath = paths.with_all_beneath();
    for index in paths.outermost() {
        let site = paths.all.get(index).and_then(|path| path.site);
        let at = site.and_then(|site| of_site.get(&address(site)));
        if let Some((sum, all)) = at.and_then(|&at| sums.get_mut(at)).zip(beneath.get(index)) {
            sum.total = sum.total.plus(all);
        }
    }
    let mut functions: Vec<Function> = sums.iter().map(|sum| function(sum, names, retained)).collect();
    sorted::by(&mut functions, |a, b| {
        let key = |row: &Function| (std::cmp::Reverse(row.allocated_bytes), std::cmp::Reverse(row.net_bytes));
        key(a).cmp(&key(b)).then_with(|| (&a.name, &a.file, a.line).cmp(&(&b.name, &b.file, b.line)))
    });
    functions
}

fn function(sum: &Sum, names: &SiteNames, retained: Option<Retained<'_>>) -> Function {
    let (own, total) = (&sum.own, &sum.total);
    let kept = retained.filter(|retained| retained.is_known(sum.retained, own.allocated.bytes));
    let recorded = own.finished.saturating_sub(sum.unrecorded);
    let spread = |figure: fn(&CallSpread) -> &NodeDistribution| {
        Spread::of(sum.spreads.iter().map(|spread| figure(spread)), recorded).to_report()
    };
    Function {
        name: name(names, sum.site),
        file: sum.site.file.to_owned(),
        line: sum.site.line,
        calls: own.calls,
        active: own.calls.saturating_sub(own.finished),
        panicked: sum.panicked,
        allocated_bytes: total.allocated.bytes,
        allocated_count: total.allocated.count,
        deallocated_bytes: total.deallocated.bytes,
        deallocated_count: total.deallocated.count,
        net_bytes: total.net_bytes(),
        self_allocated_bytes: own.allocated.bytes,
        self_allocated_count: own.allocated.count,
        self_deallocated_bytes: own.deallocated.bytes,
        self_deallocated_count: own.deallocated.count,
        self_net_bytes: own.net_bytes(),
        reallocated_count: own.reallocations.reallocated_count,
        grown_bytes: own.reallocations.grown_bytes,
        copied_bytes: own.reallocations.copied_bytes,
        peak_bytes: sum.peak,
        retained_bytes: kept.map(|_| sum.retained.bytes()),
        retained_error_bytes: kept.map(|retained| retained.error(sum.retained)),
        allocated_mb: size::mb(total.allocated.bytes),
        net_mb: size::mb(total.net_bytes()),
        peak_mb: sum.peak.map(size::mb),
        per_call: spread(|spread| &spread.allocated),
        peak_per_call: spread(|spread| &spread.peak),
        violations: limits::violations(sum.site, &sum.spreads),
        window: limits::window(sum.site, &sum.spreads),
        items: limits::items(&sum.spreads, total.allocated.bytes, kept.map(|_| sum.retained.bytes())),
        large_future: sum.site.future.read().map(|(bytes, alive, most_alive)| LargeFuture { bytes, alive, most_alive }),
    }
}

/// Figures outside every function: those of the root.
pub(crate) fn unattributed(paths: &Paths, retained: Option<Retained<'_>>) -> Unattributed {
    let root = paths.all.first().map(|root| root.reading).unwrap_or_default();
    let retained = retained.filter(|retained| retained.is_known(retained.of(0), root.allocated.bytes));
    Unattributed {
        self_allocated_bytes: root.allocated.bytes,
        self_allocated_count: root.allocated.count,
        self_deallocated_bytes: root.deallocated.bytes,
        self_deallocated_count: root.deallocated.count,
        self_net_bytes: root.net_bytes(),
        reallocated_count: root.reallocations.reallocated_count,
        grown_bytes: root.reallocations.grown_bytes,
        copied_bytes: root.reallocations.copied_bytes,
        retained_bytes: retained.map(|retained| retained.of(0).bytes()),
        retained_error_bytes: retained.map(|retained| retained.error(retained.of(0))),
    }
}

/// All paths except the root: a caller before its callees, siblings in the order of their first calls.
pub(crate) fn call_tree(paths: &Paths, names: &SiteNames) -> Vec<CallTreeNode> {
    let children = paths.children();
    let mut rows = Vec::new();
    let mut waiting: Vec<(usize, Option<u32>)> = vec![(0, None)];
    while let Some((index, parent)) = waiting.pop() {
        let id = rows.len() as u32;
        let path = paths.all.get(index);
        if let Some((path, site)) = path.and_then(|path| Some((path, path.site?))) {
            let reading = &path.reading;
            rows.push(CallTreeNode {
                id,
                parent,
                function: name(names, site),
                calls: reading.calls,
                self_allocated_bytes: reading.allocated.bytes,
                self_allocated_count: reading.allocated.count,
                self_deallocated_bytes: reading.deallocated.bytes,
                self_deallocated_count: reading.deallocated.count,
                self_net_bytes: reading.net_bytes(),
                reallocated_count: reading.reallocations.reallocated_count,
                grown_bytes: reading.reallocations.grown_bytes,
                copied_bytes: reading.reallocations.copied_bytes,
            });
        }
        let parent = (index != 0).then_some(id);
        let below = children.get(index).into_iter().flatten();
        // The last one pushed is taken next.
        waiting.extend(below.rev().map(|&child| (child, parent)));
    }
    rows
}

/// One row for each ledger.
pub(crate) fn threads(ledgers: &[LedgerSum]) -> Vec<Thread> {
    let used = ledgers.iter().filter(|ledger| !ledger.ledger.is_shared() || ledger.reading.is_used());
    let mut rows: Vec<(u32, Thread)> = used
        .map(|LedgerSum { ledger, reading }| {
            let thread = Thread {
                name: thread_name(ledger),
                threads_served: ledger.threads_served.get(),
                self_allocated_bytes: reading.allocated.bytes,
                self_allocated_count: reading.allocated.count,
                self_deallocated_bytes: reading.deallocated.bytes,
                self_deallocated_count: reading.deallocated.count,
                self_net_bytes: reading.net_bytes(),
            };
            (if ledger.is_shared() { u32::MAX } else { ledger.number.load(Relaxed) }, thread)
        })
        .collect();
    sorted::by_key(&mut rows, |&(number, _)| number);
    rows.into_iter().map(|(_, row)| row).collect()
}

/// Name of a ledger's thread, or a substitute.
pub(crate) fn thread_name(ledger: &'static Ledger) -> String {
    if ledger.is_shared() {
        return "(threads that were over)".to_owned();
    }
    let id = ledger.thread_id.load(Relaxed);
    let known = main_or(id, || {
        if present().is(ledger) {
            ThreadName::current().to_text()
        } else {
            thread_name::of_running(id).unwrap_or_else(|| ledger.last_name().to_text())
        }
    });
    if known.is_empty() { format!("thread {}", ledger.number.load(Relaxed)) } else { known }
}
