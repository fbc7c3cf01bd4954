//! memprof over jemalloc, as it comes.

#[global_allocator]
static ALLOC: memprof::AllocationTracker<memprof::Jemalloc> = memprof::AllocationTracker::new(memprof::Jemalloc);

memprof_peers::memprof_main!(default);
