//! `allocator = none` in a program that forgot to install the tracker.

#[memprof::track_memory]
fn work() {
    drop(std::hint::black_box(vec![1u8; 12345]));
}

#[memprof::main(allocator = none)]
fn main() {
    work();
}
