//! The configuration as a row of the report.

use crate::config::Config;
use crate::report::data::Settings;
use std::path::Path;

pub(super) fn settings(config: &Config) -> Settings {
    let Config { memory_profiling, jemalloc, leaks, reporting, limits, serve } = config;
    let text = |path: &Path| path.to_string_lossy().into_owned();
    Settings {
        enabled: memory_profiling.enabled,
        track_allocations: memory_profiling.track_allocations,
        dump_on_exit: memory_profiling.dump_on_exit,
        dump_on_signal: memory_profiling.dump_on_signal.clone(),
        max_tracked_allocations: memory_profiling.max_tracked_allocations as u64,
        sample_interval_bytes: memory_profiling.sample_interval_bytes as u64,
        overhead_budget_percent: memory_profiling.overhead_budget_percent as u64,
        backtraces: memory_profiling.backtraces,
        max_backtrace_frames: memory_profiling.max_backtrace_frames as u64,
        max_label_values: memory_profiling.max_label_values as u64,
        timeline_points: memory_profiling.timeline_points as u64,
        peak_step_percent: memory_profiling.peak_step_percent as u64,
        background_thread: jemalloc.background_thread,
        abort_on_oom: jemalloc.abort_on_oom,
        stats_print: jemalloc.stats_print,
        ignore: leaks.ignore.clone(),
        output_dir: text(&reporting.output_dir),
        allocation_report: text(&reporting.allocation_report),
        leak_report: text(&reporting.leak_report),
        formats: reporting.formats.iter().map(ToString::to_string).collect(),
        html_report: text(&reporting.html_report),
        overwrite: reporting.overwrite,
        program_args: reporting.program_args,
        growth_columns: reporting.growth_columns,
        every_seconds: reporting.every_seconds as u64,
        keep: reporting.keep as u64,
        report_at_percent: limits.report_at_percent as u64,
        report_at_bytes: limits.report_at_bytes as u64,
        report_at_new_high: limits.report_at_new_high,
        keep_limit_reports: limits.keep_limit_reports as u64,
        serve_address: serve.serve_address.clone(),
        serve_token: if serve.serve_token.is_empty() { "unset" } else { "set" }.to_owned(),
    }
}
