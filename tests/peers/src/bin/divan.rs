//! divan's allocation profiler.

#[global_allocator]
static ALLOC: divan::AllocProfiler = divan::AllocProfiler::system();

fn main() {
    memprof_peers::run(None);
}
