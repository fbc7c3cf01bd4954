#![forbid(unsafe_code)]
#![deny(warnings)]

use std::error::Error;

#[memprof::main(allocator = system)]
fn main() -> Result<(), Box<dyn Error>> {
    let number = "3".parse::<u8>()?;
    if number == 4 {
        return Err("four".into());
    }
    Ok(())
}
