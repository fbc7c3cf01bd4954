//! The bare allocator of the system, and functions that nobody profiles.

use memprof_peers::{Peer, functions, run};

functions!();

fn main() {
    run(Peer { calls: Some(calls()), ..Peer::default() });
}
