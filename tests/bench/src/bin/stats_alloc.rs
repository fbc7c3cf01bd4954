//! stats_alloc: process-wide atomics.

use memprof_peers::{Peer, run};

#[global_allocator]
static ALLOC: &stats_alloc::StatsAlloc<std::alloc::System> = &stats_alloc::INSTRUMENTED_SYSTEM;

fn main() {
    run(Peer { counted: Some(Box::new(|| ALLOC.stats().bytes_allocated as u64)), ..Peer::default() });
}
