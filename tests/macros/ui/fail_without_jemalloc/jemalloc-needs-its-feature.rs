#[memprof::main(allocator = jemalloc)]
fn main() {}
