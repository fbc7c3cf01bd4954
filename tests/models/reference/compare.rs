//! The report against the reference, figure by figure.

use std::collections::HashMap;

use memprof::Report;
use memprof::report::data::CallTreeNode;
use memprof_tests::{Flow, Profile, assert_stats_are, own};

use crate::book::{Book, MAX_PATHS, PathId, ROOT, SITES, Spread, with_book};
use crate::reference::{flow, retained};

/// The reference's figures of each path up to a moment. Made once: reading it takes no memory.
pub(crate) struct Figures(Vec<(Flow, i64)>);

impl Figures {
    pub(crate) fn new() -> Self {
        Self(vec![(Flow::default(), 0); MAX_PATHS])
    }

    fn read(&mut self) -> &[(Flow, i64)] {
        for (path, figures) in self.0.iter_mut().enumerate() {
            *figures = (flow(path), retained(path));
        }
        &self.0
    }
}

/// Panics unless the tracker's figures are those of the reference. No other thread is running.
pub(crate) fn assert_same(profile: &Profile, figures: &mut Figures) {
    let figures = figures.read();
    assert_stats_are(figures.iter().map(|(flow, _)| *flow).sum());
    // Nothing has happened since. Here the tracker reads, before it allocates anything.
    let report = profile.report();
    assert!(report.live.exact);
    assert_eq!(report.overhead.misplaced_guards + report.overhead.scopes_not_opened, 0);
    let rows = rows(&report);
    with_book(|book| {
        for path in book.paths() {
            let (own_flow, calls) = rows.get(&book.names(path)[..]).copied().unwrap_or_default();
            assert_eq!((own_flow, calls), (figures[path].0, book.calls[path]), "{:?}", book.names(path));
        }
        let known = book.paths().filter(|&path| rows.contains_key(&book.names(path)[..])).count();
        assert_eq!(known, rows.len(), "the tracker has paths that there are not");
        functions(book, &report, figures);
    });
    let own_work = &report.overhead.reporting;
    let outside = own(&report.unattributed);
    // What a report has left to the program is in both.
    assert_eq!(outside.allocated + own_work.allocated_bytes, figures[ROOT].0.allocated, "outside of functions");
    assert_eq!(outside.allocations + own_work.allocated_count, figures[ROOT].0.allocations, "outside of functions");
}

/// Figures of each call path and its number of calls, by the names on it.
fn rows(report: &Report) -> HashMap<Vec<&str>, (Flow, u64)> {
    let mut rows = HashMap::new();
    for row in &report.call_tree {
        let mut names = Vec::new();
        let mut next: Option<&CallTreeNode> = Some(row);
        while let Some(row) = next {
            names.insert(0, row.function.as_str());
            next = row.parent.map(|parent| &report.call_tree[parent as usize]);
        }
        assert!(rows.insert(names, (own(row), row.calls)).is_none(), "a path stands there twice");
    }
    rows
}

/// Checks the figures of functions as a whole.
fn functions(book: &Book, report: &Report, figures: &[(Flow, i64)]) {
    for (site, name) in SITES.into_iter().enumerate() {
        let paths = || book.paths().filter(|&path: &PathId| book.site(path) == site);
        let Some(row) = report.functions.iter().find(|row| row.name == name) else {
            assert_eq!(paths().count(), 0, "{name}");
            continue;
        };
        let live: i64 = paths().map(|path| figures[path].1).sum();
        assert_eq!((row.retained_bytes, row.retained_error_bytes), (Some(live as u64), Some(0)), "{name}");
        assert_eq!((row.active, row.panicked), (0, book.panicked[site]), "{name}");
        let spread = row
            .per_call
            .as_ref()
            .zip(row.peak_per_call.as_ref())
            .map(|(allocated, peak)| Spread { allocated: (allocated.min, allocated.max), peak: (peak.min, peak.max) });
        assert_eq!(spread, book.spreads[site], "{name}");
        assert_eq!(row.peak_bytes, book.spreads[site].map(|spread| spread.peak.1), "{name}");
    }
}
