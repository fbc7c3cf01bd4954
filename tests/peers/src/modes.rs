//! memprof as it can be set.

use memprof::Config;

/// One switch: nothing is counted.
pub fn disabled() -> Config {
    let mut config = Config::default();
    config.memory_profiling.enabled = false;
    silent(config)
}

/// Totals and functions; no live block is tracked.
pub fn counters() -> Config {
    let mut config = Config::default();
    config.memory_profiling.track_allocations = false;
    silent(config)
}

/// As it comes.
pub fn default() -> Config {
    silent(Config::default())
}

/// Every live block is tracked, with its stack.
pub fn exact() -> Config {
    let mut config = Config::default();
    config.memory_profiling.max_tracked_allocations = 100_000;
    config.memory_profiling.sample_interval_bytes = 1;
    silent(config)
}

/// What it takes to write the reports is not measured here.
fn silent(mut config: Config) -> Config {
    config.memory_profiling.dump_on_exit = false;
    config
}
