//! Sums over all ledgers of the figures that belong to limits: budgets and windows.

use crate::report::data::{Budget, Violations, Window, WorstCall};
use crate::tracker::{CallSpread, LimitFigures, Moment, Site};

/// Limit figures of a site's calls, one for each ledger.
fn seen(spreads: &[&'static CallSpread]) -> impl Iterator<Item = LimitFigures> {
    spreads.iter().filter_map(|spread| spread.limit_counters()?.read())
}

/// Violations of a site's budget; `None` without one.
pub(crate) fn violations(site: &Site, spreads: &[&'static CallSpread]) -> Option<Violations> {
    let watch = site.limits.filter(crate::tracker::Limits::has_budget)?;
    let mut count = 0;
    let mut worst: Option<LimitFigures> = None;
    for seen in seen(spreads).filter(|seen| seen.violations > 0) {
        count += seen.violations;
        if worst.is_none_or(|worst| seen.worst_excess > worst.worst_excess) {
            worst = Some(seen);
        }
    }
    Some(Violations {
        count,
        budget: Budget {
            max_allocated_bytes: watch.max_allocated,
            max_peak_bytes: watch.max_peak,
            max_net_bytes: watch.max_net,
            max_allocated_count: watch.max_count,
        },
        worst: worst.map(|seen| WorstCall {
            allocated_bytes: seen.worst.allocated,
            allocated_count: seen.worst.count,
            peak_bytes: seen.worst.peak,
            net_bytes: seen.worst.net,
            thread: main_or(seen.thread_id, || seen.thread.to_text()),
        }),
    })
}

/// Figures of the process while a site's calls ran; `None` without a window.
pub(crate) fn window(site: &Site, spreads: &[&'static CallSpread]) -> Option<Window> {
    site.limits.filter(|watch| watch.window)?;
    let (mut calls, mut sum) = (0, Moment::default());
    for seen in seen(spreads) {
        calls += seen.window_calls;
        sum = sum.plus(seen.window);
    }
    Some(Window {
        calls,
        allocated_bytes: sum.allocated,
        deallocated_bytes: sum.deallocated,
        net_bytes: sum.allocated.wrapping_sub(sum.deallocated) as i64,
    })
}

/// The system gives the main thread the program's name.
pub(crate) fn main_or(thread_id: u32, name: impl FnOnce() -> String) -> String {
    if thread_id == std::process::id() { "main".to_owned() } else { name() }
}
