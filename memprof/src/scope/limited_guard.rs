//! The guard of a sync function with a budget or a window. Other functions have a smaller one, which checks neither.

use super::guard::close;
use super::violation;
use crate::tracker::{self, Closed, Figures, Moment, Open, ScopeKind, Site};

/// Keeps the scope of a function with a budget or a window open until it is dropped.
#[must_use = "a scope ends when its guard is dropped: bind it with `let _scope = …`"]
#[derive(Debug)]
pub struct LimitedGuard {
    site: &'static Site,
    open: Option<Open>,
    started: Option<Moment>,
}

/// Opens the scope of a function with a budget or a window.
#[inline(never)]
pub fn enter_limited(site: &'static Site) -> LimitedGuard {
    if tracker::present().is_off() {
        return LimitedGuard { site, open: None, started: None };
    }
    let started = site.limits.filter(|limits| limits.window).map(|_| Moment::now());
    LimitedGuard { site, open: Open::here(site, ScopeKind::Call), started }
}

impl Drop for LimitedGuard {
    #[inline(never)]
    fn drop(&mut self) {
        let Self { site, open, started } = *self;
        let Some((open, closed)) = open.and_then(|open| Some((open, close(open)?))) else { return };
        check(site, open, &closed, 0, started);
    }
}

/// Checks a call that has ended.
#[inline(always)]
pub(super) fn check(site: &'static Site, open: Open, closed: &Closed, items: u64, started: Option<Moment>) {
    // As for the other per-call figures, the inner calls of a recursion are part of the outermost one.
    let Some(limits) = site.limits.filter(|_| closed.outermost) else { return };
    let figures = Figures {
        allocated: closed.allocated,
        count: closed.count,
        peak: closed.peak.max(0) as u64,
        net: closed.net,
        items,
    };
    if limits.check(open, closed.node, figures, started) {
        violation::panic_if_asked(site, figures);
    }
}
