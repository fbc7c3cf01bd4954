//! The heap of the last minutes as a plot.

use memprof::__private::texts::bytes;
use ratatui::Frame;
use ratatui::layout::{Constraint, Layout, Rect};
use ratatui::style::{Color, Style};
use ratatui::symbols::Marker;
use ratatui::text::{Line, Span};
use ratatui::widgets::{Axis, Chart, Dataset, GraphType};

use super::history::{HeapPoint, History};

/// Lengths of the time axis, seconds.
const LENGTHS: [f64; 3] = [60.0, 120.0, 300.0];
/// A limit is drawn if so much of it is used.
const NEAR: f64 = 0.5;

/// Room above the highest line.
const ROOM: f64 = 1.02;

const LIVE: Color = Color::Green;
const RSS: Color = Color::Cyan;
const LIMIT: Color = Color::Red;

/// The lines of the plot. Times are seconds before now.
#[derive(Debug, Default, PartialEq)]
struct Lines {
    live: Vec<(f64, f64)>,
    rss: Vec<(f64, f64)>,
    limit: Option<f64>,
    /// Length of the time axis.
    seconds: f64,
    /// End of the axis of sizes.
    highest: f64,
}

impl Lines {
    fn of<'p>(points: impl DoubleEndedIterator<Item = &'p HeapPoint>, limit: Option<u64>) -> Self {
        let points: Vec<&HeapPoint> = points.collect();
        let (Some(first), Some(last)) = (points.first(), points.last()) else { return Self::default() };
        let length = last.seconds - first.seconds;
        let seconds = LENGTHS.into_iter().find(|seconds| *seconds >= length).unwrap_or(LENGTHS[LENGTHS.len() - 1]);
        let at = |point: &HeapPoint| point.seconds - last.seconds;
        let live: Vec<_> = points.iter().map(|point| (at(point), point.net_bytes.max(0) as f64)).collect();
        let rss: Vec<_> = points.iter().filter_map(|point| Some((at(point), point.rss_bytes? as f64))).collect();
        let most = live.iter().chain(&rss).map(|point| point.1).fold(0.0, f64::max);
        let limit = limit.map(|limit| limit as f64).filter(|limit| most >= limit * NEAR);
        Self { live, rss, limit, seconds, highest: round_above(limit.unwrap_or(0.0).max(most * ROOM)) }
    }
}

/// The next size with few digits.
fn round_above(size: f64) -> f64 {
    let mut unit = 1024.0;
    loop {
        for step in [
            1.0, 2.0, 3.0, 4.0, 6.0, 8.0, 12.0, 16.0, 24.0, 32.0, 48.0, 64.0, 96.0, 128.0, 192.0, 256.0, 384.0, 512.0,
            768.0,
        ] {
            if step * unit >= size {
                return step * unit;
            }
        }
        unit *= 1024.0;
    }
}

/// Draws the plot, with its legend above.
pub(super) fn draw(frame: &mut Frame<'_>, area: Rect, history: &History, limit: Option<u64>) {
    let lines = Lines::of(history.points(), limit);
    let [legend, area] = Layout::vertical([Constraint::Length(1), Constraint::Min(0)]).areas(area);
    let mut names = vec![Span::styled("⣀⠤⠒ live heap", LIVE)];
    if !lines.rss.is_empty() {
        names.push(Span::styled("   ••• RSS", RSS));
    }
    if lines.limit.is_some() {
        names.push(Span::styled("   ─── limit", LIMIT));
    }
    frame.render_widget(Line::from(names).centered(), legend);
    let limit: Vec<_> =
        lines.limit.map(|limit| [(-lines.seconds, limit), (0.0, limit)]).into_iter().flatten().collect();
    let set = |data, marker, color| {
        Dataset::default().marker(marker).graph_type(GraphType::Line).style(Style::new().fg(color)).data(data)
    };
    let sets = vec![
        set(&limit, Marker::Custom('─'), LIMIT),
        set(&lines.rss, Marker::Dot, RSS),
        set(&lines.live, Marker::Braille, LIVE),
    ];
    let minutes = |seconds: f64| {
        if seconds < 120.0 { format!("-{seconds:.0} s") } else { format!("-{} min", seconds / 60.0) }
    };
    let times = [minutes(lines.seconds), minutes(lines.seconds / 2.0), "now".to_owned()];
    let size = |share: f64| bytes((lines.highest * share) as i128);
    // All labels in one width, so that the plot does not move.
    let sizes = [size(0.0), size(0.5), size(1.0)].map(|text| format!("{text:>9}"));
    let chart = Chart::new(sets)
        .x_axis(Axis::default().bounds([-lines.seconds, 0.0]).labels(times).style(Style::new().dim()))
        .y_axis(Axis::default().bounds([0.0, lines.highest]).labels(sizes).style(Style::new().dim()));
    frame.render_widget(chart, area);
}

#[cfg(test)]
mod tests {
    use super::*;

    const MB: f64 = 1_048_576.0;

    fn point(seconds: f64, net: f64, rss: Option<f64>) -> HeapPoint {
        HeapPoint { seconds, net_bytes: (net * MB) as i64, rss_bytes: rss.map(|rss| (rss * MB) as u64) }
    }

    #[test]
    fn the_axes_have_round_ends() {
        let points = [point(10.0, 1.0, None), point(95.0, 9.0, Some(20.0))];
        let lines = Lines::of(points.iter(), Some(1 << 30));
        assert_eq!((lines.seconds, lines.highest, lines.limit), (120.0, 24.0 * MB, None));
        assert_eq!(lines.rss, [(0.0, 20.0 * MB)]);
        assert_eq!(lines.live, [(-85.0, MB), (0.0, 9.0 * MB)]);
        assert_eq!([0.0, 1.0, 1030.0, 1e9].map(round_above), [1024.0, 1024.0, 2048.0, 1024.0 * MB]);
    }

    #[test]
    fn a_limit_is_drawn_where_it_is_near() {
        let points = [point(1.0, 300.0, Some(400.0))];
        assert_eq!(Lines::of(points.iter(), Some(512 << 20)).limit, Some(512.0 * MB));
        assert_eq!(Lines::of(points.iter(), Some(900 << 20)).limit, None);
    }

    #[test]
    fn a_net_below_zero_is_drawn_at_zero() {
        assert_eq!(Lines::of([point(1.0, -5.0, None)].iter(), None).live, [(0.0, 0.0)]);
        assert_eq!(Lines::of([].iter(), None), Lines::default());
        assert!(round_above(u64::MAX as f64).is_finite());
    }
}
