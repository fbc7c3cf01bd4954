//! The timeline of a report, from the readings of the run.

use super::live::readings::seconds;
use super::request::Request;
use crate::os::clock::Anchor;
use crate::report::data::{Report, Timeline, TimelineMark, TimelinePoint};
use crate::sorted;
use crate::tracker::history::{History, Point};
use crate::tracker::marks;

/// The readings so far as a timeline; its last point is the report itself. `None`: the configuration asks for none.
pub(super) fn of(request: &Request, history: &History, now: &Anchor, report: &Report) -> Option<Timeline> {
    let most = request.config.memory_profiling.timeline_points;
    let at = |ticks| seconds(ticks, &request.started, now);
    let mut points: Vec<TimelinePoint> =
        history.thinned(most).iter().map(|point| row(point, at(point.ticks))).collect();
    // Threads that read in passing may store their points in another order.
    sorted::by(&mut points, |one, next| one.seconds.total_cmp(&next.seconds));
    // Fewer than the first and the last are one.
    points.drain(..points.len().saturating_sub(most));
    let last = points.last_mut()?;
    *last = TimelinePoint {
        seconds: request.started.elapsed_until(now).as_secs_f64(),
        net_bytes: report.totals.net_bytes,
        allocated_bytes: report.totals.allocated_bytes,
        rss_bytes: report.os.rss_bytes,
        mapped_bytes: mapped(report),
        allocator_held_bytes: report.allocator.held_bytes,
        stack_bytes: report.os.stack_bytes,
    };
    let marks = marks::marks().0.into_iter();
    Some(Timeline {
        interval_seconds: interval(&points),
        marks: marks.map(|mark| TimelineMark { seconds: at(mark.ticks), name: mark.name }).collect(),
        points,
    })
}

fn mapped(report: &Report) -> Option<u64> {
    Some(report.os.file_bytes?.saturating_add(report.os.shared_bytes?))
}

fn row(point: &Point, seconds: f64) -> TimelinePoint {
    TimelinePoint {
        seconds,
        net_bytes: point.net,
        allocated_bytes: point.allocated,
        rss_bytes: point.system.resident,
        mapped_bytes: point.system.mapped,
        allocator_held_bytes: point.system.held,
        stack_bytes: point.system.stacks,
    }
}

/// The median distance of two points. The last one comes when the report does.
fn interval(points: &[TimelinePoint]) -> f64 {
    let earlier = points.get(..points.len().saturating_sub(1)).unwrap_or_default();
    let earlier = if earlier.len() < 2 { points } else { earlier };
    let mut gaps: Vec<f64> =
        earlier.windows(2).map(|pair| if let [one, next] = pair { next.seconds - one.seconds } else { 0.0 }).collect();
    sorted::by(&mut gaps, f64::total_cmp);
    gaps.get(gaps.len() / 2).copied().unwrap_or(0.0)
}
