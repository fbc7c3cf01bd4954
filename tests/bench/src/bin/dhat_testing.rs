//! dhat as it is used in tests: totals are what one looks at, but the stacks are taken all the same.

use memprof_peers::{Peer, run};

#[global_allocator]
static ALLOC: dhat::Alloc = dhat::Alloc;

fn main() {
    let profiler = dhat::Profiler::builder().testing().build();
    run(Peer { counted: Some(Box::new(|| dhat::HeapStats::get().total_bytes)), ..Peer::default() });
    std::mem::forget(profiler);
}
