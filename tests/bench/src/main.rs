//! The runner: starts every peer with every workload, in turns, and prints Markdown tables. `lib.rs` describes its use.

mod runner;

fn main() -> std::process::ExitCode {
    match runner::run() {
        Ok(()) => std::process::ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("memprof-peers: {error}");
            std::process::ExitCode::FAILURE
        }
    }
}
