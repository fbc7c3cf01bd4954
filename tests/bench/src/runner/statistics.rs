//! proportional, 2: quadratic. `None` if a figure is not positive.

/// Summary of several rounds.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Spread {
    pub(super) least: f64,
    pub(super) median: f64,
    pub(super) most: f64,
}

impl Spread {
    /// `None` without figures.
    pub(super) fn of(figures: &[f64]) -> Option<Spread> {
        let mut sorted = figures.to_vec();
        sorted.sort_by(f64::total_cmp);
        let (least, most) = (*sorted.first()?, *sorted.last()?);
        let middle = sorted.len() / 2;
        let median = if sorted.len() % 2 == 1 { sorted[middle] } else { (sorted[middle - 1] + sorted[middle]) / 2.0 };
        Some(Spread { least, median, most })
    }
}

/// Cost of one more event, from two runs with different numbers of it: the work before and after does not count.
pub(super) fn slope(fewer: (f64, f64), more: (f64, f64)) -> f64 {
    (more.1 - fewer.1) / (more.0 - fewer.0)
}

/// Growth of a figure: the exponent of the power of `x` that fits best (least squares of the logarithms). 0: constant,
pub(super) fn exponent(points: &[(f64, f64)]) -> Option<f64> {
    if points.len() < 2 || points.iter().any(|&(x, y)| x <= 0.0 || y <= 0.0) {
        return None;
    }
    let logs: Vec<(f64, f64)> = points.iter().map(|&(x, y)| (x.ln(), y.ln())).collect();
    let count = logs.len() as f64;
    let mean_x = logs.iter().map(|log| log.0).sum::<f64>() / count;
    let mean_y = logs.iter().map(|log| log.1).sum::<f64>() / count;
    let together: f64 = logs.iter().map(|log| (log.0 - mean_x) * (log.1 - mean_y)).sum();
    let alone: f64 = logs.iter().map(|log| (log.0 - mean_x).powi(2)).sum();
    Some(together / alone)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_median_is_the_middle_one_or_between_the_two_in_the_middle() {
        assert_eq!(Spread::of(&[3.0, 1.0, 9.0]), Some(Spread { least: 1.0, median: 3.0, most: 9.0 }));
        assert_eq!(Spread::of(&[4.0, 1.0, 2.0, 9.0]).map(|spread| spread.median), Some(3.0));
        assert_eq!(Spread::of(&[]), None);
    }

    #[test]
    fn a_slope_leaves_out_what_is_there_without_any() {
        let cost = |times: f64| 1_000_000.0 + 33.0 * times;
        assert_eq!(slope((100.0, cost(100.0)), (200.0, cost(200.0))), 33.0);
    }

    #[test]
    fn an_exponent_is_that_of_the_power_that_made_the_points() {
        let of = |power: f64| exponent(&[1.0, 10.0, 100.0, 1000.0].map(|x: f64| (x, 5.0 * x.powf(power))));
        for power in [0.0, 0.5, 1.0, 2.0] {
            assert!((of(power).unwrap() - power).abs() < 1e-9, "{power}");
        }
        assert_eq!(exponent(&[(1.0, 0.0), (2.0, 1.0)]), None);
    }
}
