use std::process::{ExitCode, Termination};

struct Mine;

impl Termination for Mine {
    fn report(self) -> ExitCode {
        ExitCode::SUCCESS
    }
}

/// Inside a crate, so that more than one can be tried.
mod opaque {
    #[memprof::main(allocator = none)]
    pub fn main() -> impl std::process::Termination {
        super::Mine
    }
}

#[memprof::main]
fn main() -> Mine {
    assert_eq!(opaque::main().report(), ExitCode::SUCCESS);
    Mine
}
