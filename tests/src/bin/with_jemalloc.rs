//! A program over jemalloc, which says whether jemalloc's background threads run.

#[memprof::track_memory]
fn keep() {
    std::mem::forget(std::hint::black_box(vec![1u8; 1 << 20]));
}

#[memprof::main(allocator = jemalloc)]
fn main() {
    keep();
    println!("background threads: {}", tikv_jemalloc_ctl::background_thread::read().unwrap());
}
