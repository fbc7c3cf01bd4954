//! Growth by new blocks: when the survivors were made.

use super::line::Line;
use super::{ERRORS, Evidence, FEWEST_BLOCKS, FEWEST_CALLS, FEWEST_CONFIRMED, Growth, How, WorkDone, YOUNG};

/// Minimum share of the survivors in each half of the time.
const LEAST_SHARE: f64 = 0.1;
/// A longer pause, as a share of the time or in mean distances of two survivors, means that no more come.
const PAUSE: f64 = 0.1;
const GAPS: f64 = 3.0;
/// For few survivors: the next one is due within this multiple of their mean distance.
const USUAL: f64 = 1.5;
/// Number of overdue samples if the exact net of the call path shows that more came. By chance there can be none for
/// long.
const GAPS_WITH_NET: f64 = 8.0;
/// Minimum share of the survivors in each quarter, for a group that began late in the run.
const LEAST_SHARE_OF_YOUNG: f64 = 0.1;
/// Minimum share of the run. Shorter growth looks the same as work in progress.
const SHORTEST: f64 = 0.05;
/// Minimum number of blocks of a group that began late in the run.
const FEWEST_OF_YOUNG: usize = 16;
/// Share of the survivors that is ignored before the group's beginning.
const STRAGGLERS: f64 = 0.05;
/// Minimum rise, as a share of the bytes made in the later half.
const LEAST_RISE: f64 = 0.25;
/// The last part of the time, in which the live bytes have to rise.
const LAST_PART: f64 = 1.0 / 3.0;
/// Survivors per call, as a share of those of the quarter before. At most this share in each quarter means that
/// something fills.
const FALLS_OFF: f64 = 2.0 / 3.0;
/// If this share of the blocks made on a path (including reallocated ones) is live, hardly any was deallocated.
const SELDOM_DEALLOCATED: f64 = 0.6;
/// A group that reached this share of its present bytes before may fall again.
const AS_HIGH: f64 = 0.5;
/// Maximum share of the work before that a resting program does.
const REST: f64 = 0.5;
/// Minimum share of the survivors before, for the same work, while the program rests.
const SAME: f64 = 0.5;
/// Minimum share of the survivors in the later half, while the program rests.
const LEAST_SHARE_AT_REST: f64 = 0.02;

/// A live block that has a record.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Birth {
    /// Time of the allocation, seconds of the run.
    pub(crate) at: f64,
    /// Time of the last enlargement, or of the allocation.
    pub(crate) since: f64,
    /// The blocks that it stands for.
    pub(crate) weight: f64,
    /// Their bytes.
    pub(crate) bytes: f64,
}

/// The live blocks of a group, the oldest first.
#[derive(Debug, Default)]
pub(crate) struct Births(Vec<Birth>);

impl Births {
    pub(crate) fn new(mut births: Vec<Birth>) -> Self {
        births.sort_by(|a, b| a.at.total_cmp(&b.at));
        Self(births)
    }

    pub(super) fn len(&self) -> usize {
        self.0.len()
    }

    pub(super) fn newest(&self) -> f64 {
        self.0.last().map_or(0.0, |birth| birth.at)
    }

    /// Time of the last allocation or enlargement.
    pub(super) fn latest(&self) -> f64 {
        self.0.iter().map(|birth| birth.since).fold(0.0, f64::max)
    }

    /// Blocks made between two moments, the first one included.
    fn weight(&self, from: f64, to: f64) -> f64 {
        self.between(from, to).map(|birth| birth.weight).sum()
    }

    /// Bytes made between two moments.
    pub(super) fn bytes(&self, from: f64, to: f64) -> f64 {
        self.between(from, to).map(|birth| birth.bytes).sum()
    }

    fn between(&self, from: f64, to: f64) -> impl Iterator<Item = &Birth> {
        self.0.iter().filter(move |birth| birth.at >= from && birth.at < to)
    }

    /// Most bytes that were made or enlarged within `width` seconds, after a moment.
    pub(super) fn densest(&self, from: f64, width: f64) -> f64 {
        let mut since: Vec<(f64, f64)> = self.0.iter().map(|birth| (birth.since, birth.bytes)).collect();
        since.retain(|birth| birth.0 >= from);
        sort(&mut since);
        let (mut first, mut sum, mut most) = (since.iter().peekable(), 0.0, 0.0_f64);
        for &(at, bytes) in &since {
            sum += bytes;
            while let Some(gone) = first.next_if(|birth| at - birth.0 > width) {
                sum -= gone.1;
            }
            most = most.max(sum);
        }
        most
    }

    /// Blocks made after a moment, and their bytes.
    pub(super) fn made_since(&self, seconds: f64) -> (usize, f64) {
        let since = || self.0.iter().filter(|birth| birth.at > seconds);
        (since().count(), since().map(|birth| birth.bytes).sum())
    }

    /// Bytes that were made until each moment and are live now.
    pub(super) fn levels(&self, moments: u32, now: f64) -> Vec<(f64, f64)> {
        let (mut births, mut sum) = (self.0.iter().peekable(), 0.0);
        let moments = (0..moments).map(|moment| now * f64::from(moment) / f64::from(moments));
        let level = |at: f64| {
            while let Some(birth) = births.next_if(|birth| birth.at <= at) {
                sum += birth.bytes;
            }
            (at, sum)
        };
        moments.map(level).collect()
    }

    /// The moment until which a share of the blocks was made.
    pub(super) fn quantile(&self, share: f64) -> f64 {
        quantile(self.0.iter().map(|birth| (birth.at, birth.weight)), share)
    }

    /// The moment until which a share of the blocks was as large as now.
    pub(super) fn quantile_of_sizes(&self, share: f64) -> f64 {
        let mut since: Vec<(f64, f64)> = self.0.iter().map(|birth| (birth.since, birth.weight)).collect();
        sort(&mut since);
        quantile(since.iter().copied(), share)
    }
}

/// Sorts by the moment. There can be as many as blocks: not by indices.
fn sort(moments: &mut [(f64, f64)]) {
    moments.sort_by(|a, b| a.0.total_cmp(&b.0));
}

/// The moment until which a share of the weights came; the moments are sorted.
fn quantile(moments: impl Iterator<Item = (f64, f64)> + Clone, share: f64) -> f64 {
    let wanted = share * moments.clone().map(|moment| moment.1).sum::<f64>();
    let mut so_far = 0.0;
    let mut last = 0.0;
    for (at, weight) in moments {
        so_far += weight;
        last = at;
        // So that rounding does not decide.
        if so_far > wanted * (1.0 + 1e-9) {
            break;
        }
    }
    last
}

/// True if a group grows by new blocks, now or whenever the program works.
pub(super) fn growth(group: &Evidence<'_>) -> Option<Growth> {
    let births = &group.births;
    if births.len() < if group.is_confirmed() { FEWEST_CONFIRMED } else { FEWEST_BLOCKS } {
        return None;
    }
    let is_blind = is_blind(group);
    // Only the exact net of the call path can say that it has gone on since.
    if is_blind && !group.has_rising_net {
        return None;
    }
    let span = Span::of(group);
    let grows = if span.length() >= YOUNG * group.now {
        let keep_coming = keep_coming(births, span) && !group.was_stalled(span.first, births.newest());
        let is_balance = || turns_over(group, span) || was_emptied(group, span) || falls_off(group);
        (keep_coming && !is_balance()) || rests(group, span)
    } else {
        began_late(group, span)
    };
    let bytes = gained(group, span);
    // The net of its path says that more came since the newest one that has a record.
    let last = if is_blind { group.now } else { births.newest() };
    grows.then_some(Growth { how: How::NewBlocks, from: span.first, last, bytes })
}

/// Bytes gained in the time of the growth: those of the blocks made meanwhile, without those freed meanwhile, as far as
/// readings tell. In a queue all blocks are young, and most of them replace others.
fn gained(group: &Evidence<'_>, span: Span) -> f64 {
    let made = group.births.bytes(span.first, f64::INFINITY);
    let rise = |since: f64| Some(group.bytes - group.levels.at(since, (group.now, group.bytes))?);
    let rises = [span.first, span.middle()].into_iter().filter_map(rise);
    rises.max_by(f64::total_cmp).filter(|&rise| rise > 0.0).map_or(made, |rise| rise.min(made))
}

/// True if the pause since the newest survivor says nothing: at the mean rate before it fewer than [`GAPS`] samples
/// were due since ([`GAPS_WITH_NET`] where the net says otherwise), because new blocks seldom get a record now.
fn is_blind(group: &Evidence<'_>) -> bool {
    let births = &group.births;
    let (first, newest) = (births.quantile(STRAGGLERS), births.newest());
    let rate = births.weight(first, f64::INFINITY) / (newest - first).max(f64::MIN_POSITIVE);
    let pause = group.now - newest;
    let due = if group.has_rising_net { GAPS_WITH_NET } else { GAPS };
    pause > PAUSE * (group.now - first) && rate * pause * group.chance < due
}

/// True if nothing tells that no more survivors came after the newest one that is known: the exact net of the call path
/// went on rising, or the group would grow if the time ended there.
pub(super) fn may_go_on(group: &Evidence<'_>) -> bool {
    let births = &group.births;
    if is_blind(group) && group.has_rising_net {
        return true;
    }
    let span = Span { first: births.quantile(STRAGGLERS), now: births.newest() };
    births.len() >= FEWEST_BLOCKS
        && is_blind(group)
        && span.length() >= YOUNG * group.now
        && keep_coming(births, span)
        && !turns_over(group, span)
}

/// Growth of a group whose blocks kept coming until the newest one, for a good part of the run.
pub(super) fn growth_until_newest(group: &Evidence<'_>) -> Option<Growth> {
    let births = &group.births;
    let span = Span { first: births.quantile(STRAGGLERS), now: births.newest() };
    let is_over = group.now - span.now > usual_pause(births, Span { now: group.now, ..span });
    let grew = births.len() >= FEWEST_BLOCKS
        && is_over
        && !group.is_confirmed()
        && span.length() >= YOUNG * group.now
        && keep_coming(births, span)
        && !turns_over(group, span);
    let bytes = births.bytes(span.first, f64::INFINITY);
    grew.then_some(Growth { how: How::NewBlocks, from: span.first, last: span.now, bytes })
}

/// The time from the group's beginning to the end of the run, or to the newest block if the pause since says nothing.
#[derive(Clone, Copy)]
struct Span {
    first: f64,
    now: f64,
}

impl Span {
    fn of(group: &Evidence<'_>) -> Self {
        let now = if is_blind(group) { group.births.newest() } else { group.now };
        Self { first: group.births.quantile(STRAGGLERS), now }
    }

    fn length(self) -> f64 {
        self.now - self.first
    }

    fn middle(self) -> f64 {
        self.first + self.length() / 2.0
    }

    /// Blocks from each quarter, as shares of all.
    fn quarters(self, births: &Births) -> [f64; 4] {
        let at = |quarter: f64| self.first + self.length() * quarter / 4.0;
        // The last one is open: a block can be as old as the reading of the clock.
        let ends = [at(1.0), at(2.0), at(3.0), f64::INFINITY];
        let all = births.weight(self.first, f64::INFINITY).max(f64::MIN_POSITIVE);
        let mut from = self.first;
        ends.map(|end| births.weight(std::mem::replace(&mut from, end), end) / all)
    }
}

/// True if the blocks are too few to show a rate, and their making is not over: the newest is young, or they keep
/// coming, of a group that began late or has next to none, and hardly any on its path was freed.
pub(super) fn are_too_few(group: &Evidence<'_>) -> bool {
    let births = &group.births;
    let is_few = births.len() < FEWEST_BLOCKS;
    if is_few && births.newest() >= (1.0 - YOUNG) * group.now {
        return true;
    }
    let span = Span { first: births.quantile(STRAGGLERS), now: group.now };
    (2..FEWEST_OF_YOUNG).contains(&births.len())
        && (is_few || span.length() < 2.0 * YOUNG * group.now)
        && span.now - births.newest() <= if is_few { USUAL * mean_distance(births) } else { usual_pause(births, span) }
        && group.count >= SELDOM_DEALLOCATED * group.allocations as f64
        && !turns_over(group, span)
}

/// Mean time between two blocks.
fn mean_distance(births: &Births) -> f64 {
    let first = births.0.first().map_or(0.0, |birth| birth.at);
    (births.newest() - first) / births.len().saturating_sub(1).max(1) as f64
}

fn usual_pause(births: &Births, span: Span) -> f64 {
    (PAUSE * span.length()).max(GAPS * span.length() / births.len() as f64)
}

fn keep_coming(births: &Births, span: Span) -> bool {
    let [first, second, third, last] = span.quarters(births);
    let hit = [first, second, third, last].iter().filter(|&&quarter| quarter > 0.0).count();
    hit >= 3
        && last > 0.0
        && first + second >= LEAST_SHARE
        && third + last >= LEAST_SHARE
        && span.now - births.newest() <= usual_pause(births, span)
}

/// True if about as much is deallocated as allocated: a queue, or a full cache.
fn turns_over(group: &Evidence<'_>, span: Span) -> bool {
    turned_over_since_the_middle(group, span) || is_level(group, span)
}

/// True if a group of new blocks is in balance now.
pub(super) fn is_in_balance(group: &Evidence<'_>) -> bool {
    is_level(group, Span::of(group))
}

/// True if the live bytes are level in the last part of the time, while new blocks come: by the straight line through
/// the readings of that part, they rise by less than a quarter of the bytes made, beyond the line's error. So a ring
/// that was filled for most of the run is known as one soon after it is full.
fn is_level(group: &Evidence<'_>, span: Span) -> bool {
    let from = span.now - span.length() * LAST_PART;
    let present = (span.now >= group.now).then_some((group.now, group.bytes));
    let readings = group.levels.between(from, span.now).chain(present);
    let Some(line) = Line::through(readings) else { return false };
    let made = group.births.bytes(line.first, f64::INFINITY);
    let rise = line.slope * line.length;
    // If the exact net has risen, the samples need not show it. Blocks that were live all the time are in each reading:
    // only those that came or went err.
    let moved = (2.0 * made - rise).max(made) / group.bytes.max(f64::MIN_POSITIVE);
    let of_sample = if group.has_rising_net { group.error * moved.min(1.0).sqrt() } else { 0.0 };
    rise + ERRORS * (line.slope_error * line.length).hypot(of_sample) < LEAST_RISE * made
}

/// True if live bytes rose in the later half by less than a quarter of those made in it. Without a reading between the
/// group's beginning and the middle of its time, an earlier reading has to have been as high.
fn turned_over_since_the_middle(group: &Evidence<'_>, span: Span) -> bool {
    let Some((at, level)) = group.levels.last_until(span.middle()) else { return false };
    let made = group.births.bytes(at, f64::INFINITY);
    // If the exact net has risen, the samples need not show it.
    let error = if group.has_rising_net { 0.0 } else { ERRORS * group.error };
    group.bytes - level < LEAST_RISE * made + error
}

/// True if survivors per call become fewer from each quarter of the time to the next: a cache that fills.
pub(super) fn falls_off(group: &Evidence<'_>) -> bool {
    let span = Span::of(group);
    let made = span.quarters(&group.births);
    let calls = group.calls_in_quarters(span.first, span.now).unwrap_or([1.0; 4]);
    let falls = |(made, calls): (&[f64], &[f64])| match (made, calls) {
        (&[before, after], &[calls_before, calls_after]) => {
            before > 0.0 && after * calls_before <= FALLS_OFF * before * calls_after
        }
        _ => false,
    };
    group.births.len() >= FEWEST_BLOCKS && made.windows(2).zip(calls.windows(2)).all(falls)
}

/// True if a group that is younger than half of the run was as high before: it is emptied from time to time.
fn was_emptied(group: &Evidence<'_>, span: Span) -> bool {
    let was_as_high = group.levels.highest_until(span.first).is_some_and(|highest| highest > AS_HIGH * group.bytes);
    span.length() < group.now / 2.0 && was_as_high
}

/// True if a group that began in the last quarter of the run is the beginning of a leak. Work in progress looks the
/// same, but has been as high before; without readings, most blocks made on the path were deallocated then.
fn began_late(group: &Evidence<'_>, span: Span) -> bool {
    // A small sample is less steady than the blocks that it stands for. Then the exact net has to be steady.
    let is_steady = span.quarters(&group.births).iter().all(|&quarter| quarter >= LEAST_SHARE_OF_YOUNG)
        || (group.is_confirmed() && keep_coming(&group.births, span));
    let is_long = span.length() >= SHORTEST * group.now && group.births.len() >= FEWEST_OF_YOUNG;
    let by_many_calls = group.calls == 0 || group.calls >= FEWEST_CALLS;
    let was_as_high = match group.levels.highest_until(span.first) {
        Some(highest) => highest > AS_HIGH * group.bytes,
        None => group.count < AS_HIGH * group.allocations as f64,
    };
    is_steady && is_long && by_many_calls && !was_as_high && !turns_over(group, span)
}

/// True if the survivors stopped because the program rests: measured by its work they come as before.
fn rests(group: &Evidence<'_>, span: Span) -> bool {
    let (births, middle) = (&group.births, span.middle());
    let (before, after) = (births.weight(span.first, middle), births.weight(middle, f64::INFINITY));
    let is_enough = births.between(middle, f64::INFINITY).count() >= FEWEST_BLOCKS
        && after >= LEAST_SHARE_AT_REST * (before + after)
        && group.calls >= FEWEST_CALLS;
    let work = group.activity.between(span.first, middle).zip(group.activity.between(middle, span.now));
    let Some((work_before, work_after)) = work.filter(|_| is_enough && before > 0.0) else { return false };
    let others = |work: WorkDone, from: f64, to: f64| work.beside(births.bytes(from, to));
    let come_as_work_does =
        others(work_after, middle, f64::INFINITY).is_rest(REST, others(work_before, span.first, middle));
    (come_as_work_does && is_usual_pause_by_work(group, span) || rests_since_newest(group, span))
        && after * work_before.bytes >= SAME * before * work_after.bytes
        && each_call_leaves_as_much(group, span, before, after)
        && !turns_over(group, span)
        && !was_emptied(group, span)
}

/// True if the work since the newest survivor is no more than usual between two of them.
fn is_usual_pause_by_work(group: &Evidence<'_>, span: Span) -> bool {
    let (births, newest) = (&group.births, group.births.newest());
    let work = group.activity.between(span.first, span.now).zip(group.activity.between(newest, span.now));
    let usual = PAUSE.max(GAPS / births.len() as f64);
    work.is_some_and(|(all, since)| since.bytes <= usual * all.beside(births.bytes(span.first, f64::INFINITY)).bytes)
}

/// True if survivors kept coming until the program began to rest.
fn rests_since_newest(group: &Evidence<'_>, span: Span) -> bool {
    let newest = group.births.newest();
    group.activity.rests((span.first, newest), span.now, group.births.bytes(span.first, newest))
        && keep_coming(&group.births, Span { now: newest, ..span })
}

/// True if the calls in the later half left as much as those before. Without readings of the calls: true if each call
/// so far left something.
fn each_call_leaves_as_much(group: &Evidence<'_>, span: Span, before: f64, after: f64) -> bool {
    let at_first = group.calls_before.last_until(span.first).map_or(0.0, |(_, calls)| calls);
    match group.calls_before.last_until(span.middle()).map(|(_, calls)| calls - at_first) {
        Some(calls_before) if calls_before >= 1.0 => {
            let calls_after = (group.calls as f64 - calls_before - at_first).max(0.0);
            after * calls_before >= SAME * before * calls_after
        }
        _ => group.count >= SAME * group.calls as f64,
    }
}
