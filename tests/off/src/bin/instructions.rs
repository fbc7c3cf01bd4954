//! One kind of event, repeated, for a tool that counts instructions: `instructions KIND TIMES`. Each kind with memprof
//! has a twin without it: they cost the same.

use std::alloc::{GlobalAlloc, Layout, System};
use std::hint::black_box;
use std::pin::pin;
use std::task::{Context, Poll, Waker};

use memprof::{AllocationTracker, scope, track_memory};

static TRACKED: AllocationTracker = AllocationTracker::system();

#[inline(never)]
fn pairs(allocator: &impl GlobalAlloc, times: usize) {
    let layout = Layout::new::<[u64; 8]>();
    for _ in 0..times {
        // SAFETY: the size is not 0; the block goes back to where it came from, with the layout it has by then.
        unsafe {
            let block = black_box(allocator.alloc(layout));
            let block = black_box(allocator.realloc(block, layout, 128));
            allocator.dealloc(block, Layout::from_size_align_unchecked(128, layout.align()));
        }
    }
}

#[track_memory(max_allocated = "1 KiB", on_violation = "panic", window = "process")]
#[inline(never)]
fn call(value: usize) -> usize {
    let _scope = scope!("a block");
    black_box(value) + 1
}

#[inline(never)]
fn call_without(value: usize) -> usize {
    black_box(value) + 1
}

#[track_memory]
async fn future(value: usize) -> usize {
    black_box(value) + 1
}

async fn future_without(value: usize) -> usize {
    black_box(value) + 1
}

#[inline(never)]
fn poll<F: Future<Output = usize>>(make: impl Fn(usize) -> F, times: usize) {
    let mut context = Context::from_waker(Waker::noop());
    for value in 0..times {
        let polled = pin!(make(value)).poll(&mut context);
        assert!(matches!(black_box(polled), Poll::Ready(_)));
    }
}

fn main() {
    let mut arguments = std::env::args().skip(1);
    let kind = arguments.next().unwrap_or_default();
    let times: usize = arguments.next().and_then(|times| times.parse().ok()).expect("KIND TIMES");
    match kind.as_str() {
        "allocations" => pairs(&TRACKED, times),
        "allocations-without" => pairs(&System, times),
        "calls" => (0..times).for_each(|value| assert!(call(value) > 0)),
        "calls-without" => (0..times).for_each(|value| assert!(call_without(value) > 0)),
        "polls" => poll(|value| memprof::track("named", future(value)), times),
        "polls-without" => poll(future_without, times),
        other => panic!("unknown kind {other}"),
    }
}
