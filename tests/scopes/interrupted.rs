//! A signal handler that calls tracked functions, polls tracked futures and allocates, and interrupts the program after
//! each of its instructions: every byte stays with the function that allocated it.
//!
//! The processor's single-step flag raises SIGTRAP after each instruction. In one pass the handler works after every
//! m-th of them, beginning with the r-th; all r of an m are tried, so that each instruction is interrupted, alone and
//! with others.
#![allow(missing_docs)]
#![cfg(all(target_os = "linux", target_arch = "x86_64", feature = "unix"))]

use memprof::__private::Site;
use memprof::{AllocationTracker, Context, Report, track_memory};
use memprof_tests::{Flow, Profile, function, own};
use std::alloc::{GlobalAlloc, Layout};
use std::hint::black_box;
use std::pin::pin;
use std::sync::Once;
use std::sync::atomic::Ordering::{Relaxed, SeqCst};
use std::sync::atomic::{AtomicPtr, AtomicU64, AtomicUsize, compiler_fence};
use std::task::{Poll, Waker};

/// An allocator that a handler may interrupt: it takes one block after the other, and none back.
struct Arena;

static START: AtomicPtr<u8> = AtomicPtr::new(std::ptr::null_mut());
static USED: AtomicUsize = AtomicUsize::new(0);
const ROOM: usize = 8 << 30;

// SAFETY: blocks do not overlap, and are aligned to 64 bytes.
unsafe impl GlobalAlloc for Arena {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        if START.load(Relaxed).is_null() {
            let (access, kind) =
                (libc::PROT_READ | libc::PROT_WRITE, libc::MAP_PRIVATE | libc::MAP_ANONYMOUS | libc::MAP_NORESERVE);
            // SAFETY: a new mapping, which nobody else knows.
            let start = unsafe { libc::mmap(std::ptr::null_mut(), ROOM, access, kind, -1, 0) };
            let _ = START.compare_exchange(std::ptr::null_mut(), start.cast(), SeqCst, SeqCst);
        }
        let align = layout.align().max(16);
        let at = USED.fetch_add(layout.size() + align, Relaxed).next_multiple_of(align);
        assert!(at + layout.size() <= ROOM && align <= 4096);
        // SAFETY: it is within the mapping.
        unsafe { START.load(Relaxed).add(at) }
    }

    unsafe fn dealloc(&self, _: *mut u8, _: Layout) {}
}

#[global_allocator]
static ALLOC: AllocationTracker<Arena> = AllocationTracker::new(Arena);

/// A table that is too large to be read in an allocation: each reading would be hundreds of thousands of steps.
fn profile(tracked: bool) -> Profile {
    Profile::with(|config| {
        config.memory_profiling.track_allocations = tracked;
        config.memory_profiling.max_tracked_allocations = 20_001;
        config.memory_profiling.dump_on_signal = Some(Vec::new());
    })
}

/// Allocates and frees without a call of the C library.
#[inline(never)]
fn flash(bytes: usize) {
    drop(black_box(Vec::<u8>::with_capacity(black_box(bytes))));
}

mod step {
    use super::*;

    const TRAP: i64 = 0x100;
    static EVERY: AtomicU64 = AtomicU64::new(0);
    static FIRST: AtomicU64 = AtomicU64::new(0);
    static STEPS: AtomicU64 = AtomicU64::new(0);
    static WORK: AtomicPtr<()> = AtomicPtr::new(std::ptr::null_mut());

    extern "C" fn on_trap(_: i32, _: *mut libc::siginfo_t, _: *mut libc::c_void) {
        let step = STEPS.fetch_add(1, Relaxed);
        let every = EVERY.load(Relaxed);
        if every != 0 && step % every == FIRST.load(Relaxed) {
            // SAFETY: `pass` stores such a function.
            let work = unsafe { std::mem::transmute::<*mut (), fn()>(WORK.load(Relaxed)) };
            work();
        }
    }

    fn flag(on: bool) {
        // SAFETY: changes one flag of the processor, which has SIGTRAP raised; the handler is there.
        unsafe {
            if on {
                std::arch::asm!("pushfq", "or qword ptr [rsp], {}", "popfq", const TRAP);
            } else {
                std::arch::asm!("pushfq", "and qword ptr [rsp], {}", "popfq", const !TRAP);
            }
        }
    }

    /// Runs `main` step by step; after every `every`-th instruction, from the `first` on, `work` interrupts it. Returns
    /// the instructions; `every` of 0: none is interrupted.
    pub(super) fn pass(every: u64, first: u64, main: &mut dyn FnMut(), work: fn()) -> u64 {
        static ONCE: Once = Once::new();
        ONCE.call_once(|| {
            // SAFETY: all zero is a valid action; the handler has the type that SA_SIGINFO asks for.
            unsafe {
                let mut action: libc::sigaction = std::mem::zeroed();
                action.sa_sigaction = on_trap as *const () as usize;
                action.sa_flags = libc::SA_SIGINFO;
                assert_eq!(libc::sigaction(libc::SIGTRAP, &raw const action, std::ptr::null_mut()), 0);
            }
        });
        EVERY.store(every, Relaxed);
        FIRST.store(first, Relaxed);
        STEPS.store(0, Relaxed);
        WORK.store(work as *mut (), Relaxed);
        compiler_fence(SeqCst);
        flag(true);
        main();
        flag(false);
        compiler_fence(SeqCst);
        STEPS.load(Relaxed)
    }
}

/// How often the handler has worked.
static WORKED: AtomicU64 = AtomicU64::new(0);
const IN_HANDLER: u64 = 48;
const BENEATH_HANDLER: u64 = 24;

#[track_memory(name = "handler")]
fn handler() {
    flash(IN_HANDLER as usize);
    beneath_handler();
}

#[track_memory(name = "beneath handler")]
fn beneath_handler() {
    flash(BENEATH_HANDLER as usize);
}

fn calls() {
    WORKED.fetch_add(1, Relaxed);
    handler();
}

async fn once() {
    let mut polled = false;
    std::future::poll_fn(|_| if std::mem::replace(&mut polled, true) { Poll::Ready(()) } else { Poll::Pending }).await;
}

#[track_memory(name = "handler's future")]
async fn handlers_future() {
    flash(IN_HANDLER as usize);
    once().await;
    flash(BENEATH_HANDLER as usize);
}

fn run(future: impl Future<Output = ()>) {
    let mut future = pin!(future);
    while future.as_mut().poll(&mut std::task::Context::from_waker(Waker::noop())).is_pending() {}
}

fn polls() {
    WORKED.fetch_add(1, Relaxed);
    run(handlers_future());
}

#[track_memory(name = "main's work")]
fn work() {
    flash(1);
    inner();
    flash(100);
    {
        let _scope = memprof::scope!("main's block");
        flash(1_000);
    }
    run(future());
    let mut block: Vec<u8> = Vec::with_capacity(black_box(16));
    black_box(&mut block).reserve_exact(black_box(64));
    again(2);
}

#[track_memory(name = "main's inner")]
fn inner() {
    flash(10);
}

#[track_memory(name = "main's future")]
async fn future() {
    flash(10_000);
    once().await;
    flash(20_000);
}

/// A recursion.
#[track_memory(name = "main's recursion")]
fn again(depth: usize) {
    flash(7);
    if depth > 0 {
        again(depth - 1);
    }
}

const MAIN: [(&str, u64, u64, u64); 5] = [
    ("main's work", 1, 101 + 16 + 64, 4),
    ("main's inner", 1, 10, 1),
    ("main's block", 1, 1_000, 1),
    ("main's future", 1, 30_000, 2),
    ("main's recursion", 3, 21, 3),
];

/// The calls of a function, and what it did itself, in the time between two reports.
fn between(before: &Report, report: &Report, name: &str) -> (u64, Flow) {
    let of = |report: &Report| {
        let row = report.functions.iter().find(|row| row.name == name);
        row.map_or((0, Flow::default()), |row| (row.calls, own(row)))
    };
    let ((calls, flow), (calls_before, flow_before)) = (of(report), of(before));
    assert_eq!(function(report, name).active, 0, "{name}");
    (calls - calls_before, flow - flow_before)
}

fn expect(before: &Report, report: &Report, name: &str, calls: u64, bytes: u64, blocks: u64) {
    let found = between(before, report, name);
    assert_eq!(found, (calls, Flow::new((bytes, blocks), (bytes, blocks))), "{name}");
}

/// One pass after the other, and the rows at the end.
fn expect_each_its_own(profile: &Profile, interrupt: fn(), check_handler: impl FnOnce(&Report, &Report, u64)) {
    WORKED.store(0, Relaxed);
    let before = profile.report();
    let mut runs = 0;
    let mut pass = |every, first| {
        runs += 1;
        step::pass(every, first, &mut work, interrupt)
    };
    let steps = pass(0, 0);
    for every in [1, 3] {
        for first in 0..every {
            let some = pass(every, first);
            assert!(some * 5 > steps, "{some} of {steps} steps");
        }
    }
    let report = profile.report();
    for (name, calls, bytes, blocks) in MAIN {
        expect(&before, &report, name, calls * runs, bytes * runs, blocks * runs);
    }
    check_handler(&before, &report, WORKED.load(Relaxed));
    let (now, then) = (&report.overhead, &before.overhead);
    assert_eq!((now.misplaced_guards, now.scopes_not_opened), (then.misplaced_guards, then.scopes_not_opened));
}

#[test]
fn by_a_tracked_function() {
    for tracked in [false, true] {
        let profile = profile(tracked);
        expect_each_its_own(&profile, calls, |before, report, worked| {
            expect(before, report, "handler", worked, worked * IN_HANDLER, worked);
            expect(before, report, "beneath handler", worked, worked * BENEATH_HANDLER, worked);
        });
    }
}

#[test]
fn by_a_tracked_future() {
    let profile = profile(true);
    expect_each_its_own(&profile, polls, |before, report, worked| {
        expect(before, report, "handler's future", worked, worked * (IN_HANDLER + BENEATH_HANDLER), worked * 2);
    });
}

/// Functions that were never called before, on both sides: their call paths are made in the midst of each other.
#[test]
fn by_functions_that_were_never_called_before() {
    static NEXT: AtomicUsize = AtomicUsize::new(0);
    static SITES: AtomicPtr<Site> = AtomicPtr::new(std::ptr::null_mut());
    const MANY: usize = 3_000;
    fn calls_a_new_one() {
        let next = NEXT.fetch_add(1, Relaxed);
        if next >= MANY {
            return;
        }
        // SAFETY: there are so many, and they live for ever.
        let site: &'static Site = unsafe { &*SITES.load(Relaxed).add(next) };
        let _guard = memprof::__private::enter(site);
        flash(IN_HANDLER as usize);
    }
    let sites = |many: usize, kind: &str| -> &'static [Site] {
        (0..many)
            .map(|number| Site::named(format!("new {kind} {number}").leak(), "new.rs", 1))
            .collect::<Vec<_>>()
            .leak()
    };
    let profile = profile(true);
    let before = profile.report();
    SITES.store(sites(MANY, "in handler").as_ptr().cast_mut(), Relaxed);
    let mains = sites(120, "of main");
    let mut steps = 0;
    for (number, pair) in mains.chunks(2).enumerate() {
        let mut main = || {
            let _outer = memprof::__private::enter(&pair[0]);
            flash(1);
            let _inner = memprof::__private::enter(&pair[1]);
            flash(10);
        };
        if number == 0 {
            steps = step::pass(0, 0, &mut main, calls_a_new_one);
            continue;
        }
        // Some fifty of them in each pass.
        let every = (steps / 50).max(1);
        step::pass(every, number as u64 * 7919 % every, &mut main, calls_a_new_one);
    }
    let report = profile.report();
    for (index, _) in mains.iter().enumerate() {
        expect(&before, &report, &format!("new of main {index}"), 1, if index % 2 == 0 { 1 } else { 10 }, 1);
    }
    for number in 0..NEXT.load(Relaxed).min(MANY) {
        expect(&before, &report, &format!("new in handler {number}"), 1, IN_HANDLER, 1);
    }
}

/// The function that is being entered, left, or at work itself.
#[test]
fn by_a_function_that_the_program_calls_too() {
    fn calls_inner() {
        WORKED.fetch_add(1, Relaxed);
        inner();
    }
    let profile = profile(true);
    let before = profile.report();
    WORKED.store(0, Relaxed);
    let mut runs = 0;
    for every in [1, 2] {
        for first in 0..every {
            step::pass(every, first, &mut work, calls_inner);
            runs += 1;
        }
    }
    let report = profile.report();
    for (name, calls, bytes, blocks) in MAIN {
        let more = if name == "main's inner" { WORKED.load(Relaxed) } else { 0 };
        let expected = (calls * runs + more, bytes * runs + 10 * more, blocks * runs + more);
        expect(&before, &report, name, expected.0, expected.1, expected.2);
    }
}

/// Allocations of a handler outside of tracked functions are charged to the function that it interrupts, and none is
/// lost.
#[test]
fn by_an_allocation() {
    fn allocates() {
        WORKED.fetch_add(1, Relaxed);
        flash(IN_HANDLER as usize);
    }
    let profile = profile(true);
    WORKED.store(0, Relaxed);
    let mut runs = 0;
    // Other threads are not in it.
    let measured = memprof::testing::measure(|| {
        for every in [1, 2] {
            for first in 0..every {
                step::pass(every, first, &mut work, allocates);
                runs += 1;
            }
        }
    });
    let worked = WORKED.load(Relaxed);
    let own = |of: fn(&(&str, u64, u64, u64)) -> u64| runs * MAIN.iter().map(of).sum::<u64>();
    assert_eq!(measured.allocated_bytes, own(|main| main.2) + worked * IN_HANDLER);
    assert_eq!(measured.deallocated_bytes, own(|main| main.2) + worked * IN_HANDLER);
    let report = profile.report();
    for (name, calls, _, _) in MAIN {
        let row = function(&report, name);
        assert_eq!((row.calls % calls, row.active), (0, 0), "{name}");
    }
}

/// A call in a context, and its captured path.
#[test]
fn by_a_context() {
    fn in_a_context() {
        WORKED.fetch_add(1, Relaxed);
        Context::current().scope(|| flash(IN_HANDLER as usize));
    }
    let profile = profile(true);
    WORKED.store(0, Relaxed);
    for first in 0..2 {
        step::pass(2, first, &mut work, in_a_context);
    }
    let report = profile.report();
    for (name, calls, _, _) in MAIN {
        let row = function(&report, name);
        assert_eq!((row.calls % calls, row.active), (0, 0), "{name}");
    }
}
