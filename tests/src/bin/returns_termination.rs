//! A main that returns a type of the program's own.

use std::process::{ExitCode, Termination};

/// Its drop tells that the value went to the runtime, not to memprof.
struct Answer(u8);

impl Termination for Answer {
    fn report(self) -> ExitCode {
        println!("asked for the answer");
        ExitCode::from(self.0)
    }
}

#[memprof::main]
fn main() -> impl Termination {
    Answer(42)
}
