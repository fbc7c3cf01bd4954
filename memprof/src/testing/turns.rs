//! Tests that run their body many times: live memory must not grow from turn to turn.

use super::failure::{Failure, lines};
use super::figures::place;
use super::leaks::too_small;
use super::run::{MeasuredRun, begin, key, name, run, run_async, within};
use super::test::{TestLimits, TestVerdict, by_others};
use crate::printable::Printable;
use crate::profile::ReportingGuard;
use crate::size;
use crate::sorted;
use crate::tracker::{MeasuredSpan, Measurement, Site, Workers};
use std::cmp::Reverse;
use std::collections::HashMap;

/// The turns of one test.
///
/// One measurement is around all turns, for the live blocks; each turn has one of its own if there are limits.
#[derive(Debug)]
pub struct Turns {
    limits: TestLimits,
    workers: Option<Workers>,
    growth: u64,
    repeat: usize,
    /// File and line of the test.
    file: &'static str,
    line: u32,
    /// `None`: it has ended.
    measurement: Option<Measurement>,
    /// Live bytes after each turn; after one that is not counted, those of the turn before.
    live: Vec<u64>,
    /// Live blocks by function after the first `repeat` turns.
    earlier: LiveBlocks,
    /// Violation of a limit in the last turn.
    failure: Option<Failure>,
}

/// Live bytes and blocks of each function.
type LiveBlocks = HashMap<usize, (Option<&'static Site>, u64, u64)>;

impl Turns {
    /// Begins a test whose body runs `repeat` times. `growth`: bytes that may be live more after each turn.
    #[track_caller]
    pub fn begin(limits: TestLimits, (repeat, growth): (u32, u64), (file, line): (&'static str, u32)) -> Self {
        Self {
            limits,
            workers: limits.workers(),
            growth,
            repeat: repeat.max(2) as usize,
            file,
            line,
            measurement: Some(begin(true)),
            live: Vec::new(),
            earlier: LiveBlocks::new(),
            failure: None,
        }
    }

    /// Runs the body once.
    #[track_caller]
    pub fn run<R>(&mut self, body: impl FnOnce() -> R) -> R {
        let Some(measurement) = &self.measurement else { return body() };
        let mut span = MeasuredSpan::default();
        let inside = measurement.enter(&mut span);
        if self.limits.is_empty() {
            return body();
        }
        let (value, run) = run(self.limits.no_leaks, body);
        drop(inside);
        self.limit(run);
        value
    }

    /// Runs the body of an async test once.
    pub async fn run_async<F: Future>(&mut self, body: F) -> F::Output {
        let Some(measurement) = &self.measurement else { return body.await };
        let (mut span, limits) = (MeasuredSpan::default(), self.limits);
        let turn = async move {
            if limits.is_empty() {
                return (body.await, None);
            }
            let (value, run) = run_async(begin(limits.no_leaks), body).await;
            (value, Some(run))
        };
        let (value, run) = within(measurement, &mut span, turn).await;
        if let Some(run) = run {
            self.limit(run);
        }
        value
    }

    fn limit(&mut self, run: MeasuredRun) {
        let failure = self.limits.verdict(run, None).0;
        let _scope = ReportingGuard::begin();
        let (turn, repeat) = (self.live.len() + 1, self.repeat);
        let turn = if turn > repeat { format!("turn {turn}") } else { format!("turn {turn} of {repeat}") };
        self.failure = failure.map(|Failure(text)| Failure(format!("{text}\nin {turn}")));
    }

    /// The verdict on the test after its last turn; `None`: another turn follows.
    ///
    /// Half of the turns warm up. If live memory grows in the other half, as many turns again decide.
    pub fn next(&mut self, has_failed: bool) -> Option<TestVerdict> {
        let _scope = ReportingGuard::begin();
        if has_failed || self.failure.is_some() {
            return Some(TestVerdict(self.failure.take()));
        }
        let turns = self.live.len() + 1;
        if let Some(&before) = self.live.last().filter(|_| !is_counted(turns, self.repeat)) {
            self.live.push(before);
            return None;
        }
        let Some(live) = self.measurement.as_mut().and_then(live) else {
            let text = "memprof: the system has no memory left to look for live blocks";
            return Some(TestVerdict(Some(Failure(text.to_owned()))));
        };
        self.live.push(live.values().map(|row| row.1).sum());
        let repeat = self.repeat;
        if turns == repeat {
            if self.rise(0, repeat / 2).is_none() {
                return Some(self.end(None));
            }
            self.earlier = live;
        } else if turns == 2 * repeat {
            let text = self.rise(repeat / 2, repeat).map(|bytes| self.grown(bytes, &live));
            return Some(self.end(text));
        }
        None
    }

    /// Bytes by which live memory rose in the turns from `middle` on, if that exceeds the limit.
    ///
    /// Both the highest and the lowest figure have to rise above those of the turns from `start` to `middle`: a figure
    /// that only varies is no growth.
    fn rise(&self, start: usize, middle: usize) -> Option<u64> {
        let (before, after) = (self.live.get(start..middle)?, self.live.get(middle..)?);
        let high = after.iter().max()?.saturating_sub(*before.iter().max()?);
        let low = after.iter().min()?.saturating_sub(*before.iter().min()?);
        let allowed = |turns: &[u64]| self.growth.saturating_mul(turns.len() as u64);
        (high > allowed(after) && low > allowed(before)).then_some(high)
    }

    fn grown(&self, bytes: u64, live: &LiveBlocks) -> String {
        let turns = self.repeat as u64;
        let mut rows: Vec<_> = live
            .iter()
            .filter_map(|(key, &(site, bytes, count))| {
                let (earlier, blocks) = self.earlier.get(key).map_or((0, 0), |row| (row.1, row.2));
                let more = bytes.checked_sub(earlier).filter(|more| *more > 0)?;
                Some((more, count.saturating_sub(blocks), site))
            })
            .collect();
        sorted::by_key(&mut rows, |&(bytes, _, site)| (Reverse(bytes), key(site)));
        let rows = rows.into_iter().map(|(bytes, blocks, site)| {
            let blocks = match blocks {
                0 => "in blocks that grow".to_owned(),
                blocks => size::plural(blocks, "more block"),
            };
            let (name, mut file, mut line) = name(site);
            if site.is_none() {
                (file, line) = (self.file.to_owned(), self.line);
            }
            let name = Printable(&name);
            format!("{}, {blocks}  {name}{}", a_turn(bytes, turns), place(&file, line))
        });
        format!(
            "memprof: live memory grows by {} ({} in the last {turns} of {} turns); growth is {}{}",
            a_turn(bytes, turns),
            size::exact(bytes),
            2 * turns,
            size::exact(self.growth),
            lines(rows)
        )
    }

    fn end(&mut self, grown: Option<String>) -> TestVerdict {
        let Some(measurement) = self.measurement.take() else { return TestVerdict(None) };
        // Before the measurement ends: it has the only reading that is possible at a time.
        let others = self.workers.take().map(Workers::end).and_then(by_others).map(|others| {
            format!(
                "memprof: {others}, so their growth cannot be checked; give their tasks the test's `memprof::Context`, or \
                 use the current-thread runtime, `#[tokio::test(flavor = \"current_thread\")]`"
            )
        });
        let mut run = MeasuredRun::new(measurement, MeasuredSpan::default());
        let not_recorded = run.ended.not_recorded();
        let incomplete = run.defect().or_else(|| (not_recorded > 0).then(|| too_small(not_recorded)));
        TestVerdict(incomplete.or(grown).or(others).map(Failure))
    }
}

/// Turns of each half that are counted before anything is known to grow. A count looks at the whole live table, which
/// takes milliseconds in a build without optimization.
const COUNTED: usize = 8;

/// True if live blocks are counted after this turn, the first one being 1: the first and the last turn of each half and
/// some between them, and each turn beyond `repeat`, when something seems to grow.
fn is_counted(turn: usize, repeat: usize) -> bool {
    if turn > repeat {
        return true;
    }
    let half = repeat / 2;
    let (number, turns) = if turn <= half { (turn, half) } else { (turn - half, repeat - half) };
    let counted = |number: usize| number.saturating_sub(1) * (COUNTED - 1) / (turns - 1).max(1);
    turns <= COUNTED || number == 1 || counted(number) > counted(number - 1)
}

/// Live blocks of a measurement. `None`: the system has no memory for that.
fn live(measurement: &mut Measurement) -> Option<LiveBlocks> {
    let mut live = LiveBlocks::new();
    measurement.each_live(|site, bytes, count| {
        let row = live.entry(key(site)).or_insert((site, 0, 0));
        *row = (site, row.1 + bytes, row.2 + count);
    })?;
    Some(live)
}

/// `64 bytes a turn`
fn a_turn(bytes: u64, turns: u64) -> String {
    let turns = turns.max(1);
    if bytes.is_multiple_of(turns) || bytes / turns >= 1024 {
        return format!("{} a turn", size::exact(bytes / turns));
    }
    format!("{:.1} bytes a turn", bytes as f64 / turns as f64)
}

#[cfg(test)]
mod tests {
    use super::is_counted;

    #[test]
    fn eight_turns_of_each_half_are_counted_with_the_first_and_the_last() {
        for repeat in 2..300 {
            let counted: Vec<usize> = (1..=repeat).filter(|&turn| is_counted(turn, repeat)).collect();
            let half = repeat / 2;
            let (first, second): (Vec<usize>, Vec<usize>) = counted.iter().partition(|&&turn| turn <= half);
            assert_eq!((first.len(), second.len()), (half.min(8), (repeat - half).min(8)), "{repeat}: {counted:?}");
            for turn in [1, half, half + 1, repeat] {
                assert!(counted.contains(&turn), "{repeat}: {counted:?}");
            }
            assert!((repeat + 1..=2 * repeat).all(|turn| is_counted(turn, repeat)));
        }
    }
}
