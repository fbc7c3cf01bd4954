//! Stack that a thread's first recorded allocation takes, beyond what the allocator beneath takes.
#![allow(missing_docs)]
#![cfg(all(target_os = "linux", target_env = "gnu"))]

use memprof::AllocationTracker;
use memprof_tests::Profile;
use std::alloc::{GlobalAlloc, Layout, System};
use std::ffi::c_void;
use std::hint::black_box;
use std::ptr::null_mut;

#[global_allocator]
static ALLOC: AllocationTracker = AllocationTracker::system();

/// The most that a first recorded allocation may take where no stack is captured. A debug build keeps all in memory.
const MOST: usize = if cfg!(debug_assertions) { 3072 } else { 512 };
/// Too small for a capture.
const SMALL: usize = 32 * 1024;
/// Stack that is looked at.
const DEPTH: usize = 12 * 1024;
/// Between the painter's own frame and what it paints.
const GAP: usize = 128;
const PAINT: u8 = 0xA5;

/// How far below its caller's frame `work` writes.
#[inline(never)]
fn depth_of(work: fn()) -> usize {
    let here = black_box(0_u8);
    let top = (&raw const here).expose_provenance() - GAP;
    let at = |address: usize| std::ptr::with_exposed_provenance_mut::<u8>(address);
    // A loop, not a call: it would write over its own frame.
    for distance in 1..DEPTH {
        // SAFETY: the thread's stack goes on for longer, and nothing that is in use lies so far below this frame.
        unsafe { at(top - distance).write_volatile(PAINT) };
    }
    work();
    // SAFETY: as above.
    let is_painted = |distance: &usize| unsafe { at(top - distance).read_volatile() } == PAINT;
    let unused = (1..DEPTH).rev().take_while(is_painted).count();
    GAP + DEPTH - 1 - unused
}

fn layout() -> Layout {
    Layout::new::<[u64; 8]>()
}

fn bare() {
    // SAFETY: the block is freed with its layout.
    unsafe { System.dealloc(black_box(System.alloc(layout())), layout()) };
}

fn recorded() {
    // SAFETY: the block is freed with its layout.
    unsafe { std::alloc::dealloc(black_box(std::alloc::alloc(layout())), layout()) };
}

/// Measurements of a thread: of the inner allocator, of its first allocation, of its second one.
#[derive(Debug, Default)]
struct Depths([usize; 3]);

extern "C" fn measure(depths: *mut c_void) -> *mut c_void {
    bare();
    // SAFETY: the place is the caller's, who waits for the thread.
    unsafe { depths.cast::<Depths>().write(Depths([depth_of(bare), depth_of(recorded), depth_of(recorded)])) };
    null_mut()
}

/// On a thread that nobody has allocated on: not one of the standard library's.
fn on_new_thread(body: extern "C" fn(*mut c_void) -> *mut c_void, bytes: usize) -> Depths {
    let mut depths = Depths::default();
    let mut thread = 0;
    // SAFETY: the attributes are initialized before they are used, and the pointers are valid until the thread, which
    // is joined, has ended.
    unsafe {
        let mut attributes = std::mem::zeroed();
        libc::pthread_attr_init(&raw mut attributes);
        assert_eq!(libc::pthread_attr_setstacksize(&raw mut attributes, bytes), 0);
        let depths = (&raw mut depths).cast();
        assert_eq!(libc::pthread_create(&raw mut thread, &raw const attributes, body, depths), 0);
        assert_eq!(libc::pthread_join(thread, null_mut()), 0);
    }
    depths
}

/// The same on a stack of the program's own making.
extern "C" fn measure_on_other_stack(depths: *mut c_void) -> *mut c_void {
    const BYTES: usize = 64 * 1024;
    static mut DEPTHS: *mut c_void = null_mut();
    extern "C" fn body() {
        // SAFETY: stored just before, by the only thread that is here.
        measure(unsafe { DEPTHS });
    }
    // SAFETY: the contexts and the stack live until the coroutine has come back.
    unsafe {
        DEPTHS = depths;
        let stack = libc::mmap(
            null_mut(),
            BYTES,
            libc::PROT_READ | libc::PROT_WRITE,
            libc::MAP_PRIVATE | libc::MAP_ANONYMOUS,
            -1,
            0,
        );
        let mut here = std::mem::zeroed::<libc::ucontext_t>();
        let mut there = std::mem::zeroed::<libc::ucontext_t>();
        libc::getcontext(&raw mut there);
        there.uc_stack.ss_sp = stack;
        there.uc_stack.ss_size = BYTES;
        there.uc_link = &raw mut here;
        libc::makecontext(&raw mut there, body, 0);
        libc::swapcontext(&raw mut here, &raw const there);
        libc::munmap(stack, BYTES);
    }
    null_mut()
}

#[test]
fn a_first_recorded_allocation_takes_little_stack() {
    let profile = Profile::with(|config| config.memory_profiling.backtraces = true);
    let before = profile.report().overhead.stacks_not_captured;
    let bodies: [(_, extern "C" fn(*mut c_void) -> *mut c_void, _); 2] =
        [("a small thread", measure, SMALL), ("a coroutine", measure_on_other_stack, 1 << 20)];
    for (on, body, bytes) in bodies {
        let Depths([bare, first, second]) = on_new_thread(body, bytes);
        println!(
            "{on}: {bare} bytes beneath, {first} with the first recorded allocation, {second} with the second one"
        );
        assert!(first - bare <= MOST && second - bare <= MOST, "{on}: {bare}, {first}, {second}");
    }
    // None of the four, and it is said.
    assert_eq!(profile.report().overhead.stacks_not_captured - before, 4);
    // Where there is room, a stack is captured.
    let Depths([bare, first, _]) = on_new_thread(measure, 1 << 20);
    println!("a capture: {} bytes", first - bare);
    assert_eq!(profile.report().overhead.stacks_not_captured - before, 4);
}
