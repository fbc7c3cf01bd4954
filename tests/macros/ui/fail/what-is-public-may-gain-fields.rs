//! Of what may gain fields nobody can have a list of all of them.
use memprof::config::{Jemalloc, Leaks, MemoryProfiling, Reporting};
use memprof::report::data::{Function, Distribution};
use memprof::{Config, Error, MemoryStats, Written};

fn config(parts: (MemoryProfiling, Jemalloc, Leaks, Reporting)) -> Config {
    Config { memory_profiling: parts.0, jemalloc: parts.1, leaks: parts.2, reporting: parts.3 }
}

fn read(spread: Distribution, written: Written, function: Function, stats: MemoryStats) {
    let Distribution { min: _, p50: _, p95: _, p99: _, max: _ } = spread;
    let Written { allocation_report: _, leak_report: _, formats: _, fell_back: _ } = written;
    let Function { name: _, .. } = function;
    let MemoryStats { allocated: _, .. } = stats;
}

fn explain(error: &Error) -> &str {
    match error {
        Error::Config { file: _, line: _, column: _, message } => message,
        Error::Report { message } => message,
        Error::Environment { message, .. } => message,
        Error::Io { .. } | Error::AlreadyRunning | Error::NotRunning => "",
    }
}

fn main() {}
