//! The function whose memory grew most before a limit.
//!
//! The time is that since the heap was three quarters of what it is, as far as there are readings; otherwise the whole
//! run. If the function that grew most in that time has nearly stopped to grow, as one that has loaded an index, the
//! time is that since the heap was 95 % of what it is. Compared are the live bytes that the function's own code
//! allocated. Without them (blocks without a record, readings without a row) it is the function's own net, in which
//! blocks that it has handed over still count.

use super::over_time::{BEFORE_GROWTH, BEFORE_LATEST_GROWTH, OverTime};
use super::readings::ReadingKey;
use super::rows::RecordedByPath;
use crate::collect::merge::{Paths, address};
use crate::collect::site_names::{SiteNames, name};
use crate::report::data::AtLimit;
use crate::report::name::PANIC;
use std::collections::HashMap;

/// Share of its rate over the whole growth that a function has in the latest one if it still grows.
const STILL_GROWS: f64 = 0.5;

/// Bytes of each path before the growth, and before the latest one.
pub(crate) struct Earlier {
    growth: BytesBefore,
    latest: BytesBefore,
}

/// Bytes of each path at one moment.
struct BytesBefore {
    /// Seconds of the run.
    at: f64,
    /// `None`: some path may have no reading.
    live: Option<HashMap<usize, i64>>,
    net: HashMap<usize, i64>,
}

/// Growth of a function: bytes, and its name.
type GrownFunction = (i64, Option<String>);

impl Earlier {
    pub(crate) fn new(over_time: &OverTime, paths: &Paths) -> Self {
        let net: i64 = paths.all.iter().map(|path| path.reading.net_bytes()).sum();
        let moment = |share| BytesBefore::new(over_time, paths, over_time.before_growth(net, share));
        Self { growth: moment(BEFORE_GROWTH), latest: moment(BEFORE_LATEST_GROWTH) }
    }

    /// Adds the function that grew most, and its growth, to a report at a limit. `now`: seconds of the run.
    pub(crate) fn note_growth(
        self,
        at_limit: &mut AtLimit,
        recorded: Option<&RecordedByPath>,
        names: (&Paths, &SiteNames),
        now: f64,
    ) {
        let (growth, latest) = (self.growth.until_now(recorded, names), self.latest.until_now(recorded, names));
        let seconds = |moment: &BytesBefore| (now - moment.at).max(0.0);
        let (all, last) = (seconds(&self.growth), seconds(&self.latest));
        let Some((site, (grown, function))) = most(&growth) else { return };
        let of_latest = latest.get(site).map_or(0, |(grown, _)| *grown);
        let still_grows = of_latest as f64 * all >= *grown as f64 * last * STILL_GROWS;
        let (grown, function, seconds) = match most(&latest) {
            Some((_, (grown, function))) if !still_grows => (grown, function, last),
            _ => (grown, function, all),
        };
        at_limit.growing_function.clone_from(function);
        at_limit.growth_bytes = u64::try_from(*grown).ok();
        at_limit.growth_seconds = Some(seconds);
    }
}

impl BytesBefore {
    fn new(over_time: &OverTime, paths: &Paths, moment: Option<usize>) -> Self {
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

    /// Growth of each function since then, by site.
    fn until_now(
        &self,
        recorded: Option<&RecordedByPath>,
        (paths, names): (&Paths, &SiteNames),
    ) -> HashMap<usize, GrownFunction> {
        let live = recorded.and_then(RecordedByPath::retained).filter(|_| self.live.is_some());
        let before = self.live.as_ref().filter(|_| live.is_some()).unwrap_or(&self.net);
        let mut growth: HashMap<usize, GrownFunction> = HashMap::new();
        for (number, path) in paths.all.iter().enumerate() {
            let present = match live {
                Some(live) => i64::try_from(live.of(number).bytes()).unwrap_or(i64::MAX),
                None => path.reading.net_bytes(),
            };
            let site = path.site.map_or(0, address);
            let row = growth.entry(site).or_insert_with(|| (0, path.site.map(|site| name(names, site))));
            row.0 = row.0.saturating_add(present.saturating_sub(before.get(&number).copied().unwrap_or(0)));
        }
        growth
    }
}

/// The function that grew most, and its site. `None`: none grew.
fn most(growth: &HashMap<usize, GrownFunction>) -> Option<(&usize, &GrownFunction)> {
    let of_program = growth.iter().filter(|(_, (_, name))| name.as_deref() != Some(PANIC));
    of_program.max_by(|(_, one), (_, other)| one.cmp(other)).filter(|(_, (grown, _))| *grown > 0)
}
