//! divan's allocation profiler in a program that is not a benchmark: outside of one it has no figures to ask for.

#[global_allocator]
static ALLOC: divan::AllocProfiler = divan::AllocProfiler::system();

fn main() {
    memprof_peers::run(memprof_peers::Peer::default());
}
