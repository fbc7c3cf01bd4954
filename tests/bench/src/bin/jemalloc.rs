//! The bare jemalloc, and functions that nobody profiles.

use memprof_peers::{Peer, functions, run};

#[global_allocator]
static ALLOC: tikv_jemallocator::Jemalloc = tikv_jemallocator::Jemalloc;

functions!();

fn main() {
    run(Peer { calls: Some(calls()), ..Peer::default() });
}
