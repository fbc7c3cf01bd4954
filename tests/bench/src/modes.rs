//! memprof as it can be set.

use memprof::Config;

/// Set where instructions are counted: the profiler makes no readings over time.
pub const WITHOUT_READINGS: &str = "MEMPROF_PEERS_WITHOUT_READINGS";

/// The mode that a user names.
pub fn named(name: &str) -> Option<Config> {
    let mut config = Config::default();
    let profiling = &mut config.memory_profiling;
    match name {
        // One switch: nothing is counted.
        "disabled" => profiling.enabled = false,
        // Totals and functions; no live block is tracked.
        "counters" => profiling.track_allocations = false,
        // As it comes.
        "default" => {}
        // A sample from the start, as the default mode takes in the end if many blocks are allocated. Fixed, because
        // callgrind distorts the time that the default mode depends on.
        "sampled" => profiling.sample_interval_bytes = 64 * 1024,
        // Every live block is tracked, with its stack.
        "exact" => {
            profiling.max_tracked_allocations = 100_000;
            profiling.sample_interval_bytes = 1;
        }
        _ => return None,
    }
    if std::env::var_os(WITHOUT_READINGS).is_some() {
        // Readings over time depend on the clock, which runs fast beneath a tool that counts. Without the profiler's
        // own thread, and with a table that is too large to be read in an allocation, there are hardly any.
        profiling.dump_on_signal = Some(Vec::new());
        profiling.max_tracked_allocations = profiling.max_tracked_allocations.max(20_001);
    }
    // Reports are written where a workload asks for one, and nowhere else.
    profiling.dump_on_exit = false;
    config.reporting.output_dir = std::env::temp_dir();
    let process = std::process::id();
    config.reporting.allocation_report = format!("memprof-peers-{process}.json").into();
    config.reporting.leak_report = format!("memprof-peers-{process}.txt").into();
    Some(config)
}

/// The main of a peer that is memprof, over one allocator or another.
#[macro_export]
macro_rules! memprof_main {
    () => {
        $crate::functions!(memprof::track_memory);

        fn main() {
            let mode = $crate::mode();
            let config = $crate::modes::named(&mode).unwrap_or_else(|| panic!("memprof has no mode {mode}"));
            let is_on = config.memory_profiling.enabled;
            let profiler =
                std::mem::ManuallyDrop::new(memprof::Profiler::start(config).expect("no other profile is running"));
            $crate::run($crate::Peer {
                calls: Some(calls()),
                report: Some(Box::new(move |_| {
                    let written =
                        std::mem::ManuallyDrop::into_inner(profiler).finish().expect("the report can be written");
                    let _ = std::fs::remove_file(written.allocation_report);
                    let _ = std::fs::remove_file(written.leak_report);
                })),
                counted: is_on.then(|| Box::new(|| memprof::memory_stats().allocated as u64) as Box<dyn Fn() -> u64>),
            });
        }
    };
}
