//! A main that returns an `ExitCode`: its argument.

use std::process::ExitCode;

#[memprof::main]
fn main() -> ExitCode {
    std::env::args().nth(1).and_then(|code| code.parse().ok()).map_or(ExitCode::SUCCESS, |code: u8| code.into())
}
