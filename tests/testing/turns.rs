//! Tests with `repeat`. Those that fail are ignored here, and run by the others in a process of their own.
#![allow(missing_docs)]

use memprof::{AllocationTracker, track_memory};
use memprof_tests::failing::{self, fail, says};
use std::collections::{HashMap, VecDeque};
use std::hint::black_box;
use std::sync::Mutex;
use std::sync::atomic::AtomicUsize;
use std::sync::atomic::Ordering::Relaxed;

#[global_allocator]
static ALLOC: AllocationTracker = AllocationTracker::system();

/// The next number of one test, from 0.
fn next(turn: &AtomicUsize) -> usize {
    turn.fetch_add(1, Relaxed)
}

#[track_memory]
fn leak(bytes: usize) {
    black_box(Box::leak(vec![1u8; bytes].into_boxed_slice()));
}

#[track_memory]
fn work() -> Vec<String> {
    black_box((0..20).map(|n| format!("number {n}")).collect())
}

fn line_of(text: &str) -> usize {
    failing::line_of(include_str!("turns.rs"), text)
}

#[memprof::test(repeat = 50, growth = 0)]
fn nothing_stays() {
    assert_eq!(work().len(), 20);
}

#[memprof::test(repeat = 2)]
fn two_turns_are_enough() {
    work();
}

#[memprof::test(repeat = 50, growth = 0)]
fn a_cache_that_fills_early_is_no_growth() {
    static TURN: AtomicUsize = AtomicUsize::new(0);
    static CACHE: Mutex<Option<HashMap<usize, Vec<u8>>>> = Mutex::new(None);
    let key = next(&TURN) % 10;
    CACHE.lock().unwrap().get_or_insert_default().entry(key).or_insert_with(|| vec![1; 100 + key]);
}

/// Half of the turns do not fill it.
#[memprof::test(repeat = 20, growth = 0)]
fn a_cache_that_fills_late_is_no_growth() {
    static TURN: AtomicUsize = AtomicUsize::new(0);
    static CACHE: Mutex<VecDeque<Box<[u8]>>> = Mutex::new(VecDeque::new());
    let mut cache = CACHE.lock().unwrap();
    if cache.len() == 17 {
        cache.pop_front();
    }
    cache.push_back(vec![next(&TURN) as u8; 300].into());
}

/// The last result is kept, and it is larger in some turns.
#[memprof::test(repeat = 50, growth = 0)]
fn a_figure_that_varies_is_no_growth() {
    static TURN: AtomicUsize = AtomicUsize::new(0);
    static LAST: Mutex<Vec<u8>> = Mutex::new(Vec::new());
    *LAST.lock().unwrap() = vec![1; next(&TURN) % 7 * 100];
}

/// Blocks of before the test are freed in it.
#[memprof::test(repeat = 50, growth = 0)]
fn memory_that_shrinks_is_no_growth() {
    static TURN: AtomicUsize = AtomicUsize::new(0);
    thread_local!(static STACK: std::cell::RefCell<Vec<Box<[u8]>>> = const { std::cell::RefCell::new(Vec::new()) });
    if next(&TURN) == 0 {
        STACK.with_borrow_mut(|stack| stack.resize(200, vec![1; 50].into()));
    }
    STACK.with_borrow_mut(Vec::pop);
}

#[memprof::test(repeat = 10, growth = 64)]
fn growth_within_the_limit_is_allowed() {
    leak(64);
}

#[memprof::test(
    repeat = 10,
    growth = "1 KiB",
    max_allocated = "1 KiB",
    max_peak = "1 KiB",
    max_net = "1 KiB",
    max_count = 1
)]
fn the_other_limits_are_those_of_a_turn() {
    leak(1024);
}

#[memprof::test(repeat = 10, max_count = 100, no_leaks)]
fn a_turn_may_end_in_a_result() -> Result<(), std::num::ParseIntError> {
    let number: u8 = "7".parse()?;
    assert_eq!(number, 7);
    Ok(())
}

#[memprof::test(repeat = 10)]
#[should_panic(expected = "turn 3")]
fn a_turn_may_panic() {
    static TURN: AtomicUsize = AtomicUsize::new(0);
    let turn = next(&TURN);
    assert!(turn < 3, "turn {turn}");
}

#[memprof::test(repeat = 10)]
#[tokio::test]
async fn an_async_test_has_a_runtime_for_each_turn() {
    assert_eq!(tokio::spawn(async { work() }).await.unwrap().len(), 20);
}

#[tokio::test]
#[memprof::test(repeat = 10, max_allocated = "64 KiB")]
async fn an_async_test_below_its_runtime() -> Result<(), std::io::Error> {
    tokio::task::yield_now().await;
    work();
    Ok(())
}

#[memprof::test(repeat = 50, growth = 0)]
#[ignore = "fails"]
fn leaks_a_block_each_turn() {
    leak(64);
    work();
}

#[test]
fn a_leak_is_named_with_its_bytes_a_turn() {
    says(
        "leaks_a_block_each_turn",
        &[
            "memprof: live memory grows by 64 bytes a turn (3.1 KB (3,200 bytes) in the last 50 of 100 turns); \
             growth is 0 bytes",
            &format!(
                "  64 bytes a turn, 50 more blocks  testing_turns::leak (tests/testing/turns.rs:{})",
                line_of("fn leak(")
            ),
        ],
    );
}

#[track_memory]
fn log(number: u64) {
    static LOG: Mutex<Vec<u64>> = Mutex::new(Vec::new());
    LOG.lock().unwrap().push(number);
}

/// Its capacity doubles, so it grows in few of the turns.
#[memprof::test(repeat = 50, growth = 0)]
#[ignore = "fails"]
fn pushes_to_a_static() {
    log(7);
}

#[test]
fn a_vector_that_grows_is_named() {
    says(
        "pushes_to_a_static",
        &[
            "memprof: live memory grows by 10.2 bytes a turn (512 bytes in the last 50 of 100 turns); growth is 0 bytes",
            &format!(
                "  10.2 bytes a turn, in blocks that grow  testing_turns::log (tests/testing/turns.rs:{})",
                line_of("fn log(")
            ),
        ],
    );
}

#[memprof::test(repeat = 8, growth = "64 B")]
#[ignore = "fails"]
fn leaks_more_than_is_allowed() {
    black_box(Box::leak(Box::new([1u8; 65])));
}

#[test]
fn code_outside_tracked_functions_has_the_line_of_the_test() {
    says(
        "leaks_more_than_is_allowed",
        &[
            "memprof: live memory grows by 65 bytes a turn (520 bytes in the last 8 of 16 turns); growth is 64 bytes",
            &format!(
                "  65 bytes a turn, 8 more blocks  (outside tracked functions) (tests/testing/turns.rs:{})",
                line_of("fn leaks_more_than_is_allowed")
            ),
        ],
    );
}

#[memprof::test(repeat = 10)]
#[tokio::test]
#[ignore = "fails"]
async fn leaks_in_a_task() {
    tokio::spawn(async { leak(10) }).await.unwrap();
}

#[tokio::test]
#[memprof::test(repeat = 10, max_count = 100)]
#[ignore = "fails"]
async fn leaks_below_the_runtime() {
    leak(10);
}

#[test]
fn leaks_of_async_tests_are_named() {
    let row = "  10 bytes a turn, 10 more blocks  testing_turns::leak";
    says("leaks_in_a_task", &[row]);
    says("leaks_below_the_runtime", &[row]);
}

#[memprof::test(repeat = 10, max_allocated = "2 KiB")]
#[ignore = "fails"]
fn exceeds_a_limit_in_one_turn() {
    static TURN: AtomicUsize = AtomicUsize::new(0);
    drop(black_box(vec![1u8; 1024 * next(&TURN)]));
}

#[test]
fn a_limit_that_one_turn_exceeds_is_named_with_the_turn() {
    says(
        "exceeds_a_limit_in_one_turn",
        &["memprof: allocated 3.0 KB (3,072 bytes) in 1 block; max_allocated is 2.0 KB (2,048 bytes)"],
    );
    says("exceeds_a_limit_in_one_turn", &["in turn 4 of 10"]);
}

#[memprof::test(repeat = 10)]
#[ignore = "fails"]
fn fails_by_itself() -> Result<(), String> {
    leak(10);
    Err("on its own".into())
}

#[test]
fn a_turn_that_fails_by_itself_ends_the_test() {
    let ended = fail("fails_by_itself");
    assert!(ended.stdout.contains("on its own") && !ended.stdout.contains("memprof:"), "{}", ended.stdout);
}

#[memprof::test(repeat = 10)]
#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
#[ignore = "fails"]
async fn works_on_other_threads() {
    tokio::spawn(async { leak(10) }).await.unwrap();
}

#[test]
fn growth_on_other_threads_is_not_passed_over() {
    let ended = fail("works_on_other_threads");
    assert!(ended.stdout.contains("so their growth cannot be checked"), "{}", ended.stdout);
}
