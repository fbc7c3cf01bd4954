//! hotpath with allocation profiling. The guard of `#[hotpath::main]` is made by hand, so that its report is measured.

use memprof_peers::{Peer, functions, run};

#[global_allocator]
static ALLOC: hotpath::CountingAllocator<std::alloc::System> = hotpath::CountingAllocator::with(std::alloc::System);

functions!(hotpath::measure);

fn main() {
    let guard = std::mem::ManuallyDrop::new(hotpath::HotpathGuardBuilder::new("main").build());
    run(Peer {
        calls: Some(calls()),
        // To stdout, where its table goes.
        report: Some(Box::new(move |_| drop(std::mem::ManuallyDrop::into_inner(guard)))),
        counted: None,
    });
}
