//! `window = "process"`: what everybody did while a function ran.

use memprof::track_memory;
use memprof_tests::{Block, Profile, function, pause, poll};
use std::pin::pin;
use std::sync::mpsc::channel;
use std::thread;

/// A thread that does as it is told, and says when it has done it.
#[track_memory(window = "process")]
fn tells(tell: &dyn Fn()) {
    drop(Block::new(10));
    tell();
}

#[test]
fn a_window_sees_what_other_threads_did_meanwhile() {
    let profile = Profile::start();
    let (told, orders) = channel();
    let (done, heard) = channel();
    let worker = thread::spawn(move || {
        for size in orders {
            let block = Block::new(size);
            done.send(()).unwrap();
            drop(block);
        }
    });
    let tell = || {
        told.send(1_000_000).unwrap();
        heard.recv().unwrap();
    };
    // Outside of the window.
    tell();
    tells(&tell);
    tells(&|| {});
    drop(told);
    worker.join().unwrap();
    let report = profile.report();
    let row = function(&report, "limits::windows::tells");
    let window = row.window.as_ref().unwrap();
    assert_eq!((window.calls, row.calls, row.allocated_bytes < 500_000), (2, 2, true));
    assert!((1_000_020..1_100_000).contains(&window.allocated_bytes), "{window:?}");
    assert_eq!(window.net_bytes, window.allocated_bytes as i64 - window.deallocated_bytes as i64);
}

#[track_memory(window = "process")]
fn down(depth: usize) {
    drop(Block::new(100));
    if depth > 0 {
        down(depth - 1);
    }
}

#[test]
fn of_a_recursion_the_outermost_call_has_a_window() {
    let profile = Profile::start();
    down(4);
    let report = profile.report();
    let window = function(&report, "limits::windows::down").window.clone().unwrap();
    // libtest's own thread may do something meanwhile.
    assert!(window.calls == 1 && (500..100_000).contains(&window.allocated_bytes), "{window:?}");
}

#[track_memory(window = "process", name = "a future's window")]
async fn future(size: usize) {
    drop(Block::new(size));
    pause().await;
}

#[test]
fn the_window_of_a_future_is_open_from_its_first_poll_to_its_end() {
    let profile = Profile::start();
    {
        let mut future = pin!(future(1000));
        drop(Block::new(1_000_000));
        assert!(poll(future.as_mut()).is_pending());
        // In between, but not in a poll.
        drop(Block::new(2_000_000));
        assert!(poll(future.as_mut()).is_ready());
        drop(Block::new(4_000_000));
    }
    let report = profile.report();
    let row = function(&report, "a future's window");
    let window = row.window.as_ref().unwrap();
    assert_eq!((window.calls, row.allocated_bytes), (1, 1000));
    assert!((2_001_000..2_900_000).contains(&window.allocated_bytes), "{window:?}");
    assert!(window.deallocated_bytes >= 2_001_000, "{window:?}");
}

#[track_memory]
fn without() {
    drop(Block::new(10));
}

#[test]
fn a_function_that_asked_for_none_has_no_window() {
    let profile = Profile::start();
    without();
    assert_eq!(function(&profile.report(), "limits::windows::without").window, None);
}
