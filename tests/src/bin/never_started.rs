//! A program that installs the tracker and never starts a profile.

#[global_allocator]
static ALLOC: memprof::AllocationTracker = memprof::AllocationTracker::system();

#[memprof::track_memory]
fn work() -> usize {
    std::hint::black_box(vec![1u8; 4096]).len()
}

fn main() {
    println!("{}", work() + work());
}
