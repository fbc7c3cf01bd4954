//! One kind of event, repeated, for a tool that counts instructions: `instructions KIND TIMES`. The cost of an event is
//! the difference of two runs, divided by the difference of their times.
#![allow(missing_docs)]

use memprof::{AllocationTracker, Config, Meter, Profiler, track_memory};
use std::alloc::{GlobalAlloc, Layout, System};
use std::hint::black_box;
use std::pin::pin;
use std::task::{Context, Poll, Waker};

/// Minimum cost of every allocator wrapper: it only forwards.
struct Forward<A>(A);

// SAFETY: forwards to the inner allocator and does nothing else.
unsafe impl<A: GlobalAlloc> GlobalAlloc for Forward<A> {
    #[inline]
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        // SAFETY: the caller's promises are the inner allocator's.
        unsafe { self.0.alloc(layout) }
    }

    #[inline]
    unsafe fn dealloc(&self, block: *mut u8, layout: Layout) {
        // SAFETY: the caller's promises are the inner allocator's.
        unsafe { self.0.dealloc(block, layout) };
    }
}

static FORWARD: Forward<System> = Forward(System);

#[global_allocator]
static TRACKED: AllocationTracker = AllocationTracker::system();

const BLOCK: Layout = Layout::new::<[u64; 8]>();

#[inline(never)]
fn pairs(allocator: &impl GlobalAlloc, times: usize) {
    for _ in 0..times {
        // SAFETY: the size is not 0, and the block goes back to where it came from.
        unsafe {
            let layout = Layout::from_size_align_unchecked(black_box(BLOCK.size()), BLOCK.align());
            let block = black_box(allocator.alloc(layout));
            allocator.dealloc(block, layout);
        }
    }
}

/// As `pairs`, by the functions that a `Box` calls.
#[inline(never)]
fn shim_pairs(times: usize) {
    for _ in 0..times {
        // SAFETY: as above.
        unsafe {
            let layout = Layout::from_size_align_unchecked(black_box(BLOCK.size()), BLOCK.align());
            let block = black_box(std::alloc::alloc(layout));
            std::alloc::dealloc(block, layout);
        }
    }
}

/// Frees and allocates among 100 blocks, so that the addresses differ.
#[inline(never)]
fn churn(allocator: &impl GlobalAlloc, times: usize) {
    // SAFETY: the size is not 0, and each block goes back once to where it came from.
    unsafe {
        let mut ring: Vec<*mut u8> = (0..100).map(|_| allocator.alloc(BLOCK)).collect();
        for step in 0..times {
            let slot = step % ring.len();
            allocator.dealloc(ring[slot], BLOCK);
            ring[slot] = black_box(allocator.alloc(BLOCK));
        }
        ring.into_iter().for_each(|block| allocator.dealloc(block, BLOCK));
    }
}

fn hold(blocks: usize) {
    for _ in 0..blocks {
        // SAFETY: the size is not 0; the blocks are kept for ever.
        black_box(unsafe { TRACKED.alloc(BLOCK) });
    }
}

/// Calls `then` beneath so many frames of its own, each of a different size than its caller's.
#[inline(never)]
fn beneath(frames: usize, then: &mut dyn FnMut()) {
    let some_space = black_box([0_u8; 24]);
    if frames <= 1 {
        then();
    } else {
        other_size_beneath(frames - 1, then);
    }
    black_box(some_space);
}

#[inline(never)]
fn other_size_beneath(frames: usize, then: &mut dyn FnMut()) {
    let some_space = black_box([0_u8; 120]);
    if frames <= 1 {
        then();
    } else {
        beneath(frames - 1, then);
    }
    black_box(some_space);
}

#[track_memory]
#[inline(never)]
fn empty() {}

#[track_memory]
#[inline(never)]
fn other() {}

/// As `empty`, without the attribute.
#[inline(never)]
fn plain() {
    black_box(());
}

#[track_memory]
#[inline(never)]
fn above(context: &memprof::Context) {
    context.scope(|| black_box(()));
}

#[track_memory]
async fn polled(times: usize) {
    pending(times).await;
}

/// Ready at the last of so many polls.
fn pending(times: usize) -> impl Future<Output = ()> {
    let mut left = times;
    std::future::poll_fn(move |_| {
        left -= 1;
        if left == 0 { Poll::Ready(()) } else { Poll::Pending }
    })
}

async fn plain_polled(times: usize) {
    pending(times).await;
}

#[inline(never)]
fn poll_to_the_end(future: impl Future<Output = ()>) {
    let mut future = pin!(future);
    while black_box(future.as_mut()).poll(&mut Context::from_waker(Waker::noop())).is_pending() {}
}

fn main() {
    let mut args = std::env::args().skip(1);
    let kind = args.next().unwrap_or_default();
    let times = args.next().and_then(|times| times.parse().ok()).unwrap_or(1);
    let mut config = Config::default();
    config.memory_profiling.dump_on_exit = false;
    // Readings over time depend on the clock. Without the profiler's own thread, and with a table that is too large to
    // be read in an allocation, there are hardly any.
    config.memory_profiling.dump_on_signal = Some(Vec::new());
    config.memory_profiling.max_tracked_allocations = if kind.starts_with("report") { 10_000 } else { 20_001 };
    config.memory_profiling.enabled = !kind.ends_with("-off");
    config.memory_profiling.track_allocations = kind.ends_with("-tracked") || kind.ends_with("-stacks");
    // Under callgrind everything takes long.
    config.memory_profiling.overhead_budget_percent = 0;
    config.memory_profiling.sample_interval_bytes = match kind.as_str() {
        "churn-sampled-tracked" => 64 * 1024,
        // Every block is a sample.
        "pair-sampled-stacks" => 2,
        // None is.
        "pair-unsampled-stacks" => 1 << 50,
        _ => 0,
    };
    config.memory_profiling.backtraces = kind.ends_with("-stacks");
    let profiler = Profiler::start(config).expect("no other profile is running");
    match kind.as_str() {
        "pair-forward" => pairs(&FORWARD, times),
        "pair" | "pair-off" | "pair-tracked" => pairs(&TRACKED, times),
        "shim" | "shim-off" | "shim-tracked" => shim_pairs(times),
        "churn-forward" => churn(&FORWARD, times),
        "churn-tracked" => {
            hold(9_800);
            churn(&TRACKED, times);
        }
        "churn-sampled-tracked" => churn(&TRACKED, times),
        "pair-stacks" | "pair-sampled-stacks" | "pair-unsampled-stacks" => pairs(&TRACKED, times),
        "pair-20-stacks" => beneath(20, &mut || pairs(&TRACKED, times)),
        "pair-50-stacks" => beneath(50, &mut || pairs(&TRACKED, times)),
        // No frame but the outermost is where it was the last time.
        "cold-20-stacks" | "cold-50-stacks" => {
            let frames = if kind.contains("20") { 20 } else { 50 };
            for step in 0..times {
                let mut one = || pairs(&TRACKED, 1);
                if step % 2 == 0 { beneath(frames, &mut one) } else { other_size_beneath(frames, &mut one) }
            }
        }
        "churn-stacks" => {
            hold(9_800);
            churn(&TRACKED, times);
        }
        "call" | "call-off" => (0..times).for_each(|_| empty()),
        "call-plain" => (0..times).for_each(|_| plain()),
        // What two threads write lies in ledgers and nodes of their own.
        "call-on-two-threads" => std::thread::scope(|threads| {
            for _ in 0..2 {
                threads.spawn(|| (0..times / 2).for_each(|_| empty()));
            }
        }),
        "call-in-turn" => (0..times).for_each(|_| {
            empty();
            other();
        }),
        "poll" | "poll-off" => poll_to_the_end(polled(times)),
        "poll-plain" => poll_to_the_end(plain_polled(times)),
        "async-call" | "async-call-off" => (0..times).for_each(|_| poll_to_the_end(polled(black_box(1)))),
        "async-call-plain" => (0..times).for_each(|_| poll_to_the_end(plain_polled(black_box(1)))),
        "meter" => {
            let meter = Meter::new();
            (0..times).for_each(|_| meter.run(|| black_box(())));
        }
        "meter-in-meter" => {
            let (outer, inner) = (Meter::new(), Meter::new());
            outer.run(|| (0..times).for_each(|_| inner.run(|| black_box(()))));
        }
        "labelled" => {
            (0..times).for_each(|_| memprof::labelled(black_box("collection"), black_box("docs"), || black_box(())));
        }
        "labelled-in-labelled" => memprof::labelled("tenant", "one", || {
            (0..times).for_each(|_| memprof::labelled(black_box("collection"), black_box("docs"), || black_box(())));
        }),
        "labelled-long" => {
            let value = "a value that is longer than 16 bytes";
            (0..times).for_each(|_| memprof::labelled(black_box("collection"), black_box(value), || black_box(())));
        }
        "labelled-pair-tracked" => memprof::labelled("collection", "docs", || pairs(&TRACKED, times)),
        "context-capture" => (0..times).for_each(|_| drop(black_box(memprof::Context::current()))),
        "context-enter" => {
            let here = memprof::Context::current();
            (0..times).for_each(|_| here.scope(|| black_box(())));
        }
        "call-above-context" => {
            let here = memprof::Context::current();
            (0..times).for_each(|_| above(&here));
        }
        "report-tracked" => {
            hold(1_000);
            (0..times).for_each(|_| drop(black_box(profiler.report())));
        }
        _ => panic!("no such kind: {kind}"),
    }
    drop(profiler);
}
