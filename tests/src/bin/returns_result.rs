//! A main that returns a `Result`: an error if there is an argument.

#[memprof::main]
fn main() -> Result<(), Box<dyn std::error::Error>> {
    let held = std::hint::black_box(vec![1u8; 100]);
    match std::env::args().nth(1) {
        Some(words) => Err(words)?,
        None => drop(held),
    }
    Ok(())
}
