//! Rise of the net of the whole process.
//!
//! The net is exact even if the live table is a sample, so it can show growth that no group shows. The time is cut into
//! four parts. A rise is steady if the low level (with a tenth of the readings below it) and the median of each part
//! are above those of the part before, and the low level by at least a tenth of the whole rise: requests that come and
//! go do not change these. The time is the run without its first quarter, in which programs load what they keep;
//! otherwise its later half, or its last quarter.
//!
//! A rise can have ended: an index that was filled for three quarters of the run has risen in each part. Then the net
//! is level for at least the last quarter of the time, at a tenth of the earlier rate or less, while the program works.
//! In a program that rests the rise may continue with the next request.
//!
//! A function's own net includes what it has handed over: a parser whose results others drop rises for ever and keeps
//! nothing. So a function is named only if its net rose by at least half of the rise, and no other function's net fell
//! by more than a tenth of that.

use super::verdict::Activity;
use crate::collect::merge::{Paths, address};
use crate::collect::site_names::{SiteNames, name};
use crate::report::data;
use crate::sorted;
use std::collections::HashMap;

/// Minimum rise that is reported, bytes.
const LEAST: f64 = 16.0 * 1024.0;
/// The same for a call path. It is not reported: samples have to confirm it.
const LEAST_OF_PATH: f64 = 1024.0;
/// Minimum rise in multiples of the readings' error.
const ERRORS: f64 = 2.0;
/// Share of a part's readings below its low level. A single moment without work says little.
const LOW: f64 = 0.1;
/// Parts of the time.
const PARTS: usize = 4;
/// Minimum share of the whole rise from each part to the next.
const LEAST_SHARE: f64 = 0.1;
/// Beginning of the time, as a share of the run: the first of these that shows a rise.
const BEGINNINGS: [f64; 3] = [0.25, 0.5, 0.75];
/// Minimum number of readings in that time.
const FEWEST: usize = 12;
/// The same for a call path, which samples have to confirm.
const FEWEST_OF_PATH: usize = 8;
/// Minimum share of the time for which an ended rise is level.
const LEVEL: f64 = 0.25;
/// Share of the time at its end in which the net may be high for a moment.
const END: f64 = 0.1;
/// Maximum share of the earlier rate that is level.
const LEVEL_RATE: f64 = 0.1;
/// Share of the rise that may come after the end.
const NEARLY: f64 = 0.02;
/// Minimum share of the rise for a function to be named.
const MOST_OF_IT: f64 = 0.5;
/// Largest fall of another function's net, as a share of the rise. If one fell further, the function's blocks may have
/// been deallocated there.
const LARGEST_FALL: f64 = 0.1;

/// A steady rise.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct SteadyRise {
    /// Its beginning, seconds of the run.
    pub(crate) from: f64,
    /// Its end, seconds of the run; `None`: it continues.
    pub(crate) until: Option<f64>,
    pub(crate) bytes: f64,
    /// The function whose own net rose most, and the rise, if it can be named.
    pub(crate) by: Option<(String, i64)>,
}

impl SteadyRise {
    /// As in the report of a run of `now` seconds.
    pub(crate) fn to_report(&self, now: f64) -> data::NetRise {
        data::NetRise {
            // A cast from a float saturates.
            bytes: self.bytes as u64,
            seconds: (now - self.from).max(0.0),
            ended_seconds: self.until.map(|until| (now - until).max(0.0)),
            function: self.by.as_ref().map(|(name, _)| name.clone()),
            function_bytes: self.by.as_ref().map(|&(_, bytes)| bytes),
        }
    }
}

/// The steady rise of a net with these readings (seconds of the run, bytes); the last one is now.
pub(crate) fn steady(net: &[(f64, f64)], error: f64, activity: &Activity) -> Option<SteadyRise> {
    let least = LEAST.max(ERRORS * error);
    let rise = beginnings(net).find_map(|beginning| rise_since(net, beginning, least, FEWEST))?;
    Some(SteadyRise { until: end(net, &rise, activity), ..rise })
}

/// True if the net of one call path rises steadily.
pub(crate) fn is_steady_of_path(net: &[(f64, f64)], activity: &Activity) -> bool {
    let rise = beginnings(net).find_map(|beginning| rise_since(net, beginning, LEAST_OF_PATH, FEWEST_OF_PATH));
    rise.is_some_and(|rise| end(net, &rise, activity).is_none())
}

fn beginnings(net: &[(f64, f64)]) -> impl Iterator<Item = f64> {
    let now = net.last().map_or(0.0, |reading| reading.0);
    BEGINNINGS.iter().map(move |beginning| beginning * now)
}

/// The end of a rise; `None` if it continues, or the program rests.
fn end(net: &[(f64, f64)], rise: &SteadyRise, activity: &Activity) -> Option<f64> {
    let &(now, mut lowest) = net.last()?;
    // The level below which the net has not fallen since, the latest first.
    let since_then = net.iter().rev().map(|&(at, level)| {
        lowest = lowest.min(level);
        (at, lowest)
    });
    let floors: Vec<(f64, f64)> = since_then.take_while(|reading| reading.0 >= rise.from).collect();
    let span = now - rise.from;
    let top = floors.iter().find(|floor| floor.0 <= now - END * span)?.1;
    let &(_, bottom) = floors.last()?;
    let is_level = |&&(at, level): &&(f64, f64)| {
        let rate_before = (level - bottom) / (at - rise.from).max(f64::MIN_POSITIVE);
        now - at >= LEVEL * span && top - level <= LEVEL_RATE * rate_before * (now - at)
    };
    floors.iter().rev().find(is_level)?;
    let nearly_all = top - NEARLY * (top - bottom);
    let until = floors.iter().rev().find(|floor| floor.1 >= nearly_all)?.0;
    (!activity.rests((rise.from, until), now, rise.bytes)).then_some(until)
}

fn rise_since(net: &[(f64, f64)], from: f64, least: f64, fewest: usize) -> Option<SteadyRise> {
    let &(now, present) = net.last()?;
    let readings: Vec<(f64, f64)> = net.iter().copied().filter(|reading| reading.0 >= from).collect();
    if readings.len() < fewest {
        return None;
    }
    let part = (now - from) / PARTS as f64;
    let at = |net: &[f64], share: f64| net.get((net.len() as f64 * share) as usize).copied().unwrap_or(present);
    let begins = |number: usize| from + part * number as f64;
    let levels: Vec<(f64, f64)> = (0..PARTS)
        .map(|number| (begins(number), if number + 1 == PARTS { now } else { begins(number + 1) }))
        .map(|(begin, end)| {
            let of_part = readings.iter().filter(|reading| reading.0 >= begin && reading.0 <= end);
            let mut net: Vec<f64> = of_part.map(|reading| reading.1).collect();
            sorted::by(&mut net, f64::total_cmp);
            (at(&net, LOW), at(&net, 0.5))
        })
        .collect();
    let (first, last) = levels.first().zip(levels.last())?;
    // If the rise is even, the low level of each part is that of its beginning.
    let by_the_low = (last.0 - first.0) * PARTS as f64 / (PARTS - 1) as f64;
    let bytes = by_the_low.min(present - first.0);
    let rises = |pair: &[(f64, f64)]| match pair {
        [before, after] => after.0 - before.0 >= LEAST_SHARE * bytes && after.1 > before.1,
        _ => false,
    };
    let is_steady = last.1 - first.1 >= bytes / 2.0 && levels.windows(2).all(rises);
    (is_steady && bytes >= least).then_some(SteadyRise { from, until: None, bytes, by: None })
}

/// Rise of each function's own net since a reading; `before` returns a node's value in it. The row outside every
/// function has no name.
pub(crate) fn by_function(
    paths: &Paths,
    names: &SiteNames,
    before: impl Fn(&super::readings::ReadingKey) -> i64,
) -> Vec<(Option<String>, i64)> {
    let mut before_of: HashMap<usize, i64> = HashMap::new();
    for (&owner, &path) in &paths.of_node {
        let site = paths.all.get(path).and_then(|path| path.site).map_or(0, address);
        *before_of.entry(site).or_default() += before(&super::readings::ReadingKey { owner, stack: 0 });
    }
    let mut now: HashMap<usize, (Option<String>, i64)> = HashMap::new();
    for path in &paths.all {
        let site = path.site.map_or(0, address);
        let row = now.entry(site).or_insert_with(|| (path.site.map(|site| name(names, site)), 0));
        row.1 += path.reading.net_bytes();
    }
    let rises = now.into_iter().map(|(site, (name, net))| (name, net - before_of.get(&site).copied().unwrap_or(0)));
    rises.collect()
}

/// The one function that can be named for a rise of the process by so many bytes.
pub(crate) fn of_one(rises: &[(Option<String>, i64)], bytes: f64) -> Option<(String, i64)> {
    let (name, rise) = rises.iter().max_by_key(|row| row.1)?;
    let is_most = *rise as f64 >= MOST_OF_IT * bytes;
    let another_fell = rises.iter().any(|row| (-row.1) as f64 > LARGEST_FALL * *rise as f64);
    (is_most && !another_fell).then(|| Some((name.clone()?, *rise))).flatten()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::collect::live::verdict::WorkDone;

    fn every_second(net: impl Fn(f64) -> f64) -> Vec<(f64, f64)> {
        (0..=100).map(|second| (f64::from(second), net(f64::from(second)))).collect()
    }

    /// In a program that always works.
    fn risen(net: &[(f64, f64)], error: f64) -> Option<SteadyRise> {
        steady(net, error, &working_until(100.0))
    }

    /// A program that works until a moment and then rests.
    fn working_until(end: f64) -> Activity {
        let work = |second: f64| WorkDone { at: second, bytes: 1e6 * second.min(end), processor: second.min(end) };
        Activity::new((0..=100).map(f64::from).map(work).collect())
    }

    #[test]
    fn a_rise_that_is_over_says_when_it_ended() {
        let noise = |seconds: f64| if seconds % 7.0 < 3.0 { 50_000.0 } else { 0.0 };
        for full_at in [74.0, 76.0, 79.0, 81.0] {
            for noise in [|_| 0.0, noise] {
                let net = every_second(|seconds| seconds.min(full_at) * 50e3 + noise(seconds));
                let Some(rise) = risen(&net, 0.0) else { panic!("{full_at}: a rise") };
                let until = rise.until.unwrap_or_else(|| panic!("{full_at}: {rise:?}"));
                assert!((full_at - 9.0..=full_at + 1.0).contains(&until), "{full_at}: {rise:?}");
                // A program at rest may go on.
                let rise = steady(&net, 0.0, &working_until(full_at)).expect("a rise");
                assert_eq!(rise.until, None, "{full_at}");
                assert!(!is_steady_of_path(&net, &working_until(100.0)));
                assert!(is_steady_of_path(&net, &working_until(full_at)));
            }
        }
        // It goes on, also where it becomes slower.
        let slower = |seconds: f64| seconds.min(70.0) * 50e3 + (seconds - 70.0).max(0.0) * 10e3;
        for net in [every_second(|seconds| seconds * 50e3 + noise(seconds)), every_second(slower)] {
            assert_eq!(risen(&net, 0.0).expect("a rise").until, None);
        }
    }

    #[test]
    fn a_slope_beside_a_load_is_a_rise() {
        let load = |seconds: f64| if seconds > 3.0 { 28e6 } else { 0.0 };
        let rise = risen(&every_second(|seconds| load(seconds) + 3_000.0 * seconds), 0.0).expect("a rise");
        assert!(rise.from == 25.0 && (220_000.0..=225_000.0).contains(&rise.bytes), "{rise:?}");
        // Also where requests come and go.
        let busy = |seconds: f64| load(seconds) + 3_000.0 * seconds + if seconds % 7.0 < 3.0 { 50_000.0 } else { 0.0 };
        let rise = risen(&every_second(busy), 0.0).expect("a rise");
        assert!(rise.bytes >= 200_000.0, "{rise:?}");
    }

    #[test]
    fn what_is_level_falls_or_comes_and_goes_is_none() {
        assert_eq!(risen(&every_second(|_| 28e6), 0.0), None);
        assert_eq!(risen(&every_second(|seconds| 28e6 - seconds), 0.0), None);
        assert_eq!(risen(&every_second(|seconds| (seconds % 20.0) * 1e6), 0.0), None);
        assert_eq!(risen(&every_second(|seconds| seconds.min(50.0) * 1e6), 0.0), None, "a cache that is full");
        assert_eq!(risen(&every_second(|seconds| seconds * 1e3), 64e3 * 8.0), None, "less than the error");
        assert_eq!(risen(&[], 0.0), None);
    }

    #[test]
    fn chance_is_seldom_a_rise() {
        let mut state = 7_u64;
        let mut random = || {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            (state >> 33) as f64 / (1_u64 << 31) as f64
        };
        for readings in [16, 32, 128, 256] {
            let net = |random: &mut dyn FnMut() -> f64| -> Vec<(f64, f64)> {
                (0..readings).map(|at| (f64::from(at), 1e6 * random())).collect()
            };
            let seen = (0..2_000).filter(|_| risen(&net(&mut random), 0.0).is_some()).count();
            assert!(seen <= 20, "{seen} of 2,000 at {readings}");
        }
    }

    #[test]
    fn a_rise_that_begins_late_is_seen() {
        let rise = risen(&every_second(|seconds| (seconds - 75.0).max(0.0) * 4e3), 0.0).expect("a rise");
        assert_eq!((rise.from, rise.bytes), (75.0, 100_000.0));
    }

    #[test]
    fn a_function_is_named_only_where_no_other_net_fell() {
        let row = |name: &str, rise| (Some(name.to_owned()), rise);
        let leak = [row("note", 225_000), row("answer", -300), (None, 900)];
        assert_eq!(of_one(&leak, 226_000.0), Some(("note".into(), 225_000)));
        // `main` has dropped the parser's blocks. The small leak beside it cannot be told from that.
        let parser = [row("parse", 10_000_000), row("note", 225_000), (None, -9_900_000)];
        assert_eq!(of_one(&parser, 325_000.0), None);
        assert_eq!(of_one(&[row("a", 100_000), row("b", 90_000), row("c", 80_000)], 270_000.0), None);
        assert_eq!(of_one(&[(None, 225_000)], 225_000.0), None);
    }
}
