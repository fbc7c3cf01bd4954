//! Comparison of memprof with other profilers: one program for each allocator wrapper (`src/bin`), the same workloads
//! in each, and a runner that starts them in turns and prints the tables of `memprof/docs/performance.md`.
//!
//! ```text
//! cd tests/bench                                      # its .cargo/config.toml sets the frame pointers for heapscope
//! cargo run --release --ignore-rust-version -- --help # heapscope asks for a newer Rust than it needs
//! cargo run --release --ignore-rust-version -- all --write        # everything, into performance.md: about 20 minutes
//! cargo run --release --ignore-rust-version -- table --rounds 3 --peer memprof --workload churn
//! cargo run --release --ignore-rust-version -- table --seed 7 --slots 512 --sizes 8-100000
//! cargo test --release --ignore-rust-version
//! ```
//!
//! A single run for a profiler of programs: `target/release/memprof --mode counters --workload churn`. Every run has a
//! checksum of its work, which the runner compares with that of the bare allocator. Each peer is asked if it has
//! counted anything: a peer that is not enabled would be the fastest.

mod calls;
mod clock;
pub mod memory;
pub mod modes;
mod outcome;
mod parameters;
mod peer;
mod workloads;

pub use calls::{CALLS, Call, Calls, Link, finish, ready_after};
pub use clock::Started;
pub use outcome::Outcome;
pub use parameters::Parameters;
pub use peer::{Peer, mode, run};
pub use workloads::{REPORT, WORKLOADS, Workload};
