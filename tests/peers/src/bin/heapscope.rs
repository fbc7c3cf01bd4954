//! heapscope: every allocation with its stack. It needs frame pointers on x86_64.

#[global_allocator]
static ALLOC: heapscope::Alloc = heapscope::Alloc::system();

fn main() {
    let profiler = heapscope::Profiler::new().expect("build it with frame pointers");
    memprof_peers::run(None);
    std::mem::forget(profiler);
}
