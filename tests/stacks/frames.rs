//! Stacks where the code does unusual things with its frames, and where it runs on a stack of its own.
#![allow(missing_docs)]
#![cfg(all(target_os = "linux", any(target_arch = "x86_64", target_arch = "aarch64")))]

use memprof::{AllocationTracker, Report};
use memprof_tests::{Block, Profile};
use std::hint::black_box;

#[global_allocator]
static ALLOC: AllocationTracker = AllocationTracker::system();

fn with_stacks() -> Profile {
    Profile::with(|config| {
        config.memory_profiling.backtraces = true;
        config.memory_profiling.max_tracked_allocations = 20_000;
    })
}

/// This file's functions on each stack that blocks of a size were made on, innermost first.
fn stacks(report: &Report, size: u64) -> Vec<(u64, Vec<String>)> {
    let groups = report.live.groups.iter().filter(|group| group.largest_bytes == size);
    let own = |group: &memprof::report::data::LiveGroup| {
        let names = group.stack.iter().filter_map(|frame| frame.function.as_deref()?.strip_prefix("stack_frames::"));
        (group.count, names.filter(|name| !name.contains("closure")).map(str::to_owned).collect())
    };
    groups.map(own).collect()
}

/// Keeps a constant in the register of the frame pointer, as compilers do where there is no other register left.
#[cfg(target_arch = "x86_64")]
#[unsafe(naked)]
extern "C" fn with_busy_frame_pointer(blocks: &mut Vec<Block>, make: extern "C" fn(&mut Vec<Block>)) {
    std::arch::naked_asm!(
        ".cfi_startproc",
        "push rbp",
        ".cfi_def_cfa_offset 16",
        ".cfi_offset rbp, -16",
        "mov ebp, 7",
        "call rsi",
        "pop rbp",
        ".cfi_def_cfa_offset 8",
        "ret",
        ".cfi_endproc",
    )
}

/// The same; and the return address is signed, as distributions have their C code do it.
#[cfg(target_arch = "aarch64")]
#[unsafe(naked)]
extern "C" fn with_busy_frame_pointer(blocks: &mut Vec<Block>, make: extern "C" fn(&mut Vec<Block>)) {
    std::arch::naked_asm!(
        ".cfi_startproc",
        "paciasp",
        ".cfi_negate_ra_state",
        "stp x29, x30, [sp, #-16]!",
        ".cfi_def_cfa_offset 16",
        ".cfi_offset x29, -16",
        ".cfi_offset x30, -8",
        "mov x29, #7",
        "blr x1",
        "ldp x29, x30, [sp], #16",
        ".cfi_restore x29",
        ".cfi_restore x30",
        ".cfi_def_cfa_offset 0",
        "autiasp",
        ".cfi_negate_ra_state",
        "ret",
        ".cfi_endproc",
    )
}

extern "C" fn make(blocks: &mut Vec<Block>) {
    blocks.push(black_box(Block::new(20_000)));
}

#[repr(align(512))]
struct Aligned([u8; 512]);

/// The local moves the stack pointer to a multiple of 512: to the same place, whoever calls.
#[inline(never)]
fn over_aligned(blocks: &mut Vec<Block>) {
    let mut local = Aligned([0; 512]);
    black_box(&mut local);
    with_busy_frame_pointer(blocks, make);
    black_box(&mut local.0);
}

macro_rules! callers {
    ($($name:ident: $words:literal),*) => {
        $(#[inline(never)]
        fn $name(blocks: &mut Vec<Block>) {
            let local = black_box([0_u64; $words]);
            over_aligned(blocks);
            // Not `black_box`, a call in a debug build: its return address would be where that of `over_aligned` was.
            // SAFETY: there are no instructions.
            unsafe { std::arch::asm!("/* {} */", in(reg) &raw const local) };
        })*
        static CALLERS: [(&str, fn(&mut Vec<Block>)); 10] = [$((stringify!($name), $name)),*];
    };
}

// After a large frame a small one: where the large one had its return address, nothing is written then.
callers!(c40: 40, c2: 2, c36: 36, c6: 6, c32: 32, c10: 10, c28: 28, c14: 14, c24: 24, c18: 18);

extern "C" fn calls_all(blocks: &mut Vec<Block>) {
    let mut turn = 0;
    // From one place, and with no other call between: further out nothing differs.
    while turn < 20 {
        CALLERS[turn % 10].1(blocks);
        turn += 1;
    }
    // Else the last call is made by a jump, and this function is on no stack.
    black_box(turn);
}

#[test]
fn callers_of_different_frame_size_are_told_apart_above_a_realigned_stack() {
    let profile = with_stacks();
    let mut blocks = Vec::with_capacity(1000);
    // From every distance to a multiple of 512.
    for offset in 0..32 {
        with_dynamic_frame(&mut blocks, calls_all, offset * 16);
    }
    let report = profile.report();
    let mut found = stacks(&report, 20_000);
    found.sort();
    let this = "callers_of_different_frame_size_are_told_apart_above_a_realigned_stack";
    let expected = |&(caller, _): &(&str, _)| {
        let outer = ["calls_all", "with_dynamic_frame", this];
        let names = ["make", "with_busy_frame_pointer", "over_aligned", caller].into_iter().chain(outer);
        (64, names.map(str::to_owned).collect::<Vec<_>>())
    };
    let mut expected: Vec<_> = CALLERS.iter().map(expected).collect();
    expected.sort();
    assert_eq!(found, expected);
    assert_eq!(report.overhead.stacks_corrected, 0);
    drop(blocks);
}

/// Takes a number of bytes off the stack that nobody knows before it runs: `alloca`.
#[cfg(target_arch = "x86_64")]
#[unsafe(naked)]
extern "C" fn with_dynamic_frame(blocks: &mut Vec<Block>, make: extern "C" fn(&mut Vec<Block>), bytes: usize) {
    std::arch::naked_asm!(
        ".cfi_startproc",
        "push rbp",
        ".cfi_def_cfa_offset 16",
        ".cfi_offset rbp, -16",
        "mov rbp, rsp",
        ".cfi_def_cfa_register rbp",
        "sub rsp, rdx",
        "and rsp, -16",
        "call rsi",
        "mov rsp, rbp",
        "pop rbp",
        ".cfi_def_cfa rsp, 8",
        "ret",
        ".cfi_endproc",
    )
}

#[cfg(target_arch = "aarch64")]
#[unsafe(naked)]
extern "C" fn with_dynamic_frame(blocks: &mut Vec<Block>, make: extern "C" fn(&mut Vec<Block>), bytes: usize) {
    std::arch::naked_asm!(
        ".cfi_startproc",
        "stp x29, x30, [sp, #-16]!",
        ".cfi_def_cfa_offset 16",
        ".cfi_offset x29, -16",
        ".cfi_offset x30, -8",
        "mov x29, sp",
        ".cfi_def_cfa_register x29",
        "sub x9, sp, x2",
        "and sp, x9, #-16",
        "blr x1",
        "mov sp, x29",
        ".cfi_def_cfa_register sp",
        "ldp x29, x30, [sp], #16",
        ".cfi_restore x29",
        ".cfi_restore x30",
        ".cfi_def_cfa_offset 0",
        "ret",
        ".cfi_endproc",
    )
}

extern "C" fn make_dynamic(blocks: &mut Vec<Block>) {
    blocks.push(black_box(Block::new(20_100)));
}

#[test]
fn frames_of_dynamic_size() {
    let profile = with_stacks();
    // What other tests of this process did without a stack is counted on.
    let before = profile.report().overhead.stacks_not_captured;
    let mut blocks = Vec::with_capacity(2000);
    for turn in 0..2000 {
        with_dynamic_frame(&mut blocks, make_dynamic, turn * 37 % 5000);
    }
    let report = profile.report();
    let expected = ["make_dynamic", "with_dynamic_frame", "frames_of_dynamic_size"].map(str::to_owned).to_vec();
    assert_eq!(stacks(&report, 20_100), [(2000, expected)]);
    assert_eq!((report.overhead.stacks_corrected, report.overhead.stacks_not_captured - before), (0, 0));
    drop(blocks);
}

#[inline(never)]
fn make_elsewhere(size: usize) -> Block {
    black_box(Block::new(size))
}

/// Made on a stack that is not the thread's: the record is there, its stack is not, and the report says so.
#[track_caller]
fn assert_not_captured(profile: &Profile, before: u64, sizes: &[(u64, bool)]) {
    let report = profile.report();
    let mut without = 0;
    for &(size, has_stack) in sizes {
        let found = stacks(&report, size);
        assert_eq!(found.len(), 1, "{size}: {found:?}");
        assert_eq!(!found[0].1.is_empty(), has_stack, "{size}: {found:?}");
        without += u64::from(!has_stack);
    }
    assert!(report.overhead.stacks_not_captured >= before + without);
    assert!(report.warnings.iter().any(|text| text.contains("coroutine")), "{:?}", report.warnings);
}

#[test]
fn on_the_stack_of_a_coroutine_nothing_is_captured() {
    use corosensei::{Coroutine, CoroutineResult};
    let profile = with_stacks();
    let before = profile.report().overhead.stacks_not_captured;
    let mut kept = Vec::with_capacity(8);
    kept.push(make_elsewhere(21_000));
    let mut coroutine = Coroutine::new(|yielder, ()| {
        let first = make_elsewhere(21_001);
        yielder.suspend(());
        [first, make_elsewhere(21_001)]
    });
    assert!(matches!(coroutine.resume(()), CoroutineResult::Yield(())));
    kept.push(make_elsewhere(21_003));
    let CoroutineResult::Return(made) = coroutine.resume(()) else { panic!("it is over") };
    kept.push(make_elsewhere(21_004));
    let sizes = [(21_000, true), (21_001, false), (21_003, true), (21_004, true)];
    assert_not_captured(&profile, before, &sizes);
    drop((made, kept));
}

#[test]
fn on_a_stack_that_was_grown_nothing_is_captured() {
    let profile = with_stacks();
    let before = profile.report().overhead.stacks_not_captured;
    let made = stacker::grow(1 << 20, || make_elsewhere(22_000));
    let here = make_elsewhere(22_001);
    assert_not_captured(&profile, before, &[(22_000, false), (22_001, true)]);
    drop((made, here));
}

static MADE_BY_HANDLER: std::sync::Mutex<Option<Block>> = std::sync::Mutex::new(None);

extern "C" fn handler(_: libc::c_int) {
    // Only because the test raises the signal where no allocation is under way.
    *MADE_BY_HANDLER.lock().unwrap() = Some(make_elsewhere(23_000));
}

#[test]
fn on_a_signal_stack_nothing_is_captured() {
    let profile = with_stacks();
    let before = profile.report().overhead.stacks_not_captured;
    let thread = std::thread::spawn(|| {
        let mut stack = vec![0_u8; 64 * 1024];
        // SAFETY: the stack outlives its use; the structures are filled as the calls ask for.
        unsafe {
            let new = libc::stack_t { ss_sp: stack.as_mut_ptr().cast(), ss_flags: 0, ss_size: stack.len() };
            let mut old = std::mem::zeroed::<libc::stack_t>();
            assert_eq!(libc::sigaltstack(&new, &mut old), 0);
            let mut action = std::mem::zeroed::<libc::sigaction>();
            action.sa_sigaction = handler as extern "C" fn(libc::c_int) as usize;
            action.sa_flags = libc::SA_ONSTACK;
            assert_eq!(libc::sigaction(libc::SIGUSR2, &action, std::ptr::null_mut()), 0);
            assert_eq!(libc::raise(libc::SIGUSR2), 0);
            assert_eq!(libc::sigaltstack(&old, std::ptr::null_mut()), 0);
        }
        make_elsewhere(23_001)
    });
    let here = thread.join().unwrap();
    assert_not_captured(&profile, before, &[(23_000, false), (23_001, true)]);
    drop((MADE_BY_HANDLER.lock().unwrap().take(), here));
}

/// More than a thread has at the least, which is 128 KiB on aarch64, would do as well, but for the time.
const SMALL_STACK: usize = if cfg!(target_arch = "aarch64") { 136 * 1024 } else { 112 * 1024 };

#[inline(never)]
fn to_the_end(blocks: &mut Vec<Block>, top: usize) {
    let some_space = black_box([0_u8; 512]);
    blocks.push(make_elsewhere(24_000));
    if top - some_space.as_ptr().addr() < SMALL_STACK - 24 * 1024 {
        to_the_end(blocks, top);
    } else {
        blocks.push(make_elsewhere(24_001));
    }
    black_box(some_space);
}

#[test]
fn near_the_end_of_a_stack_nothing_is_captured() {
    let profile = with_stacks();
    let before = profile.report().overhead.stacks_not_captured;
    let small = std::thread::Builder::new().stack_size(SMALL_STACK).spawn(|| {
        let top = black_box(0_u8);
        let mut blocks = Vec::with_capacity(400);
        to_the_end(&mut blocks, (&raw const top).addr());
        blocks.push(make_elsewhere(24_002));
        blocks
    });
    let blocks = small.unwrap().join().unwrap();
    assert_not_captured(&profile, before, &[(24_001, false), (24_002, true)]);
    drop(blocks);
}
