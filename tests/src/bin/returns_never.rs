//! A main that never returns.

#[memprof::main]
fn main() -> ! {
    let held = std::hint::black_box(vec![1u8; 100]);
    std::process::exit(held.len() as i32)
}
