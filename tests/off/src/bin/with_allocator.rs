//! The other forms of the attribute, and every setting by hand.
#![deny(warnings)]

use std::alloc::System;

static ARENA: System = System;

fn config() -> memprof::Config {
    let mut config = memprof::Config::from_toml("[memory_profiling]\nenabled = false", "x.toml").unwrap();
    config.memory_profiling.enabled = true;
    config.memory_profiling.max_tracked_allocations = 1;
    config.jemalloc.abort_on_oom = true;
    config.reporting.output_dir = ".".into();
    config
}

#[memprof::main(allocator = crate::ARENA)]
fn main() -> Result<(), memprof::Error> {
    let _profiler = memprof::Profiler::start(config())?;
    Ok(())
}
