//! memprof over the system's allocator, in the mode that `--mode` names.

#[global_allocator]
static ALLOC: memprof::AllocationTracker = memprof::AllocationTracker::system();

memprof_peers::memprof_main!();
