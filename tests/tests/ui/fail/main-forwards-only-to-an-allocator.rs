static NUMBER: u8 = 1;

#[memprof::main(allocator = NUMBER)]
fn main() {}
