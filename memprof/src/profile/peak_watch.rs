//! The threads that take pictures of the heap near its peak.

use super::limits;
use crate::collect::peak;
use crate::config::Config;
use crate::os::threads::{stack_room, wake};
use crate::tracker::{NetMove, high_water, history};

/// Enables pictures from here on, if live blocks are recorded.
pub(super) fn begin(config: &Config, warnings: &mut Vec<String>) {
    let settings = &config.memory_profiling;
    let step = if settings.track_allocations { settings.peak_step_percent } else { 0 };
    // Who records every block wants the figures whatever they cost.
    let percent = if settings.sample_interval_bytes == 1 { 0 } else { settings.overhead_budget_percent };
    if !peak::begin(step, percent) {
        warnings.push("no memory for pictures of the heap: the report has no peak".to_owned());
    }
    high_water::have_visited((step > 0 || config.limits.are_wanted()).then_some(visit));
}

/// Ends the pictures. The last one stays.
pub(super) fn end() {
    high_water::have_visited(None);
    peak::end();
}

/// Takes the picture that is wanted: for the profiler's thread.
pub(super) fn take_if_wanted() {
    if peak::pause().is_some_and(|pause| pause.is_zero()) {
        peak::take_on_thread(&limits::is_noticed);
    }
}

/// Takes a picture on a thread that publishes, or wakes the thread that takes it. Called in an allocation or a free.
fn visit(moved: NetMove) {
    match moved {
        NetMove::Limit => limits::notice(),
        NetMove::Rise if history::is_reader_there() => {
            if peak::ask_thread() {
                wake::wake();
            }
        }
        NetMove::Rise => peak::take_at_rise(stack_room::is_enough),
        NetMove::Fall => peak::take_before_fall(stack_room::is_enough),
    }
}
