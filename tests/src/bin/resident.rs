//! Programs whose RSS grows, or is large, for different reasons: `resident KIND [alone]`. Each lasts about a second.
//! Without `alone` a second thread waits meanwhile, so that the profiler has a thread, too.

use std::fs::File;
use std::hint::black_box;
use std::io::Write;
use std::os::fd::AsRawFd;
use std::thread::sleep;
use std::time::Duration;

use memprof::track_memory;

const MB: usize = 1 << 20;
const TURNS: usize = 200;
const TURN: Duration = Duration::from_millis(5);

#[track_memory]
fn work(turn: usize) -> usize {
    (0..100).map(|part| black_box(format!("{turn} {part} {}", "x".repeat(2000))).len()).sum()
}

fn turns(mut each: impl FnMut(usize)) {
    for turn in 0..TURNS {
        each(turn);
        work(turn);
        sleep(TURN);
    }
}

/// Keeps one block in 64 of many: what is free between them cannot be returned.
#[track_memory]
fn fragment(blocks: usize) -> Vec<Box<[u8]>> {
    let blocks: Vec<Box<[u8]>> = (0..blocks).map(|_| black_box(vec![1; 1000].into_boxed_slice())).collect();
    blocks.into_iter().step_by(64).collect()
}

/// A file in the temporary folder, of so many bytes.
fn file(bytes: usize) -> File {
    let mut file = tempfile::tempfile().expect("a temporary file");
    let part = vec![1_u8; MB];
    (0..bytes / MB).for_each(|_| file.write_all(&part).expect("room on the disk"));
    file
}

/// Reads a mapped file, as far as `end` says at each turn.
fn map(bytes: usize, end: impl Fn(usize) -> usize) -> *mut libc::c_void {
    let file = file(bytes);
    let (protection, kind) = (libc::PROT_READ, libc::MAP_SHARED);
    // SAFETY: the file is open and as large as the mapping, which is never unmapped.
    let start = unsafe { libc::mmap(std::ptr::null_mut(), bytes, protection, kind, file.as_raw_fd(), 0) };
    assert_ne!(start, libc::MAP_FAILED);
    let mut read = 0;
    turns(|turn| {
        let end = end(turn).min(bytes);
        while read < end {
            // SAFETY: it is within the mapping.
            black_box(unsafe { start.cast::<u8>().add(read).read() });
            read += 4096;
        }
    });
    start
}

/// Uses shared memory, as far as `end` says at each turn.
fn share(bytes: usize, end: impl Fn(usize) -> usize) {
    let (protection, kind) = (libc::PROT_READ | libc::PROT_WRITE, libc::MAP_SHARED | libc::MAP_ANONYMOUS);
    // SAFETY: a new mapping of this size, which is never unmapped.
    let start = unsafe { libc::mmap(std::ptr::null_mut(), bytes, protection, kind, -1, 0) };
    assert_ne!(start, libc::MAP_FAILED);
    let mut used = 0;
    turns(|turn| {
        let end = end(turn).min(bytes);
        while used < end {
            // SAFETY: it is within the mapping.
            unsafe { start.cast::<u8>().add(used).write(1) };
            used += 4096;
        }
    });
}

/// Uses this much of the stack.
#[inline(never)]
fn use_stack(bytes: usize) {
    const FRAME: usize = 16 * 1024;
    let mut frame = [0_u8; FRAME];
    black_box(&mut frame);
    if bytes > FRAME {
        use_stack(bytes - FRAME);
    }
    black_box(&frame);
}

/// A thread that has used 1 MB of its stack, and does not end.
fn park() {
    let work = || {
        use_stack(MB);
        sleep(Duration::from_secs(100));
    };
    std::thread::Builder::new().stack_size(4 * MB).spawn(work).expect("a thread");
}

/// C code that allocates and never frees.
fn c_leak(bytes: usize) {
    for _ in 0..bytes / 1000 {
        // SAFETY: the block has this size.
        unsafe {
            let block = libc::malloc(1000);
            assert!(!block.is_null());
            libc::memset(block, 1, 1000);
        }
    }
}

/// Anonymous memory that is mapped and never unmapped.
fn map_leak(bytes: usize) {
    let (protection, kind) = (libc::PROT_READ | libc::PROT_WRITE, libc::MAP_PRIVATE | libc::MAP_ANONYMOUS);
    // SAFETY: a new mapping of this size.
    unsafe {
        let start = libc::mmap(std::ptr::null_mut(), bytes, protection, kind, -1, 0);
        assert_ne!(start, libc::MAP_FAILED);
        libc::memset(start, 1, bytes);
    }
}

#[track_memory]
fn keep(bytes: usize) {
    (0..bytes / 1000).for_each(|_| std::mem::forget(black_box(vec![1_u8; 1000])));
}

/// Blocks so small that the allocator takes more than their bytes.
#[track_memory]
fn keep_small(blocks: usize) {
    (0..blocks).for_each(|_| std::mem::forget(black_box(Box::new(1_u8))));
}

/// A block for each small value, which the allocator rounds up, or none.
#[track_memory]
fn boxes<T>(value: impl Fn(u64) -> T) {
    let kept: Vec<Box<T>> = (0..300_000).map(|number| Box::new(value(number))).collect();
    turns(drop);
    black_box(&kept);
    std::mem::forget(kept);
}

/// A reserved buffer that is used little by little.
fn fill() {
    let mut buffer: Vec<u8> = Vec::with_capacity(200 * MB);
    turns(|_| buffer.extend(std::iter::repeat_n(1, MB)));
    black_box(buffer);
}

#[memprof::main]
fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    if arguments.get(1).map(String::as_str) != Some("alone") {
        std::thread::spawn(|| sleep(Duration::from_secs(100)));
    }
    memprof::mark("started");
    match arguments.first().map_or("", String::as_str) {
        "fragments" => {
            let kept = fragment(200_000);
            turns(drop);
            std::mem::forget(kept);
        }
        // Each time more; few blocks are kept.
        "fragments_grow" => {
            let mut kept = Vec::new();
            turns(|turn| {
                if turn % 10 == 0 {
                    kept.clear();
                    kept = fragment(1_000 * turn);
                }
            });
            std::mem::forget(kept);
        }
        "maps" => drop(map(200 * MB, |_| usize::MAX)),
        "maps_grow" => drop(map(200 * MB, |turn| turn * MB)),
        // SAFETY: nobody uses the mapping any more.
        "maps_gone" => assert_eq!(unsafe { libc::munmap(map(200 * MB, |turn| turn * MB), 200 * MB) }, 0),
        "shares" => share(200 * MB, |_| usize::MAX),
        "shares_grow" => share(200 * MB, |turn| turn * MB),
        "stacks" => {
            (0..150).for_each(|_| park());
            turns(drop);
        }
        "stacks_grow" => turns(|_| park()),
        "c_leak" => turns(|_| c_leak(MB)),
        "c_holds" => {
            c_leak(200 * MB);
            turns(drop);
        }
        "map_leak" => turns(|_| map_leak(MB)),
        "rust_leak" => turns(|_| keep(MB)),
        "small_leak" => turns(|_| keep_small(10_000)),
        "fill" => fill(),
        "small_blocks" => boxes(|number| number),
        // Too large for what the allocator adds to matter.
        "larger_blocks" => boxes(|number| [number; 15]),
        "loads" => {
            keep(200 * MB);
            turns(drop);
        }
        // Its backtrace makes the standard library read the program's symbols, and keep them.
        "panic" => panic!("on purpose"),
        "abort" => {
            keep(MB);
            std::process::abort();
        }
        // The allocator calls `abort` under its lock.
        "double_free" => {
            keep(MB);
            // SAFETY: none. The C library ends the program for it.
            unsafe {
                let (block, _next) = (libc::malloc(5000), libc::malloc(5000));
                libc::free(block);
                libc::free(block);
            }
        }
        "fork" => {
            keep(MB);
            // SAFETY: the child runs on like any program.
            let child = unsafe { libc::fork() };
            keep(MB);
            if child != 0 {
                // SAFETY: it is a child of this process.
                unsafe { libc::waitpid(child, std::ptr::null_mut(), 0) };
            }
        }
        "threads" => {
            turns(|turn| {
                let bytes = 100_000 + turn;
                std::thread::spawn(move || black_box(vec![1_u8; bytes]).len()).join().expect("it does not panic");
            });
        }
        _ => turns(drop),
    }
    memprof::mark("worked");
}
