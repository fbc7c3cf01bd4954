//! Activity of the process over time.

/// Work of the process up to a moment of the run.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct WorkDone {
    /// The moment, seconds.
    pub(crate) at: f64,
    /// Bytes allocated.
    pub(crate) bytes: f64,
    /// Processor time, seconds; always 0 if the system does not tell.
    pub(crate) processor: f64,
}

/// Maximum share of the work before that a resting program does.
const AT_REST: f64 = 0.1;
/// Minimum share of the other work. Less is next to nothing.
const LEAST_BESIDE: f64 = 0.1;
/// Share of one processor that a process at rest may use.
const IDLE: f64 = 0.05;

/// The work at moments of the run, oldest first.
#[derive(Debug, Default)]
pub(crate) struct Activity(Vec<WorkDone>);

impl Activity {
    /// From these moments, oldest first.
    pub(crate) fn new(points: Vec<WorkDone>) -> Self {
        Self(points)
    }

    /// Work between two moments, `at` seconds apart; `None` if it is not known.
    pub(super) fn between(&self, from: f64, to: f64) -> Option<WorkDone> {
        let (before, after) = (self.at(from)?, self.at(to)?);
        let since = |before: f64, after: f64| (after - before).max(0.0);
        Some(WorkDone {
            at: since(from, to),
            bytes: since(before.bytes, after.bytes),
            processor: since(before.processor, after.processor),
        })
    }

    /// True if the program has rested since a moment and did not between `from` and that moment, when it made `own`
    /// bytes of the group in question.
    pub(crate) fn rests(&self, (from, since): (f64, f64), now: f64, own: f64) -> bool {
        let work = self.between(from, since).zip(self.between(since, now));
        work.is_some_and(|(before, since)| since.is_rest(AT_REST, before.beside(own)))
    }

    /// Work since a moment, as a share of that before it: by bytes or by processor time, whichever is less. `None` if
    /// it is not known.
    pub(super) fn share_since(&self, from: f64, since: f64, now: f64) -> Option<f64> {
        let (before, since) = self.between(from, since).zip(self.between(since, now))?;
        let share = |since: f64, before: f64| (before > 0.0).then(|| since / before);
        let (bytes, processor) = (share(since.bytes, before.bytes)?, share(since.processor, before.processor));
        Some(processor.map_or(bytes, |processor| processor.min(bytes)))
    }

    /// Work up to a moment, interpolated between the two readings around it.
    fn at(&self, seconds: f64) -> Option<WorkDone> {
        let (first, last) = (self.0.first()?, self.0.last()?);
        let after = self.0.partition_point(|point| point.at <= seconds);
        let left = after.checked_sub(1).and_then(|index| self.0.get(index)).unwrap_or(first);
        let right = self.0.get(after).unwrap_or(last);
        let span = right.at - left.at;
        let part = if span > 0.0 { ((seconds - left.at) / span).clamp(0.0, 1.0) } else { 0.0 };
        let mix = |left: f64, right: f64| left + (right - left) * part;
        Some(WorkDone {
            at: seconds,
            bytes: mix(left.bytes, right.bytes),
            processor: mix(left.processor, right.processor),
        })
    }
}

impl WorkDone {
    /// Work without the allocations of something that may be full: those end, and the program continues. All of it if
    /// hardly any other work was done.
    pub(super) fn beside(self, own: f64) -> Self {
        let others = self.bytes - own;
        if others < LEAST_BESIDE * self.bytes { self } else { Self { bytes: others, ..self } }
    }

    /// True if this is at most a share of other work, by bytes and by processor time: a program that allocates little
    /// may still compute.
    pub(super) fn is_rest(self, share: f64, of: WorkDone) -> bool {
        self.bytes <= share * of.bytes && self.processor <= (share * of.processor).max(IDLE * self.at)
    }
}
