//! divan's allocation profiler, as it runs in a program that is no benchmark: outside of one it has no figures to ask for.

#[global_allocator]
static ALLOC: divan::AllocProfiler = divan::AllocProfiler::system();

fn main() {
    memprof_peers::run(memprof_peers::Peer::default());
}
