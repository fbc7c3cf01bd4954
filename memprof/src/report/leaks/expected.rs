//! Groups that are expected: they are listed separately.

use crate::report::data::{LiveGroup, expected::SYMBOLS};
use crate::report::name::{path, printable};
use crate::size;
use crate::sorted;
use std::cmp::Reverse;
use std::collections::HashMap;

/// Their sum, and a line for each path and reason.
pub(super) fn lines(groups: &[&LiveGroup], lines: &mut Vec<String>) {
    if groups.is_empty() {
        return;
    }
    let mut sums: HashMap<(&[String], &str), (u64, u64)> = HashMap::new();
    let mut whole = (0_u64, 0_u64);
    for group in groups {
        let key = (&group.path[..], group.expected.as_deref().unwrap_or_default());
        for sum in [sums.entry(key).or_default(), &mut whole] {
            *sum = (sum.0.saturating_add(group.bytes), sum.1.saturating_add(group.count));
        }
    }
    let amount = |(bytes, count): (u64, u64)| format!("{} in {}", size::bytes(bytes), size::plural(count, "block"));
    lines.push(String::new());
    lines.push(format!("expected: {}", amount(whole)));
    let mut sums: Vec<_> = sums.into_iter().collect();
    sorted::by(&mut sums, |(a, (left, _)), (b, (right, _))| (Reverse(left), a).cmp(&(Reverse(right), b)));
    for ((functions, why), sum) in sums {
        let why = if why == SYMBOLS { why.to_owned() } else { format!("[leaks] ignore has \"{}\"", printable(why)) };
        lines.push(format!("  {}, in {} ({why})", amount(sum), path(functions)));
    }
}
