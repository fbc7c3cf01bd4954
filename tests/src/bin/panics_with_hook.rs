//! A program with a panic hook of its own, which is there before the profile starts.

use memprof::{AllocationTracker, Config, Profiler, track_memory};

#[global_allocator]
static ALLOC: AllocationTracker = AllocationTracker::system();

#[track_memory]
fn fails() {
    panic!("the only failure");
}

fn main() -> Result<(), memprof::Error> {
    std::panic::set_hook(Box::new(|info| {
        let text = "the program's hook says ".repeat(1000);
        eprintln!("{} {info}\n{}", &text[..24], std::backtrace::Backtrace::capture());
    }));
    let profiler = Profiler::start(Config::load()?)?;
    assert!(std::panic::catch_unwind(fails).is_err());
    profiler.finish()?;
    Ok(())
}
