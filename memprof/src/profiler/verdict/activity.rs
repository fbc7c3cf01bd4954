//! How busy the process was over time: bytes that it has allocated.

/// Bytes allocated so far, at moments of the run, oldest first.
#[derive(Debug, Default)]
pub(in crate::profiler) struct Activity(Vec<(f64, f64)>);

impl Activity {
    /// Of these moments (seconds) and bytes so far, oldest first.
    pub(in crate::profiler) fn new(points: Vec<(f64, f64)>) -> Self {
        Self(points)
    }

    /// Bytes allocated between two moments; `None` where that is not known.
    pub(super) fn between(&self, from: f64, to: f64) -> Option<f64> {
        Some((self.at(to)? - self.at(from)?).max(0.0))
    }

    /// Bytes allocated until a moment, evenly between the two readings around it.
    fn at(&self, seconds: f64) -> Option<f64> {
        let (first, last) = (self.0.first()?, self.0.last()?);
        let after = self.0.partition_point(|point| point.0 <= seconds);
        let left = after.checked_sub(1).and_then(|index| self.0.get(index)).unwrap_or(first);
        let right = self.0.get(after).unwrap_or(last);
        let span = right.0 - left.0;
        let part = if span > 0.0 { ((seconds - left.0) / span).clamp(0.0, 1.0) } else { 0.0 };
        Some(left.1 + (right.1 - left.1) * part)
    }
}
