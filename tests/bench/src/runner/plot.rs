//! A picture for each axis: events at the left, reports and memory at the right.

use super::Result;
use super::axes::{Axis, LINES, Line};
use plotters::coord::ranged1d::ValueFormatter;
use plotters::prelude::*;

/// One curve: a line of the table by its place in [`LINES`], what stands in the legend, and its colour.
type Curve = (usize, &'static str, RGBColor);

const EVENTS: [Curve; 4] = [
    (0, "allocation and free, counters", RGBColor(0, 114, 178)),
    (1, "the same, default", RGBColor(0, 158, 115)),
    (2, "the same, exact with stacks", RGBColor(213, 94, 0)),
    (3, "tracked call", RGBColor(100, 100, 100)),
];
const REPORTS: [Curve; 4] = [
    (4, "memory_stats(), µs", RGBColor(0, 114, 178)),
    (5, "report(), counters, ms", RGBColor(0, 158, 115)),
    (6, "report(), exact with stacks, ms", RGBColor(213, 94, 0)),
    (7, "memory, MB", RGBColor(100, 100, 100)),
];

/// Value of a line at a point of the axis.
type Value<'a> = &'a dyn Fn(&Line, usize) -> Option<f64>;

pub(super) fn draw(path: &str, axis: &Axis, value: Value<'_>) -> Result<()> {
    // White beneath: the page may be shown on black.
    let root = SVGBackend::new(path, (1000, 380)).into_drawing_area();
    root.fill(&WHITE)?;
    let (left, right) = root.split_horizontally(500);
    let (first, last) = (axis.at[0] as f64, axis.at[axis.at.len() - 1] as f64);
    let highest = highest(axis, &EVENTS, value);
    panel(
        ChartBuilder::on(&left)
            .margin(12)
            .x_label_area_size(40)
            .y_label_area_size(50)
            .caption("one event, ns", FONT)
            .build_cartesian_2d((first..last).log_scale(), 0.0..highest * 1.5)?,
        axis,
        &EVENTS,
        value,
    )?;
    let top = self::highest(axis, &REPORTS, value) * 30.0;
    panel(
        ChartBuilder::on(&right)
            .margin(12)
            .x_label_area_size(40)
            .y_label_area_size(50)
            .caption("reports and memory", FONT)
            .build_cartesian_2d((first..last).log_scale(), (0.01..top).log_scale())?,
        axis,
        &REPORTS,
        value,
    )?;
    root.present()?;
    Ok(())
}

const FONT: (&str, i32) = ("sans-serif", 16);
const SMALL: (&str, i32) = ("sans-serif", 12);

fn highest(axis: &Axis, curves: &[Curve], value: Value<'_>) -> f64 {
    let figures = curves.iter().flat_map(|curve| axis.at.iter().filter_map(|&at| value(&LINES[curve.0], at)));
    figures.fold(1.0, f64::max)
}

fn panel<'a, X, Y>(
    mut chart: ChartContext<'a, SVGBackend<'a>, Cartesian2d<X, Y>>,
    axis: &Axis,
    curves: &[Curve],
    value: Value<'_>,
) -> Result<()>
where
    X: Ranged<ValueType = f64> + ValueFormatter<f64> + 'a,
    Y: Ranged<ValueType = f64> + ValueFormatter<f64> + 'a,
{
    chart
        .configure_mesh()
        .x_labels(8)
        .x_desc(axis.title)
        .label_style(SMALL)
        .axis_desc_style(SMALL)
        .light_line_style(TRANSPARENT)
        .x_label_formatter(&|x| short(*x))
        .y_label_formatter(&|y| short(*y))
        .draw()?;
    for &(line, name, colour) in curves {
        // A logarithm has no place for what is not positive.
        let points: Vec<(f64, f64)> =
            axis.at.iter().filter_map(|&at| Some((at as f64, value(&LINES[line], at)?.max(0.01)))).collect();
        chart
            .draw_series(LineSeries::new(points.clone(), colour.stroke_width(2)))?
            .label(name)
            .legend(move |(x, y)| PathElement::new([(x, y), (x + 16, y)], colour.stroke_width(2)));
        chart.draw_series(points.into_iter().map(|point| Circle::new(point, 3, colour.filled())))?;
    }
    chart
        .configure_series_labels()
        .position(SeriesLabelPosition::UpperLeft)
        .background_style(WHITE.mix(0.8))
        .label_font(SMALL)
        .draw()?;
    Ok(())
}

/// 0.01, 5, 10k, 1M.
fn short(figure: f64) -> String {
    match figure {
        f if f >= 1e6 => format!("{}M", f / 1e6),
        f if f >= 1e3 => format!("{}k", f / 1e3),
        f => format!("{}", (f * 1000.0).round() / 1000.0),
    }
}
