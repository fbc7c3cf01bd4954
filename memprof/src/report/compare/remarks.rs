//! Differences between two runs that make their figures hard to compare.

use crate::printable::Printable;
use crate::report::Report;
use crate::size;

/// Beginning of a remark about the accuracy of retained bytes.
pub(super) const RETAINED: &str = "Retained bytes";

/// One sentence each. Empty: the runs differ in nothing that is known.
pub(super) fn remarks(old: &Report, new: &Report) -> Vec<String> {
    let mut remarks = Vec::new();
    let (was, is) = (&old.program.name, &new.program.name);
    if was != is {
        remarks.push(format!("These are reports of different programs: {} and {}.", Printable(was), Printable(is)));
    }
    for (name, report) in [("old", old), ("new", new)] {
        if !report.allocator.installed {
            remarks.push(format!("Nothing was counted in the {name} report: memprof's allocator was not installed."));
        } else if !report.program.is_final {
            remarks.push(format!("The {name} report was written while the program ran: its figures are those so far."));
        }
    }
    let (was, is) = (&old.allocator.inner, &new.allocator.inner);
    if was != is && old.allocator.installed && new.allocator.installed {
        let (was, is) = (Printable(was), Printable(is));
        remarks.push(format!(
            "The inner allocator was {was} and is {is} now: resident memory and the memory that it holds depend on it."
        ));
    }
    let interval = |report: &Report| (!report.live.exact).then_some(report.live.sample_interval_bytes);
    match (interval(old), interval(new)) {
        (None, None) => {}
        (was, is) if was == is => remarks.push(
            "Retained bytes are estimates from samples: a change within twice its standard error is no change.".into(),
        ),
        (was, is) => {
            let words = |interval: Option<u64>| {
                interval.map_or("all live blocks".to_owned(), |bytes| {
                    format!("a sample, about one record in {},", size::bytes(bytes))
                })
            };
            remarks.push(format!(
                "Retained bytes come from {} in the old report and from {} in the new one: a change within twice its \
                 standard error is no change.",
                words(was),
                words(is)
            ));
        }
    }
    remarks.extend(settings(old, new));
    remarks
}

/// Keys that decide which figures there are, or how they are estimated, and whose values differ.
fn settings(old: &Report, new: &Report) -> Option<String> {
    let (old, new) = (old.settings.as_ref()?, new.settings.as_ref()?);
    macro_rules! changed {
        ($($key:ident)*) => {
            [$((stringify!($key), format!("{:?}", old.$key), format!("{:?}", new.$key))),*]
        };
    }
    let keys = changed! {
        enabled track_allocations max_tracked_allocations sample_interval_bytes overhead_budget_percent backtraces
        max_backtrace_frames max_label_values background_thread ignore
    };
    let changed = keys.iter().filter(|(_, old, new)| old != new);
    let changed: Vec<_> =
        changed.map(|(key, old, new)| format!("{key} ({} → {})", Printable(old), Printable(new))).collect();
    (!changed.is_empty()).then(|| format!("The runs had different settings: {}.", changed.join(", ")))
}
