//! The reports of a kind that are kept: the latest, the largest, and those before the latest.

use crate::profile::output;
use crate::report::Written;

#[derive(Debug, Default)]
pub(super) struct KeptReports {
    reports: Vec<KeptReport>,
}

#[derive(Debug)]
struct KeptReport {
    profile: u64,
    /// Memory of the process.
    used: u64,
    written: Written,
}

impl KeptReports {
    /// Forgets the latest report, because the next one has its name.
    pub(super) fn forget_latest(&mut self) {
        self.reports.pop();
    }

    /// Adds the latest report, and removes those beyond `keep`, if their files are still the written ones.
    pub(super) fn add(&mut self, profile: u64, used: u64, written: Written, keep: usize) {
        self.reports.push(KeptReport { profile, used, written });
        while let Some(index) = superfluous(&self.reports.iter().map(|report| report.used).collect::<Vec<_>>(), keep) {
            let report = self.reports.remove(index);
            output::remove(report.profile, &report.written);
        }
    }
}

/// The oldest report that is neither the latest nor the largest, if there are more than `keep`. Of equal ones the later
/// is the largest. If only one is kept, it is the latest.
fn superfluous(used: &[u64], keep: usize) -> Option<usize> {
    if used.len() <= keep.max(1) {
        return None;
    }
    let largest = used.iter().enumerate().max_by_key(|(_, used)| **used).map(|(index, _)| index);
    let last = used.len() - 1;
    (0..last).find(|&index| keep <= 1 || Some(index) != largest)
}

#[cfg(test)]
mod tests {
    use super::superfluous;

    #[test]
    fn the_latest_and_the_largest_stay() {
        assert_eq!(superfluous(&[], 3), None);
        assert_eq!(superfluous(&[5, 4, 3], 3), None);
        assert_eq!(superfluous(&[5, 9, 3, 4], 3), Some(0));
        assert_eq!(superfluous(&[9, 5, 3, 4], 3), Some(1));
        assert_eq!(superfluous(&[9, 5, 4], 2), Some(1));
        assert_eq!(superfluous(&[5, 6, 9], 2), Some(0), "the latest is the largest");
        assert_eq!(superfluous(&[9, 9, 9], 2), Some(0));
        for keep in [0, 1] {
            assert_eq!(superfluous(&[9, 5], keep), Some(0), "the latest");
        }
    }
}
