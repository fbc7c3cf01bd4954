//! memprof over jemalloc, in the mode that `--mode` names.

#[global_allocator]
static ALLOC: memprof::AllocationTracker<memprof::Jemalloc> = memprof::AllocationTracker::new(memprof::Jemalloc);

memprof_peers::memprof_main!();
