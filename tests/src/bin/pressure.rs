//! A program that has used up all the memory it may have. Arguments: what it does then, and MiB that it may still take.

use std::alloc::{Layout, alloc, dealloc};
use std::hint::black_box;
use std::io::Write;
use std::process::ExitCode;
use std::ptr::null_mut;
use std::sync::atomic::{AtomicBool, Ordering::SeqCst};

use memprof::track_memory;

/// Blocks that hold each other, so that to keep them takes no further memory.
struct Chain(*mut *mut u8);

impl Chain {
    const SIZES: [usize; 4] = [1 << 20, 1 << 16, 1 << 12, 16];

    fn layout(size: usize) -> Layout {
        Layout::from_size_align(size, 8).unwrap_or(Layout::new::<usize>())
    }

    /// Takes blocks of this size until there are no more. Says how many.
    fn take_all(&mut self, size: usize) -> usize {
        for taken in 0.. {
            // SAFETY: the size is not 0; the block has room for two words.
            unsafe {
                let block = black_box(alloc(Self::layout(size)));
                if block.is_null() {
                    return taken;
                }
                let words = block.cast::<*mut u8>();
                words.write(self.0.cast());
                words.add(1).cast::<usize>().write(size);
                self.0 = words;
            }
        }
        0
    }
}

impl Drop for Chain {
    fn drop(&mut self) {
        while !self.0.is_null() {
            // SAFETY: `take_all` has written both words of each block, and made it with this layout.
            unsafe {
                let next = self.0.read().cast();
                let size = self.0.add(1).cast::<usize>().read();
                dealloc(self.0.cast(), Self::layout(size));
                self.0 = next;
            }
        }
    }
}

/// Takes all there is, down to the smallest blocks.
#[track_memory]
fn take_all() -> Chain {
    let mut chain = Chain(null_mut());
    for size in Chain::SIZES {
        chain.take_all(size);
    }
    chain
}

/// Lets this process take so much more address space than it has now, and no more.
fn limit(mib: u64) {
    let statm = std::fs::read_to_string("/proc/self/statm").unwrap_or_default();
    let pages: u64 = statm.split(' ').next().and_then(|pages| pages.parse().ok()).unwrap_or(0);
    let most = pages * 4096 + (mib << 20);
    let limit = libc::rlimit { rlim_cur: most, rlim_max: most };
    // SAFETY: the structure is whole.
    assert_eq!(unsafe { libc::setrlimit(libc::RLIMIT_AS, &raw const limit) }, 0);
    // An emulator may not keep it, and this program would go on until the machine has no memory left.
    let mut more: Vec<u8> = black_box(Vec::new());
    assert!(more.try_reserve_exact((mib as usize + 64) << 20).is_err(), "the system does not keep the limit");
}

#[track_memory]
fn try_more() -> bool {
    let mut more: Vec<u8> = black_box(Vec::new());
    more.try_reserve_exact(4 << 20).is_ok()
}

/// Call paths that nobody has been on before: any order of these three.
#[track_memory]
fn a(digits: usize, left: usize) {
    next(digits, left);
}

#[track_memory]
fn b(digits: usize, left: usize) {
    next(digits, left);
}

#[track_memory]
fn c(digits: usize, left: usize) {
    next(digits, left);
}

fn next(digits: usize, left: usize) {
    if left == 0 {
        // SAFETY: the size is not 0, and the block goes back with its layout.
        unsafe {
            let block = black_box(alloc(Layout::new::<u64>()));
            if !block.is_null() {
                dealloc(block, Layout::new::<u64>());
            }
        }
        return;
    }
    [a, b, c][digits % 3](digits / 3, left - 1);
}

macro_rules! functions {
    ($($name:ident)*) => {
        $(#[track_memory] fn $name(then: &mut dyn FnMut()) { then(); })*
        const FUNCTIONS: &[fn(&mut dyn FnMut())] = &[$($name),*];
    };
}
functions!(f00 f01 f02 f03 f04 f05 f06 f07 f08 f09 f10 f11 f12 f13 f14 f15 f16 f17 f18 f19 f20 f21 f22 f23 f24 f25 f26 f27);

/// 756 call paths of two functions each, each called twice.
fn many_paths() {
    for _ in 0..2 {
        for outer in FUNCTIONS {
            outer(&mut || FUNCTIONS.iter().for_each(|inner| inner(&mut || next(0, 0))));
        }
    }
}

#[track_memory]
fn deep(levels: usize) {
    if levels > 0 {
        deep(levels - 1);
    }
}

/// Has the system give the main thread the stack that it will need: later there is none to be had.
#[inline(never)]
fn touch_the_stack() {
    black_box([1u8; 2 << 20]);
}

static FULL: AtomicBool = AtomicBool::new(false);
static DONE: AtomicBool = AtomicBool::new(false);

/// A thread whose first allocation comes when memory is full: not started by Rust, whose threads allocate at once.
extern "C" fn first_allocation_when_full(_: *mut libc::c_void) -> *mut libc::c_void {
    while !FULL.load(SeqCst) {
        std::hint::spin_loop();
    }
    next(0, 4);
    many_paths();
    DONE.store(true, SeqCst);
    null_mut()
}

fn thread() -> libc::pthread_t {
    let mut thread = 0;
    let body = first_allocation_when_full;
    // SAFETY: the place is valid, and the function has the right type.
    let status = unsafe { libc::pthread_create(&raw mut thread, std::ptr::null(), body, null_mut()) };
    assert_eq!(status, 0);
    thread
}

fn say(words: &str) {
    // Not `println!`: it has a buffer.
    let _ = std::io::stderr().write_all(words.as_bytes());
}

#[memprof::main]
fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().collect();
    let mib = arguments.get(2).and_then(|mib| mib.parse().ok()).unwrap_or(64);
    let mode = arguments.get(1).map(String::as_str).unwrap_or_default();
    let started = (mode == "work").then(thread);
    touch_the_stack();
    limit(mib);
    let all = take_all();
    say(if try_more() { "more\n" } else { "no more\n" });
    match mode {
        "hold" => std::mem::forget(all),
        "free" => drop(all),
        "exit" => std::process::exit(7),
        // The standard library aborts.
        "abort" => drop(black_box(Vec::<u8>::with_capacity(4 << 20))),
        "work" => {
            FULL.store(true, SeqCst);
            (0..27).for_each(|digits| next(digits, 3));
            many_paths();
            deep(3000);
            while !DONE.load(SeqCst) {
                std::hint::spin_loop();
            }
            drop(all);
            many_paths();
            // SAFETY: the thread was made above and is joined once.
            started.map(|thread| unsafe { libc::pthread_join(thread, null_mut()) });
        }
        other => panic!("unknown: {other}"),
    }
    ExitCode::from(3)
}
