#[memprof::main]
#[memprof::main]
fn main() {}
