//! Sums over all ledgers of the figures that belong to limits: budgets and windows; and those of items.

use crate::report::data::{Budget, Items, Violations, Window, WorstCall};
use crate::tracker::{CallSpread, ItemCounters, LimitFigures, Moment, Site};

/// Limit figures of a site's calls, one for each ledger.
fn figures(spreads: &[&'static CallSpread]) -> impl Iterator<Item = LimitFigures> {
    spreads.iter().filter_map(|spread| spread.limit_counters()?.read())
}

/// Violations of a site's budget; `None` without one.
pub(crate) fn violations(site: &Site, spreads: &[&'static CallSpread]) -> Option<Violations> {
    let limits = site.limits.filter(crate::tracker::Limits::has_budget)?;
    let mut count = 0;
    let mut worst: Option<LimitFigures> = None;
    for figures in figures(spreads).filter(|figures| figures.violations > 0) {
        count += figures.violations;
        if worst.is_none_or(|worst| figures.worst_excess > worst.worst_excess) {
            worst = Some(figures);
        }
    }
    Some(Violations {
        count,
        budget: Budget {
            max_allocated_bytes: limits.max_allocated,
            max_peak_bytes: limits.max_peak,
            max_net_bytes: limits.max_net,
            max_allocated_count: limits.max_count,
            max_net_bytes_per_item: limits.max_per_item,
        },
        worst: worst.map(|figures| WorstCall {
            allocated_bytes: figures.worst.allocated,
            allocated_count: figures.worst.count,
            peak_bytes: figures.worst.peak,
            net_bytes: figures.worst.net,
            items: figures.worst.items,
            thread: main_or(figures.thread_id, || figures.thread.to_text()),
        }),
    })
}

/// Figures of the process while a site's calls ran; `None` without a window.
pub(crate) fn window(site: &Site, spreads: &[&'static CallSpread]) -> Option<Window> {
    site.limits.filter(|limits| limits.window)?;
    let (mut calls, mut sum) = (0, Moment::default());
    for figures in figures(spreads) {
        calls += figures.window_calls;
        sum = sum.plus(figures.window);
    }
    Some(Window {
        calls,
        allocated_bytes: sum.allocated,
        deallocated_bytes: sum.deallocated,
        net_bytes: sum.allocated.wrapping_sub(sum.deallocated) as i64,
    })
}

/// Items of a site's calls and the bytes per item; `None` if nobody said how many there were.
pub(crate) fn items(spreads: &[&'static CallSpread], allocated: u64, retained: Option<u64>) -> Option<Items> {
    let counters = || spreads.iter().filter_map(|spread| spread.item_counters());
    counters().next()?;
    let count = counters().fold(0, |sum: u64, counters| sum.saturating_add(counters.count.get()));
    let per_item = |bytes: u64| (count > 0).then(|| bytes as f64 / count as f64);
    Some(Items {
        count,
        allocated_bytes_per_item: per_item(allocated),
        peak_bytes_per_item: counters().filter_map(ItemCounters::peak_per_item).reduce(f64::max),
        retained_bytes_per_item: retained.and_then(per_item),
    })
}

/// The system gives the main thread the program's name.
pub(crate) fn main_or(thread_id: u32, name: impl FnOnce() -> String) -> String {
    if thread_id == std::process::id() { "main".to_owned() } else { name() }
}
