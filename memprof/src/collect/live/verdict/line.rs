//! The straight line through readings, by least squares.

/// Fewest readings that have a line and its error.
const FEWEST: usize = 4;

/// A straight line, and the error of its slope.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Line {
    /// Time of the first reading, and the time from there to the last one, seconds.
    pub(super) first: f64,
    pub(super) length: f64,
    /// Change in a second, and its standard error.
    pub(super) slope: f64,
    pub(super) slope_error: f64,
}

impl Line {
    /// The line through readings, oldest first: seconds and the figure. `None`: there are too few.
    pub(super) fn through(readings: impl Iterator<Item = (f64, f64)>) -> Option<Self> {
        let readings: Vec<(f64, f64)> = readings.collect();
        let (&(first, _), &(last, _)) = readings.first().zip(readings.last())?;
        let count = readings.len() as f64;
        let sum = |term: &dyn Fn(&(f64, f64)) -> f64| readings.iter().map(term).sum::<f64>();
        let (at, level) = (sum(&|reading| reading.0) / count, sum(&|reading| reading.1) / count);
        let spread = sum(&|reading| (reading.0 - at).powi(2));
        if readings.len() < FEWEST || spread <= 0.0 {
            return None;
        }
        let slope = sum(&|reading| (reading.0 - at) * (reading.1 - level)) / spread;
        let rest = sum(&|reading| (reading.1 - level - slope * (reading.0 - at)).powi(2));
        // Two figures of the line are taken from the readings.
        let slope_error = (rest / (count - 2.0) / spread).sqrt();
        Some(Self { first, length: last - first, slope, slope_error })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn readings_on_a_line_have_its_slope_without_an_error() {
        let line = Line::through((0..6).map(f64::from).map(|at| (2.0 + at, 7.0 - 3.0 * at))).expect("a line");
        assert_eq!((line.first, line.length), (2.0, 5.0));
        assert!((line.slope + 3.0).abs() < 1e-9 && line.slope_error < 1e-6, "{line:?}");
    }

    #[test]
    fn readings_beside_the_line_are_its_error() {
        let line = Line::through([(0.0, 1.0), (1.0, -1.0), (2.0, -1.0), (3.0, 1.0)].into_iter()).expect("a line");
        // 4 / 2 over 5.
        assert!(line.slope.abs() < 1e-9 && (line.slope_error - 0.4_f64.sqrt()).abs() < 1e-9, "{line:?}");
    }

    #[test]
    fn too_few_readings_or_one_moment_have_none() {
        assert_eq!(Line::through((0..3).map(f64::from).map(|at| (at, at))), None);
        assert_eq!(Line::through((0..9).map(|level| (1.0, f64::from(level)))), None);
        assert_eq!(Line::through([].into_iter()), None);
    }
}
