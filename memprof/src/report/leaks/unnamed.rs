//! What the stacks of a program lack, and how to build it so that they have it.

use super::frames;
use super::owner::{self, Owner};
use crate::report::data::{Frame, Report};
use crate::report::name::printable;

/// The lines beneath the groups: the modules of addresses without a name, and how to get line numbers.
pub(super) fn lines(report: &Report, lines: &mut Vec<String>) {
    let shown: Vec<Vec<&Frame>> = report.live.groups.iter().map(|group| frames::shown(group).frames()).collect();
    let unnamed = shown.iter().flatten().filter(|frame| frame.function.is_none());
    let mut modules: Vec<&str> = unnamed.filter_map(|frame| frame.module.as_deref()).collect();
    modules.sort_unstable();
    modules.dedup();
    let hint = hint(&shown);
    if modules.is_empty() && hint.is_none() {
        return;
    }
    lines.push(String::new());
    lines.extend(modules.iter().map(|module| format!("addresses are in {}", printable(module))));
    lines.extend(hint);
}

/// Said where no place in the user's code has a line.
fn hint(shown: &[Vec<&Frame>]) -> Option<String> {
    let places = || shown.iter().filter_map(|frames| frames.first()).filter(|frame| owner::of(frame) == Owner::User);
    let has_line = |frame: &&&Frame| frame.line.is_some();
    if places().next().is_none() || places().any(|frame| has_line(&frame)) {
        return None;
    }
    let (missing, strip) = if places().any(|frame| frame.function.is_some()) {
        ("no line numbers", "")
    } else {
        ("no function names and no line numbers", " and `strip = false`")
    };
    Some(format!("{missing}: build with `[profile.release] debug = \"line-tables-only\"`{strip}"))
}
