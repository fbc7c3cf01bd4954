//! peak_alloc: net and peak in process-wide atomics.

use memprof_peers::{Peer, run};

#[global_allocator]
static ALLOC: peak_alloc::PeakAlloc = peak_alloc::PeakAlloc;

fn main() {
    run(Peer { counted: Some(Box::new(|| ALLOC.peak_usage() as u64)), ..Peer::default() });
}
