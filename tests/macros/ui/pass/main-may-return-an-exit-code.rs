use std::process::ExitCode;

#[memprof::main]
fn main() -> ExitCode {
    if vec![1].is_empty() {
        return ExitCode::FAILURE;
    }
    ExitCode::SUCCESS
}
