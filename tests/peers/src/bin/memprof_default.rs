//! memprof, default.

#[global_allocator]
static ALLOC: memprof::AllocationTracker = memprof::AllocationTracker::system();

memprof_peers::memprof_main!(default);
