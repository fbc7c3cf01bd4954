//! A program that ends while it has threads of all kinds. The argument says which.

use std::cell::RefCell;
use std::ffi::CString;
use std::hint::black_box;
use std::sync::Barrier;
use std::thread;

use memprof::track_memory;

const EACH: usize = 20;

#[track_memory]
fn parked(all_here: &Barrier) {
    let _held = black_box(vec![1u8; 1000]);
    all_here.wait();
    loop {
        thread::park();
    }
}

#[track_memory]
fn busy(all_here: &Barrier) {
    all_here.wait();
    loop {
        let block = black_box(vec![1u8; 100]);
        inner(block);
    }
}

#[track_memory]
fn inner(block: Vec<u8>) {
    drop(block);
}

/// Its end does not end.
struct Endless(&'static Barrier);

impl Drop for Endless {
    fn drop(&mut self) {
        in_destructor(self.0);
    }
}

#[track_memory]
fn in_destructor(all_here: &Barrier) {
    let _held = black_box(vec![1u8; 500]);
    all_here.wait();
    loop {
        thread::park();
    }
}

thread_local!(static ENDLESS: RefCell<Option<Endless>> = const { RefCell::new(None) });

/// Threads that nobody joins: they are in a function, in the destructor of a thread-local, or working, when the process
/// ends on one of them.
fn killed() -> ! {
    static ALL_HERE: Barrier = Barrier::new(3 * EACH + 1);
    for _ in 0..EACH {
        thread::spawn(|| parked(&ALL_HERE));
        thread::spawn(|| busy(&ALL_HERE));
        thread::spawn(|| ENDLESS.with(|endless| *endless.borrow_mut() = Some(Endless(&ALL_HERE))));
    }
    thread::spawn(|| {
        ALL_HERE.wait();
        std::process::exit(9);
    });
    loop {
        thread::park();
    }
}

/// Names a thread can have, as the system keeps them.
const NAMES: [&[u8]; 6] = [
    b"fifteen letters",
    b"\xff\xfe no UTF-8",
    b"red \x1b[31m\x07\n",
    "grün ist gut:ä".as_bytes(),
    b"\"quoted\" \\ {}",
    b" ",
];

/// Renames this thread, whatever the bytes are.
fn rename(name: &[u8]) {
    let name = CString::new(name).expect("no name has a NUL");
    // SAFETY: the name ends in NUL, and has at most 15 bytes before it, or the system cuts it off.
    unsafe { libc::prctl(libc::PR_SET_NAME, name.as_ptr()) };
}

#[track_memory(max_allocated = "1 B")]
fn beyond_its_budget() {
    drop(black_box(vec![1u8; 1000]));
}

/// Threads with names of all kinds: half of them end before the report, and each of the others exceeds its budget.
fn names() {
    static RENAMED: Barrier = Barrier::new(NAMES.len() + 2);
    for name in NAMES {
        thread::spawn(move || {
            rename(name);
            beyond_its_budget();
            RENAMED.wait();
            loop {
                thread::park();
            }
        });
    }
    // Rust itself cuts a name where the system would.
    let long = thread::Builder::new().name("n".repeat(4000));
    let wait = || {
        // A thread that allocates nothing has no row.
        drop(black_box(vec![1u8]));
        RENAMED.wait();
        loop {
            thread::park();
        }
    };
    long.spawn(wait).expect("there is room for a thread");
    RENAMED.wait();
    // All ledgers are taken: this one has its own, and keeps the name of its last thread.
    thread::spawn(|| {
        rename(b"over \xf0\x9f");
        drop(black_box(vec![1u8; 10]));
    })
    .join()
    .expect("it does not panic");
}

#[memprof::main]
fn main() {
    match std::env::args().nth(1).as_deref() {
        Some("killed") => killed(),
        Some("names") => names(),
        other => panic!("unknown: {other:?}"),
    }
}
