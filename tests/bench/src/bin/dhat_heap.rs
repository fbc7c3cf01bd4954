//! dhat: every allocation with its stack.

use memprof_peers::{Peer, run};

#[global_allocator]
static ALLOC: dhat::Alloc = dhat::Alloc;

fn main() {
    let path = std::env::temp_dir().join(format!("memprof-peers-{}.dhat", std::process::id()));
    let profiler = std::mem::ManuallyDrop::new(dhat::Profiler::builder().file_name(&path).build());
    run(Peer {
        report: Some(Box::new(move |_| {
            drop(std::mem::ManuallyDrop::into_inner(profiler));
            let _ = std::fs::remove_file(path);
        })),
        counted: Some(Box::new(|| dhat::HeapStats::get().total_bytes)),
        ..Peer::default()
    });
}
