//! peak_alloc: net and peak in process-wide atomics.

#[global_allocator]
static ALLOC: peak_alloc::PeakAlloc = peak_alloc::PeakAlloc;

fn main() {
    memprof_peers::run(None);
}
