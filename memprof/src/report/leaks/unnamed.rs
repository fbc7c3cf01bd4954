//! Missing names and lines of stacks, and how to build the program so that it has them.

use super::frames;
use super::owner::Crates;
use crate::report::data::{Frame, Report};
use crate::report::name::printable;
use crate::sorted;

/// Frames that the groups show.
fn shown(report: &Report) -> Vec<&Frame> {
    let crates = Crates::of(report);
    report.live.groups.iter().flat_map(|group| frames::shown(group, &crates).frames()).collect()
}

/// Modules of addresses without a name: each once, with its build id.
pub(super) fn modules(report: &Report) -> Vec<String> {
    let unnamed = shown(report).into_iter().filter(|frame| frame.function.is_none());
    let mut modules: Vec<&str> = unnamed.filter_map(|frame| frame.module.as_deref()).collect();
    sorted::by(&mut modules, Ord::cmp);
    modules.dedup();
    modules.iter().map(|module| format!("addresses in {}", printable(module))).collect()
}

/// Advice on line numbers, if no frame has one.
pub(super) fn hint(report: &Report) -> Option<String> {
    let shown = shown(report);
    if shown.is_empty() || shown.iter().any(|frame| frame.line.is_some()) {
        return None;
    }
    if !cfg!(feature = "backtraces") {
        return Some("no function names and no line numbers: build memprof with its feature `backtraces`".into());
    }
    let (missing, strip) = if shown.iter().any(|frame| frame.function.is_some()) {
        ("no line numbers", "")
    } else {
        ("no function names and no line numbers", " and `strip = false`")
    };
    Some(format!("{missing}: build with `[profile.release] debug = \"line-tables-only\"`{strip}"))
}
