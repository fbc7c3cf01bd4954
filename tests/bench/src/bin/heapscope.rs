//! heapscope: every allocation with its stack. It needs frame pointers on x86_64.

use memprof_peers::{Peer, run};
use std::rc::Rc;

#[global_allocator]
static ALLOC: heapscope::Alloc = heapscope::Alloc::system();

fn main() {
    let profiler = heapscope::Profiler::builder().no_output().build().expect("build it with frame pointers");
    let profiler = Rc::new(std::mem::ManuallyDrop::new(profiler));
    let asked = Rc::clone(&profiler);
    run(Peer {
        report: Some(Box::new(move |path| profiler.save_dhat_v2(path).expect("the file can be written"))),
        counted: Some(Box::new(move || asked.stats().total_bytes)),
        ..Peer::default()
    });
}
