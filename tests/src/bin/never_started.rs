//! A program that installs the tracker and never starts a profile. Its first tracked call is in main, on a thread with
//! little stack, or in a sandbox, depending on the argument.

#[cfg(all(target_os = "linux", target_env = "gnu"))]
#[path = "shared/sandbox.rs"]
#[allow(dead_code, reason = "not all of it is for this program")]
mod sandbox;

#[global_allocator]
static ALLOC: memprof::AllocationTracker = memprof::AllocationTracker::system();

#[memprof::track_memory]
fn work() -> usize {
    std::hint::black_box(vec![1u8; 4096]).len()
}

#[cfg(all(target_os = "linux", target_env = "gnu"))]
fn first_call(how: &str) {
    extern "C" fn first() {
        work();
    }
    match how {
        "small" => sandbox::thread(16 * 1024, first),
        "sandbox" => sandbox::no_more_files(),
        other => panic!("unknown: {other}"),
    }
}

fn main() {
    #[cfg(all(target_os = "linux", target_env = "gnu"))]
    if let Some(how) = std::env::args().nth(1) {
        first_call(&how);
    }
    println!("{}", work() + work());
}
