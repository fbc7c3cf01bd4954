//! dhat as it is used in tests: totals, no stacks in the end, but taken all the same.

#[global_allocator]
static ALLOC: dhat::Alloc = dhat::Alloc;

fn main() {
    let profiler = dhat::Profiler::builder().testing().build();
    memprof_peers::run(None);
    std::mem::forget(profiler);
}
