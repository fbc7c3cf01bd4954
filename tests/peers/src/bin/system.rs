//! The bare allocator.

fn main() {
    memprof_peers::run(Some(memprof_peers::Calls { empty, allocating }));
}

#[inline(never)]
fn empty(number: u64) -> u64 {
    std::hint::black_box(number)
}

#[inline(never)]
fn allocating(number: u64) -> u64 {
    drop(std::hint::black_box(Vec::<u8>::with_capacity(64)));
    number
}
