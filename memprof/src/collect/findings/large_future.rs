//! `large_future`: the future of a tracked function is larger than 16 KB. A future that only holds another large one of
//! a tracked function is not named: without that one it has at most 16 KB.

use super::{about, named};
use crate::report::data::{Finding, Function, Report};
use crate::size;
use std::collections::HashMap;

/// Bytes up to which a future is not large.
const LARGE: u64 = 16 * 1024;
const ADVICE: &str = "Box what is large and lives across an .await (`Box::pin` of an inner future, a `Vec` instead of an \
                      array), or drop it before: moving the future copies all of it.";

pub(super) fn of(report: &Report) -> Vec<Finding> {
    let large = report.functions.iter().filter(|function| function.large_future.is_some());
    let sizes: HashMap<&str, u64> = large
        .clone()
        .filter_map(|function| Some((function.name.as_str(), function.large_future.as_ref()?.bytes)))
        .collect();
    if sizes.is_empty() {
        return Vec::new();
    }
    let within = largest_within(report, &sizes);
    large.filter_map(|function| finding(function, within.get(function.name.as_str()).copied())).collect()
}

/// The largest future of other functions beneath each function with a large one.
fn largest_within<'a>(report: &'a Report, sizes: &HashMap<&str, u64>) -> HashMap<&'a str, u64> {
    let mut within: HashMap<&str, u64> = HashMap::new();
    for row in &report.call_tree {
        let Some(&bytes) = sizes.get(row.function.as_str()) else { continue };
        let parent = |id: Option<u32>| report.call_tree.get(id? as usize);
        let above = std::iter::successors(parent(row.parent), |row| parent(row.parent));
        for caller in above.filter(|caller| caller.function != row.function) {
            // A future holds those inside it: one that is not smaller is not inside.
            if sizes.get(caller.function.as_str()).is_some_and(|&its| its >= bytes) {
                let largest = within.entry(&caller.function).or_default();
                *largest = bytes.max(*largest);
            }
        }
    }
    within
}

fn finding(function: &Function, within: Option<u64>) -> Option<Finding> {
    let future = function.large_future.as_ref()?;
    if future.bytes.saturating_sub(within.unwrap_or(0)) <= LARGE {
        return None;
    }
    let all = future.bytes.saturating_mul(future.most_alive.max(1));
    Some(Finding {
        title: format!(
            "{}: its future takes {}; {} alive at once, together {}",
            named(function),
            size::bytes(future.bytes),
            if future.most_alive == 1 {
                "1 was".to_owned()
            } else {
                format!("{} were", size::count(future.most_alive))
            },
            size::bytes(all),
        ),
        detail: format!(
            "{} bytes each, on the stack or in the block of the task that holds it; {} alive now",
            size::count(future.bytes),
            size::count(future.alive)
        ),
        advice: ADVICE.into(),
        bytes: all,
        exact: true,
        ..about(function, "large_future")
    })
}
