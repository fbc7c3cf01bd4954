//! dhat: every allocation with its stack.

#[global_allocator]
static ALLOC: dhat::Alloc = dhat::Alloc;

fn main() {
    let profiler = dhat::Profiler::builder().file_name("/dev/null").build();
    memprof_peers::run(None);
    // What it takes to write its report is not measured.
    std::mem::forget(profiler);
}
