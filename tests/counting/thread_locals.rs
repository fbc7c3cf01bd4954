//! Allocations and frees in destructors of thread-locals count, whatever their order, and even after memprof itself has
//! seen the end of the thread.
#![allow(missing_docs)]

use memprof::{AllocationTracker, track_memory};
use memprof_tests::{Block, Counting, Flow, Profile, assert_stats_agree, function, own};
use std::cell::RefCell;
use std::sync::mpsc::channel;
use std::thread::{self, LocalKey};

#[global_allocator]
static ALLOC: AllocationTracker<Counting> = AllocationTracker::new(Counting);

/// Data of a thread-local; its end allocates, frees, and calls tracked functions.
struct Held(Block);

impl Drop for Held {
    fn drop(&mut self) {
        in_destructor(self.0.bytes().len());
        drop(Block::new(3));
    }
}

#[track_memory]
fn in_destructor(size: usize) {
    let mut block = Block::new(size);
    assert!(block.resize(2 * size));
}

#[track_memory]
fn fills(slot: &'static LocalKey<RefCell<Option<Held>>>, size: usize) {
    slot.with(|slot| *slot.borrow_mut() = Some(Held(Block::new(size))));
}

thread_local! {
    static FIRST: RefCell<Option<Held>> = const { RefCell::new(None) };
    static SECOND: RefCell<Option<Held>> = const { RefCell::new(None) };
    #[allow(clippy::missing_const_for_thread_local, reason = "one that is made when it is first used")]
    static THIRD: RefCell<Option<Held>> = RefCell::new(None);
}

#[test]
fn destructors_in_every_order() {
    let profile = Profile::start();
    let slots = [(&FIRST, 10), (&SECOND, 200), (&THIRD, 3000)];
    let orders = [[0, 1, 2], [0, 2, 1], [1, 0, 2], [1, 2, 0], [2, 0, 1], [2, 1, 0]];
    for order in orders.repeat(20) {
        let fill = move || order.iter().for_each(|&index: &usize| fills(slots[index].0, slots[index].1));
        thread::spawn(fill).join().unwrap();
        assert_stats_agree();
    }
    let report = profile.report();
    let threads = 120;
    let sum = threads * 3210;
    assert_eq!(own(function(&report, "thread_locals::fills")), Flow::new((sum, 3 * threads), (0, 0)));
    let in_destructor = function(&report, "thread_locals::in_destructor");
    assert_eq!(own(in_destructor), Flow::new((3 * sum, 6 * threads), (3 * sum, 6 * threads)));
    assert_eq!((in_destructor.calls, in_destructor.active, in_destructor.panicked), (3 * threads, 0, 0));
    assert_eq!(function(&report, "thread_locals::fills").retained_bytes, Some(0));
    // One row for each ledger: they are handed on, as the threads were there one after the other.
    assert!(report.threads.len() < 20, "{} ledgers", report.threads.len());
}

#[track_memory]
fn makes_for_another() -> Block {
    Block::new(4321)
}

thread_local!(static BORROWED: RefCell<Option<Block>> = const { RefCell::new(None) });

#[test]
fn a_destructor_frees_what_another_thread_made() {
    let profile = Profile::start();
    let (sender, receiver) = channel::<Block>();
    let holder = thread::spawn(move || {
        BORROWED.with(|slot| *slot.borrow_mut() = receiver.recv().ok());
    });
    let maker = thread::spawn(move || sender.send(makes_for_another()).unwrap());
    maker.join().unwrap();
    holder.join().unwrap();
    let report = profile.report();
    let row = function(&report, "thread_locals::makes_for_another");
    assert_eq!((own(row), row.retained_bytes), (Flow::new((4321, 1), (0, 0)), Some(0)));
    assert_stats_agree();
}

#[cfg(unix)]
#[test]
fn after_the_ledger_has_been_handed_back() {
    use std::ffi::c_void;

    #[track_memory]
    fn too_late() {
        drop(Block::new(90_000));
    }

    unsafe extern "C" fn at_the_very_end(block: *mut c_void) {
        // SAFETY: this is what the thread below has put there.
        let mut block = unsafe { Box::from_raw(block.cast::<Block>()) };
        assert!(block.resize(50_000));
        drop(Block::zeroed(1000, 64));
        drop(block);
        too_late();
    }

    let profile = Profile::start();
    let before = profile.report();
    // Keys are destroyed in the order in which they were made, and memprof has made its own by now.
    let mut key = 0;
    // SAFETY: the place is valid, and the function lives as long as the program.
    assert_eq!(unsafe { libc::pthread_key_create(&raw mut key, Some(at_the_very_end)) }, 0);
    let body = move || {
        let block = Box::into_raw(Box::new(Block::new(700)));
        // SAFETY: the key was made above.
        assert_eq!(unsafe { libc::pthread_setspecific(key, block.cast()) }, 0);
    };
    thread::spawn(body).join().unwrap();
    assert_stats_agree();

    let report = profile.report();
    let over = |report: &memprof::Report| {
        report.threads.iter().find(|row| row.name == "(threads that were over)").map(own).unwrap_or_default()
    };
    let boxed = size_of::<Block>() as u64;
    let expected = Flow::new((50_000 + 1000 + 90_000, 3), (700 + 1000 + 50_000 + boxed + 90_000, 5));
    assert_eq!(over(&report), over(&before) + expected);
    // A thread that is over has no scopes; what it did is in no function.
    assert!(report.functions.iter().all(|row| !row.name.ends_with("too_late")));
    assert!(report.live.exact);
}
