#[memprof::track_memory(nmae = "load")]
fn load() {}

#[memprof::main(allocator = tcmalloc, confg = "x")]
fn main() {
    load();
}
