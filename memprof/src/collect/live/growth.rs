//! The function whose memory grew most before a limit.
//!
//! The time is that since the heap was three quarters of what it is, as far as there are readings; otherwise the whole
//! run. Compared are the live bytes that the function's own code allocated. Without them (blocks without a record,
//! readings without a row) it is the function's own net, in which blocks that it has handed over still count.

use super::over_time::OverTime;
use super::readings::ReadingKey;
use super::rows::RecordedByPath;
use crate::collect::merge::{Paths, address};
use crate::collect::site_names::{SiteNames, name};
use crate::report::data::AtLimit;
use crate::report::name::PANIC;
use std::collections::HashMap;

/// Bytes of each path before the growth.
pub(crate) struct Earlier {
    /// Seconds of the run.
    at: f64,
    /// `None`: some path may have no reading.
    live: Option<HashMap<usize, i64>>,
    net: HashMap<usize, i64>,
}

impl Earlier {
    pub(crate) fn new(over_time: &OverTime, paths: &Paths) -> Self {
        let net: i64 = paths.all.iter().map(|path| path.reading.net_bytes()).sum();
        let moment = over_time.before_growth(net);
        let by_path = |rows: &HashMap<ReadingKey, Vec<i64>>| {
            let mut sums: HashMap<usize, i64> = HashMap::new();
            for (key, row) in rows {
                let bytes = moment.and_then(|moment| row.get(moment)).copied().unwrap_or(0);
                if let Some(&path) = paths.of_node.get(&key.owner) {
                    *sums.entry(path).or_default() += bytes;
                }
            }
            sums
        };
        let readings = &over_time.readings;
        Self {
            at: moment.and_then(|moment| over_time.moments.get(moment).copied()).unwrap_or(0.0),
            live: readings.is_live_whole.then(|| by_path(&readings.live)),
            net: readings.net.as_ref().map(by_path).unwrap_or_default(),
        }
    }

    /// Adds the function that grew most, and its growth, to a report at a limit. `now`: seconds of the run.
    pub(crate) fn note_growth(
        self,
        at_limit: &mut AtLimit,
        recorded: Option<&RecordedByPath>,
        (paths, names): (&Paths, &SiteNames),
        now: f64,
    ) {
        let live = recorded.and_then(RecordedByPath::retained).filter(|_| self.live.is_some());
        let before = self.live.filter(|_| live.is_some()).unwrap_or(self.net);
        let mut growth: HashMap<usize, (i64, Option<String>)> = HashMap::new();
        for (number, path) in paths.all.iter().enumerate() {
            let present = match live {
                Some(live) => i64::try_from(live.of(number).bytes()).unwrap_or(i64::MAX),
                None => path.reading.net_bytes(),
            };
            let site = path.site.map_or(0, address);
            let row = growth.entry(site).or_insert_with(|| (0, path.site.map(|site| name(names, site))));
            row.0 = row.0.saturating_add(present.saturating_sub(before.get(&number).copied().unwrap_or(0)));
        }
        let largest = growth.into_values().filter(|(_, name)| name.as_deref() != Some(PANIC)).max();
        let Some((grown, function)) = largest.filter(|(grown, _)| *grown > 0) else { return };
        at_limit.growing_function = function;
        at_limit.growth_bytes = u64::try_from(grown).ok();
        at_limit.growth_seconds = Some((now - self.at).max(0.0));
    }
}
