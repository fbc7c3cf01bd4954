//! Kinds of programs with a simulated clock, and the verdicts that they should have.

use super::*;

mod turnover;

/// A group with blocks of 100 B, made at these seconds of a run, in a program that is always as busy.
struct Case {
    births: Vec<(f64, f64)>,
    levels: Vec<(f64, f64)>,
    activity: Activity,
    calls: u64,
    calls_before: Vec<(f64, f64)>,
    allocations: u64,
    weight: f64,
    error: f64,
    chance: f64,
    now: f64,
    was_enlarged_late: bool,
    has_rising_net: bool,
}

impl Case {
    fn new(now: f64, made: impl IntoIterator<Item = f64>) -> Self {
        let births: Vec<(f64, f64)> = made.into_iter().map(|at| (at, 100.0)).collect();
        let count = births.len() as u64;
        Self {
            births,
            levels: Vec::new(),
            activity: busy(now, |seconds| seconds),
            calls: count,
            calls_before: Vec::new(),
            allocations: count,
            weight: 1.0,
            error: 0.0,
            chance: 1.0,
            now,
            was_enlarged_late: false,
            has_rising_net: false,
        }
    }

    /// One block, made or made larger last at a moment.
    fn block(now: f64, at: f64, bytes: f64) -> Self {
        Self { births: vec![(at, bytes)], ..Self::new(now, []) }
    }

    /// With 32 readings of its live bytes.
    fn read(mut self, level: impl Fn(f64) -> f64) -> Self {
        self.levels = (0..32).map(|moment| f64::from(moment) * self.now / 32.0).map(|at| (at, level(at))).collect();
        self
    }

    fn verdict(&self) -> Verdict {
        let bytes: f64 = self.births.iter().map(|birth| birth.1 * self.weight).sum();
        let births = self.births.iter();
        let births =
            births.map(|&(at, bytes)| Birth { at, since: at, weight: self.weight, bytes: bytes * self.weight });
        Verdict::of(&Evidence {
            births: Births::new(births.collect()),
            levels: Levels::new(self.levels.clone()),
            bytes,
            error: self.error,
            effective: self.births.len() as f64,
            is_thin: self.weight > 1.1,
            chance: self.chance,
            was_enlarged_late: self.was_enlarged_late,
            was_enlarged: self.was_enlarged_late,
            count: self.births.len() as f64 * self.weight,
            calls: self.calls,
            has_rising_net: self.has_rising_net,
            calls_before: Levels::new(self.calls_before.clone()),
            allocations: self.allocations,
            activity: &self.activity,
            now: self.now,
        })
    }

    #[track_caller]
    fn is(&self, name: &str) {
        assert_eq!(self.verdict().name(), name, "{:?}", self.verdict());
    }
}

/// As busy with allocating as with anything else.
fn busy(now: f64, so_far: impl Fn(f64) -> f64) -> Activity {
    computing(now, &so_far, &so_far)
}

/// So many bytes allocated, and so many seconds of processor time.
fn computing(now: f64, bytes: impl Fn(f64) -> f64, processor: impl Fn(f64) -> f64) -> Activity {
    let moments = (0..=256).map(|point| f64::from(point) * now / 256.0);
    Activity::new(moments.map(|at| WorkDone { at, bytes: 1e6 * bytes(at), processor: processor(at) }).collect())
}

/// So many moments, evenly from one to the other.
fn evenly(count: u32, from: f64, to: f64) -> impl Iterator<Item = f64> {
    (0..count).map(move |number| from + (to - from) * f64::from(number) / f64::from(count))
}

/// The size of a table that doubles, after so many entries of 100 B.
fn doubled(entries: f64) -> f64 {
    if entries < 1.0 { 0.0 } else { 100.0 * 2.0_f64.powf(entries.log2().ceil()) }
}

#[test]
fn survivors_over_the_whole_run_are_growth() {
    Case::new(10.0, evenly(1_000, 0.0, 10.0)).is("growing");
    // Also where it began late, in bursts, or with few of them.
    Case::new(10.0, evenly(100, 6.0, 10.0)).is("growing");
    Case::new(10.0, [0.0, 0.1, 0.2, 4.0, 4.1, 4.2, 9.0, 9.1]).is("growing");
    Case::new(10.0, [0.0, 2.5, 5.0, 7.5, 9.9]).is("growing");
    // With readings that show the same; also where one long call has made them.
    let read = || Case::new(10.0, evenly(1_000, 0.0, 10.0)).read(|seconds| 10_000.0 * seconds);
    read().is("growing");
    let calls_before: Vec<(f64, f64)> = evenly(32, 0.0, 10.0).map(|at| (at, 1.0)).collect();
    Case { calls: 1, calls_before, ..read() }.is("growing");
    // As a sample.
    Case { weight: 50.0, ..Case::new(10.0, evenly(12, 0.3, 10.0)) }.is("growing");
}

#[test]
fn a_run_of_milliseconds_is_all_start() {
    Case::new(0.006, evenly(1_000, 0.0, 0.006)).is(verdict::RECENT);
    Case::new(0.006, evenly(1_000, 0.0, 0.006)).read(|at| at * 1e7).is(verdict::RECENT);
    Case::new(0.2, evenly(1_000, 0.0, 0.2)).is(verdict::GROWING);
}

#[test]
fn a_pause_without_samples_is_none_where_none_were_due() {
    // Recorded one by one until 8.3, when the interval grew: 1 in 250 since, of 17 blocks to come. Whether they came
    // the net of the call path says.
    let leak = || Case { chance: 0.004, ..Case::new(10.0, evenly(83, 0.0, 8.3)) };
    leak().is("unknown");
    Case { has_rising_net: true, ..leak() }.is("growing");
    // Six at the start, and one each hundredth of a second that nobody has seen.
    Case { chance: 0.001, has_rising_net: true, ..Case::new(2.5, evenly(6, 0.01, 0.07)) }.is("unknown");
    // Four or five were due since, of which there is none by chance now and then; the exact net went on rising.
    let unlucky = || Case { weight: 60.0, chance: 0.014, ..Case::new(5.4, evenly(40, 0.0, 4.5)) };
    assert_ne!(unlucky().verdict().name(), "growing");
    Case { has_rising_net: true, ..unlucky() }.is("growing");
    // 10,000 a second would have left samples, or have ended earlier.
    let cache = || Case { chance: 0.004, has_rising_net: true, ..Case::new(10.0, evenly(5_000, 0.0, 0.5)) };
    cache().is("kept since start");
    Case { chance: 0.004, ..Case::new(10.0, evenly(4_000, 0.0, 8.0)) }.is("kept");
}

#[test]
fn bursts_are_growth_also_in_the_pause_after_one() {
    let burst = |from: f64| evenly(100, from, from + 0.1);
    let bursts = || [0.0, 2.0, 4.0, 6.0].into_iter().flat_map(burst);
    let so_far = |seconds: f64| bursts().filter(|&at| at <= seconds).count() as f64 * 100.0;
    Case::new(7.9, bursts()).read(so_far).is("growing");
    Case::new(7.9, bursts()).is("growing");
}

#[test]
fn what_was_made_at_the_start_is_kept_since_then() {
    Case::new(10.0, [0.03]).is("kept since start");
    Case::new(10.0, evenly(200, 0.0, 1.5)).is("kept since start");
    // A cache that is filled first, and gets an entry now and then.
    Case::new(10.0, evenly(100, 0.0, 1.0).chain([4.0, 6.0, 8.0, 9.9])).is("kept since start");
    Case::new(10.0, evenly(200, 0.0, 1.5)).read(|seconds| (seconds / 1.5).min(1.0) * 20_000.0).is("kept since start");
}

#[test]
fn what_was_made_later_is_not_kept_since_the_start() {
    Case::new(10.0, evenly(200, 2.0, 2.3)).is("kept");
    Case::new(100.0, evenly(200, 2.0, 2.3)).is("kept");
    Case::new(10.0, evenly(200, 3.0, 7.0)).is("kept");
    Case::block(10.0, 3.0, 16e6).read(|seconds| if seconds < 3.0 { 0.0 } else { 16e6 }).is("kept");
}

#[test]
fn what_is_young_may_still_be_freed() {
    // A queue, which has been as long before; with one straggler that is as old as the run.
    let queue = || Case::new(10.0, evenly(60, 9.0, 10.0)).read(|_| 6_000.0);
    Case { allocations: 600, ..queue() }.is("recent");
    Case { births: queue().births.into_iter().chain([(0.0, 100.0)]).collect(), allocations: 600, ..queue() }
        .is("recent");
    // Without readings: most of what was made there is gone.
    Case { allocations: 600, ..Case::new(10.0, evenly(60, 8.5, 10.0)) }.is("recent");
    // One call is at work.
    Case { calls: 1, ..Case::new(10.0, evenly(1_000, 9.0, 10.0)) }.is("recent");
    Case::block(10.0, 9.9, 1e6).read(|_| 1e6).is("recent");
}

#[test]
fn a_leak_that_starts_in_the_last_quarter_is_growth() {
    let leak = || Case::new(10.0, evenly(200, 8.0, 10.0));
    leak().read(|seconds| (seconds - 8.0).max(0.0) * 10_000.0).is("growing");
    leak().is("growing");
    // A small sample, which is not as steady as the exact net.
    let uneven = || [8.9, 8.95].into_iter().chain(evenly(20, 9.0, 9.5)).chain([9.6, 9.9]);
    let sample = || Case { weight: 20.0, chance: 0.02, ..Case::new(10.0, uneven()) };
    Case { has_rising_net: true, ..sample() }.is("growing");
    assert_ne!(sample().verdict().name(), "growing");
    // The function was at work before, and kept nothing.
    Case { allocations: 5_000, ..leak().read(|seconds| (seconds - 8.0).max(0.0) * 10_000.0) }.is("growing");
    // Batches that are dropped when they are done.
    leak().read(|seconds| seconds % 2.0 * 10_000.0).is("recent");
}

#[test]
fn what_comes_and_goes_is_no_growth_however_slowly() {
    // A cache that holds the last 60 % of the run.
    let cache = || Case::new(10.0, evenly(600, 4.0, 10.0));
    cache().read(|seconds| (seconds * 10_000.0).min(60_000.0)).is("kept");
    // Batches of half the run.
    Case::new(10.0, evenly(500, 5.1, 10.0)).read(|seconds| seconds % 5.0 * 10_000.0).is("kept");
}

#[test]
fn a_table_that_doubles_is_growth_at_whatever_moment_one_looks() {
    for percent in (0..100).step_by(5) {
        let entries = 10_000.0 * f64::from(100 + percent);
        let size = move |seconds: f64| doubled(entries * seconds / 10.0);
        // The present block was made when it doubled last.
        let last = 10.0 * 2.0_f64.powf(entries.log2().ceil() - 1.0) / entries;
        let case = Case { calls: entries as u64, ..Case::block(10.0, last, size(10.0)) };
        let verdict = case.read(size).verdict();
        let growth = verdict.growth().unwrap_or_else(|| panic!("{percent}: {verdict:?}"));
        assert_eq!(growth.how, How::LargerBlocks);
    }
}

#[test]
fn a_table_that_doubles_is_growth_also_where_the_machine_was_faster_before() {
    for percent in (0..100).step_by(5) {
        let entries = 10_000.0 * f64::from(100 + percent);
        // Calls until a moment: a little more than the time shows.
        let calls = |at: f64| entries * (at / 10.0 + 0.08 * (at / 10.0 * std::f64::consts::PI).sin());
        let last = evenly(10_000, 0.0, 10.0).find(|&at| doubled(calls(at)) >= doubled(entries)).unwrap_or_default();
        let case = || Case::block(10.0, last, doubled(entries)).read(|at| doubled(calls(at)));
        let calls_before = evenly(32, 0.0, 10.0).map(|at| (at, calls(at))).collect();
        let leak = Case { calls: entries as u64, calls_before, ..case() };
        assert!(leak.verdict().growth().is_some(), "{percent}: {:?}", leak.verdict());
        // The function is hardly called any more: what was filled is full.
        let calls_before = evenly(32, 0.0, 10.0).map(|at| (at, entries * (at / 3.0).min(1.0))).collect();
        let filled = |at: f64| doubled(1_000.0 * at.min(4.8));
        let full = Case { calls: entries as u64 + 8, calls_before, ..Case::block(10.0, 4.096, filled(10.0)) };
        assert!(full.read(filled).verdict().growth().is_none(), "{percent}");
    }
}

#[test]
fn a_table_that_is_full_is_no_growth() {
    for full_at in [0.5, 1.0, 2.0, 3.0, 4.0, 4.9] {
        let size = move |seconds: f64| doubled(1_000.0 * seconds.min(full_at));
        let last = 2.0_f64.powf((1_000.0 * full_at).log2().ceil() - 1.0) / 1_000.0;
        let case = Case::block(10.0, last, size(10.0)).read(size);
        assert_ne!(case.verdict().name(), "growing", "{full_at}");
    }
    // A cache of many blocks, full at any moment: other work goes on.
    for tenths in 1..=8 {
        let full_at = f64::from(tenths);
        let case =
            Case::new(10.0, evenly(1_000, 0.0, full_at)).read(|seconds| 100_000.0 * (seconds / full_at).min(1.0));
        assert_ne!(case.verdict().name(), "growing", "{full_at}");
        assert_ne!(Case::new(10.0, evenly(1_000, 0.0, full_at)).verdict().name(), "growing", "{full_at}");
    }
}

/// Numbers from 0 to 1, the same in each run.
fn numbers(mut state: u64) -> impl FnMut() -> f64 {
    move || {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 33) as f64 / (1_u64 << 31) as f64
    }
}

#[test]
fn a_cache_that_fills_ever_more_slowly_is_no_growth() {
    // 1,500 keys that are asked for at random: the time in which two thirds of those that are missing come is a part of
    // the run.
    for (life, seed) in [2.5, 3.0, 3.5, 4.0, 4.5, 5.0, 5.5, 6.0, 8.0].into_iter().zip(7..) {
        let mut random = numbers(seed);
        let made: Vec<f64> = (0..1_500).map(|_| -(1.0 - random()).ln() * 10.0 / life).filter(|&at| at < 10.0).collect();
        let so_far = made.clone();
        let level = move |at: f64| 100.0 * so_far.iter().filter(|&&made| made <= at).count() as f64;
        let calls_before = (0..32).map(|moment| f64::from(moment) * 10.0 / 32.0).map(|at| (at, 1e3 * at)).collect();
        let case = || Case { calls: 10_000, ..Case::new(10.0, made.clone()) };
        for case in [case(), case().read(&level), Case { calls_before, ..case().read(&level) }] {
            assert!(case.verdict().growth().is_none(), "{life}: {:?}", case.verdict());
        }
        // Each call leaves as much as before: there are fewer of them.
        let calls_before = case().read(&level).levels.iter().map(|&(at, bytes)| (at, bytes / 100.0)).collect();
        let leak = Case { calls: made.len() as u64, calls_before, ..Case::new(10.0, made.clone()).read(&level) };
        assert!(life > 3.5 || leak.verdict().growth().is_some(), "{life}: {:?}", leak.verdict());
    }
}

#[test]
fn the_error_of_a_sample_is_no_growth() {
    // A cache that holds the last part of the run and was full early, in a sample of 12 to 400 blocks.
    let mut random = numbers(3);
    for (samples, life) in [(12, 2.4), (12, 3.0), (40, 2.4), (40, 4.0), (170, 2.4), (170, 3.0), (400, 2.4)] {
        let mut seen = 0;
        for _ in 0..400 {
            // As many as are sampled are not.
            let made: Vec<f64> = evenly(2 * samples, 10.0 - life, 10.0).filter(|_| random() < 0.5).collect();
            let error = 100.0 * 2.0 * (f64::from(samples) / 2.0).sqrt();
            let full = 200.0 * f64::from(samples);
            let noise: Vec<f64> = (0..33).map(|_| (0..12).map(|_| random()).sum::<f64>() - 6.0).collect();
            let level = |at: f64| (at / life).min(1.0) * full + error * noise[(at * 3.2).round() as usize];
            let case = Case { weight: 2.0, error, calls: 10_000, allocations: 10_000, ..Case::new(10.0, made) };
            seen += usize::from(case.read(level).verdict().growth().is_some());
        }
        assert!(seen <= 8, "{seen} of 400 with {samples} samples, {life} s");
    }
}

#[test]
fn scratch_that_became_large_once_is_no_growth() {
    for at in [3.0, 5.0, 7.0] {
        Case::block(10.0, at, 16e6).read(|seconds| if seconds < at { 1_000.0 } else { 16e6 }).is("kept");
    }
}

#[test]
fn a_vector_that_grows_by_reallocation_is_growth_without_readings_too() {
    Case { was_enlarged_late: true, ..Case::block(10.0, 0.1, 4e6) }.is("growing");
    Case { was_enlarged_late: true, ..Case::block(10.0, 9.1, 4e6) }.is("recent");
}

#[test]
fn few_readings_and_the_record_show_growth_together() {
    for percent in (0..100).step_by(5) {
        let entries = 10_000.0 * f64::from(100 + percent);
        let size = move |seconds: f64| doubled(entries * seconds / 10.0);
        let levels = (1..7).map(|moment| f64::from(moment) * 10.0 / 7.0).map(|at| (at, size(at))).collect();
        let case = Case { was_enlarged_late: true, levels, ..Case::block(10.0, 0.1, size(10.0)) };
        case.is("growing");
    }
    // Made larger once.
    let levels = (1..7).map(|moment| f64::from(moment) * 10.0 / 7.0).map(|at| (at, if at < 7.0 { 1e3 } else { 1e6 }));
    Case { was_enlarged_late: true, levels: levels.collect(), ..Case::block(10.0, 0.1, 1e6) }.is("kept since start");
}

#[test]
fn slabs_whose_pages_double_are_growth() {
    let pages: Vec<f64> = (0..8).rev().map(|n| 7.0 / 2.0_f64.powi(n)).collect();
    let births: Vec<(f64, f64)> = pages.iter().map(|&at| (at, 1_000.0 * at)).collect();
    let so_far = births.clone();
    let level = move |seconds: f64| so_far.iter().filter(|page| page.0 <= seconds).map(|page| page.1).sum();
    Case { births: births.clone(), ..Case::new(10.0, []) }.read(level).is("growing");
    Case { births, ..Case::new(10.0, []) }.is("growing");
}

#[test]
fn a_rest_of_the_program_hides_no_leak() {
    // 1,000 blocks in 1.6 s, one each call, then one second of rest.
    let rest = || Case { activity: busy(2.6, |seconds| seconds.min(1.6)), ..Case::new(2.6, evenly(1_000, 0.0, 1.6)) };
    rest().is("growing");
    rest().read(|seconds| seconds.min(1.6) * 62_500.0).is("growing");
    // A function that goes on and keeps nothing more, in a program that allocates little else.
    let calls = (0..32).map(|moment| f64::from(moment) * 2.6 / 32.0).map(|at| (at, 1_000.0 * at)).collect();
    Case { calls: 2_600, calls_before: calls, ..rest() }.is("kept");
    Case { calls: 100_000, ..rest() }.is("kept");
    // One call has built it.
    Case { calls: 1, ..rest() }.is("kept");
    // A rest that is longer than the work.
    Case { activity: busy(10.0, |seconds| seconds.min(1.6)), ..Case::new(10.0, evenly(1_000, 0.0, 1.6)) }
        .is("kept since start");
    // The program works on, and the function is not called any more.
    Case::new(2.6, evenly(1_000, 0.0, 1.6)).is("kept");
}

#[test]
fn a_rest_hides_no_leak_however_long_it_is() {
    for rest in [0.1, 0.2, 0.3, 0.5, 0.8, 1.2, 2.0, 3.0, 4.0, 5.0, 6.0] {
        let now = 8.0 + rest;
        let case = || Case::new(now, evenly(1_000, 0.0, 8.0));
        Case { activity: busy(now, |seconds| seconds.min(8.0)), ..case() }.is("growing");
        // The system does not tell how long it worked.
        Case { activity: computing(now, |seconds| seconds.min(8.0), |_| 0.0), ..case() }.is("growing");
        // A server that uses little of a processor, and as little once it rests.
        let idle = computing(now, |seconds| seconds.min(8.0), |seconds| seconds / 100.0);
        Case { activity: idle, ..case() }.is("growing");
        // An index that was built, and is searched without allocating.
        if rest >= 2.0 {
            let searched = computing(now, |seconds| seconds.min(8.0), |seconds| seconds);
            Case { activity: searched, ..case() }.is("kept");
        }
    }
}

/// Stretches the time of a case: seconds that it took become those of a machine that stood still for some of them.
fn stalled(case: Case, time: impl Fn(f64) -> f64, read_until: f64) -> Case {
    let now = time(case.now);
    let moments = (0..=256).map(|point| f64::from(point) * case.now / 256.0);
    let work = |at: f64| WorkDone { at: time(at), ..case.activity.between(0.0, at).unwrap_or_default() };
    Case {
        births: case.births.iter().map(|&(at, bytes)| (time(at), bytes)).collect(),
        // If the profiler's thread also stalled, there are no readings.
        levels: case
            .levels
            .iter()
            .map(|&(at, level)| (time(at), level))
            .filter(|level| level.0 <= read_until)
            .collect(),
        activity: Activity::new(moments.map(work).collect()),
        now,
        ..case
    }
}

#[test]
fn a_machine_that_stands_still_makes_no_growth() {
    let size = |seconds: f64| (seconds / 4.0).min(1.0) * 20_000.0;
    let cache = || Case::new(10.0, evenly(200, 0.0, 4.0));
    for stall in [0.0, 1.0, 5.0, 20.0, 60.0] {
        for at in [1.0, 2.0, 3.0, 3.9] {
            let time = |seconds: f64| seconds + if seconds > at { stall } else { 0.0 };
            for case in [cache(), cache().read(size)] {
                let case = stalled(case, time, 1e9);
                assert!(case.verdict().growth().is_none(), "{stall} s at {at}: {:?}", case.verdict());
            }
            // With few readings.
            let mut case = stalled(cache().read(size), time, 1e9);
            case.levels = case.levels.into_iter().step_by(4).collect();
            assert!(case.verdict().growth().is_none(), "{stall} s at {at}: {:?}", case.verdict());
            // A leak is one all the same.
            for leak in
                [Case::new(10.0, evenly(200, 0.0, 10.0)), Case::new(10.0, evenly(200, 0.0, 10.0)).read(|at| 2e3 * at)]
            {
                let leak = stalled(leak, time, 1e9);
                assert!(stall > 5.0 || leak.verdict().growth().is_some(), "{stall} s at {at}: {:?}", leak.verdict());
            }
            let doubles = |seconds: f64| doubled(1_000.0 * seconds);
            let leak = stalled(Case::block(10.0, 8.192, doubles(10.0)).read(doubles), time, 1e9);
            assert!(stall > 5.0 || leak.verdict().growth().is_some(), "{stall} s at {at}: {:?}", leak.verdict());
        }
    }
}

#[test]
fn readings_that_are_far_apart_are_no_steps() {
    // A cache that was full at 0.4 of the run, read eight times until then or before.
    let size = |seconds: f64| (seconds / 4.0).min(1.0) * 20_000.0;
    for first in [0.2, 0.5, 1.0, 1.5] {
        let levels = (0..8).map(|moment| first + f64::from(moment) * 1.3).map(|at| (at, size(at))).collect();
        let case = Case { levels, ..Case::new(10.0, evenly(200, 0.0, 4.0)) };
        assert!(case.verdict().growth().is_none(), "{first}: {:?}", case.verdict());
    }
}

#[test]
fn a_late_reading_is_no_late_block() {
    // Full at 7.6; no reading between 7.2 and 9.4.
    let levels = evenly(32, 0.0, 10.0).filter(|at| !(7.2..9.4).contains(at)).map(|at| (at, 1e4 * at.min(7.6)));
    let case = Case { levels: levels.collect(), ..Case::new(10.0, evenly(760, 0.0, 7.6)) };
    assert!(case.verdict().growth().is_none(), "{:?}", case.verdict());
}

#[test]
fn a_function_that_is_called_no_more_grows_no_more() {
    for (now, until, grows) in
        [(12.0, 12.0, true), (11.0, 9.5, true), (11.0, 8.5, false), (12.0, 8.4, false), (10.0, 6.0, false)]
    {
        let size = move |seconds: f64| doubled(1_000.0 * seconds.min(until));
        let last = 2.0_f64.powf((1_000.0_f64 * until).log2().ceil() - 1.0) / 1_000.0;
        let calls_before =
            (0..32).map(|moment| f64::from(moment) * now / 32.0).map(|at| (at, 1_000.0 * at.min(until))).collect();
        let calls = (1_000.0 * until) as u64;
        let case = || Case { calls, ..Case::block(now, last, size(now)).read(size) };
        let busy_case = Case { calls_before, ..case() };
        assert_eq!(busy_case.verdict().growth().is_some(), grows, "{until}: {:?}", busy_case.verdict());
        assert_eq!(busy_case.verdict().past_growth().is_some(), until > 8.0 && !grows, "{until}");
        // A program at rest may call it again.
        let activity = busy(now, |seconds| seconds.min(until));
        let resting = Case { activity, ..busy_case };
        assert!(until < 8.0 || resting.verdict().growth().is_some(), "{until}: {:?}", resting.verdict());
    }
    // One long call has made it.
    let size = |seconds: f64| doubled(1_000.0 * seconds);
    let calls_before = (0..32).map(|moment| (f64::from(moment) * 10.0 / 32.0, 1.0)).collect();
    Case { calls: 1, calls_before, ..Case::block(10.0, 8.192, size(10.0)).read(size) }.is("growing");
}

#[test]
fn growth_that_is_over_is_said() {
    let case = Case::new(10.0, evenly(1_000, 0.0, 6.0));
    let growth = case.verdict().past_growth().expect("growth that is over");
    assert!((5.9..6.0).contains(&growth.last) && case.verdict().name() == "kept");
    // In balance.
    let balance = Case { allocations: 10_000, ..Case::new(10.0, evenly(600, 4.0, 10.0)).read(|_| 60_000.0) };
    assert!(balance.verdict().growth().is_none() && balance.verdict().past_growth().is_none());
}

#[test]
fn a_leak_that_follows_the_load_is_growth() {
    let made = || evenly(1_000, 0.0, 5.0).chain(evenly(50, 5.0, 10.0));
    let load = |seconds: f64| seconds.min(5.0) + (seconds - 5.0).max(0.0) * 0.05;
    Case { activity: busy(10.0, load), ..Case::new(10.0, made()) }.is("growing");
    // The same births of a cache that is nearly full, in a program that goes on.
    assert_ne!(Case::new(10.0, made()).verdict().name(), "growing");
}

#[test]
fn a_program_does_not_rest_because_it_fills_no_more() {
    for full_at in [6.0, 7.0, 7.5, 8.0] {
        for other in [0.03, 0.05, 0.1] {
            // Its own 100 KB each second, the buffer that holds them, which doubles until the middle, and what goes on
            // as ever.
            let work = |at: f64| 0.1 * at.min(full_at) + 0.05 * (at / 5.0).min(1.0) + other * at;
            let filled = Case { activity: busy(10.0, work), ..Case::new(10.0, evenly(7_500, 0.0, full_at)) };
            assert!(filled.verdict().growth().is_none(), "{full_at}, {other}: {:?}", filled.verdict());
            // The machine was faster before: by its later half the program does less.
            let filled = stalled(filled, |at| if at < 6.0 { at / 1.4 } else { 2.0 * at - 7.71 }, 1e9);
            assert!(filled.verdict().growth().is_none(), "{full_at}, {other}: {:?}", filled.verdict());
        }
    }
}

#[test]
fn blocks_that_keep_coming_and_were_never_freed_are_no_balance() {
    // Few of them, in the last quarter of the run.
    for count in 2..16 {
        let verdict = Case::new(20.0, evenly(count, 14.9, 19.9)).verdict();
        assert!(matches!(verdict, Verdict::Unknown | Verdict::Recent | Verdict::Growing(_)), "{count}: {verdict:?}");
    }
    // Others were freed, and there were as many before.
    let balance = Case { allocations: 100, calls: 100, ..Case::new(20.0, evenly(8, 14.9, 19.9)) };
    balance.read(|_| 800.0).is("kept");
}

#[test]
fn too_few_samples_say_nothing() {
    for few in 1..8 {
        Case { weight: 100.0, ..Case::new(10.0, evenly(few, 0.0, 10.0)) }.is("unknown");
        Case { weight: 100.0, ..Case::new(10.0, evenly(few, 0.0, 0.1)) }.is("unknown");
    }
    // The exact net of the path has risen meanwhile.
    let six = || Case { weight: 100.0, has_rising_net: true, ..Case::new(10.0, evenly(6, 0.5, 10.0)) };
    six().is("growing");
    Case { births: evenly(6, 9.0, 10.0).map(|at| (at, 100.0)).collect(), ..six() }.is("unknown");
    Case { births: evenly(3, 0.0, 10.0).map(|at| (at, 100.0)).collect(), ..six() }.is("unknown");
    // Each block has its record, but nobody knows whether another one is to come.
    Case::new(10.0, [0.0, 3.0, 6.0, 9.0]).is("unknown");
    // One each second, of which the next one is due.
    Case::new(4.01, [0.0, 1.0, 2.0, 3.0]).is("unknown");
    Case::new(10.0, [0.1, 5.0]).is("unknown");
    Case { allocations: 50, ..Case::new(10.0, [0.1, 5.0]) }.is("kept");
    Case::new(10.0, [2.0, 3.0]).is("kept");
}

#[test]
fn a_clock_that_stands_still_divides_by_nothing() {
    Case::new(0.0, [0.0; 20]).verdict();
    Case::new(0.0, []).verdict();
    Case::block(0.0, 0.0, 0.0).read(|_| 0.0).verdict();
    Case { activity: Activity::default(), ..Case::new(10.0, evenly(20, 0.0, 5.0)) }.verdict();
}

#[test]
fn chance_is_seldom_growth() {
    let mut state = 1_u64;
    let mut random = move || {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 33) as f64 / (1_u64 << 31) as f64
    };
    // Work in flight, and pools that fluctuate by all of their bytes, half, a fifth, a tenth.
    for fluctuation in [1.0, 0.5, 0.2, 0.1] {
        let mut seen = 0;
        for _ in 0..2_000 {
            let mut level = || 10_000.0 * (1.0 - fluctuation * random());
            let levels: Vec<(f64, f64)> = (0..32).map(|moment| (f64::from(moment) * 10.0 / 32.0, level())).collect();
            let case = Case { levels, calls: 100_000, ..Case::block(10.0, 9.9, level()) };
            seen += usize::from(case.verdict().growth().is_some());
        }
        assert!(seen <= 20, "{seen} of 2,000 at {fluctuation}");
    }
    // Work in flight that happens to be highest at the end.
    let mut seen = 0;
    for _ in 0..2_000 {
        let mut level = |at: f64| if at > 9.5 { 12_000.0 } else { 1_000.0 + 9_000.0 * random() };
        let levels: Vec<(f64, f64)> =
            (0..32).map(|moment| f64::from(moment) * 10.0 / 32.0).map(|at| (at, level(at))).collect();
        let case = Case { levels, calls: 100_000, ..Case::block(10.0, 9.9, 12_000.0) };
        seen += usize::from(case.verdict().growth().is_some());
    }
    assert!(seen <= 20, "{seen} of 2,000");
}
