//! Assertions that fail: each in a process of its own, as `cargo test` runs it, so that its message and exit status can
//! be checked. The failing tests are ignored here, and run by the others.
#![allow(missing_docs)]

use memprof::testing::{assert_allocated, assert_no_leaks, measure, measure_async};
use memprof::{AllocationTracker, Config, Context, Profiler, track_memory};
use memprof_tests::failing::{self, fail, says};
use std::hint::black_box;
use std::sync::Mutex;
use std::thread;

#[global_allocator]
static ALLOC: AllocationTracker = AllocationTracker::system();

static KEPT: Mutex<Vec<Vec<u8>>> = Mutex::new(Vec::new());

#[track_memory]
fn large() -> Vec<u8> {
    black_box(vec![1; 92_160])
}

#[track_memory]
fn small() -> Vec<u8> {
    black_box(vec![1; 1000])
}

#[track_memory]
fn keep(block: Vec<u8>) {
    KEPT.lock().unwrap().push(block);
}

fn line_of(text: &str) -> usize {
    failing::line_of(include_str!("failures.rs"), text)
}

#[test]
#[ignore = "fails"]
fn too_much() {
    assert_allocated!(<= "64 KiB", || (large(), [small(), small()], black_box(vec![1u8; 5]))); // too much
}

#[test]
fn an_assertion_names_limit_figure_and_functions() {
    let place = format!("failures.rs:{}:5:", line_of("// too much"));
    assert!(fail("too_much").stdout.contains(&place));
    says(
        "too_much",
        &[
            "memprof: allocated 92.0 KB (94,165 bytes) in 4 blocks; expected at most 64.0 KB (65,536 bytes)",
            &format!(
                "  90.0 KB (92,160 bytes) in 1 block  testing_failures::large (tests/testing/failures.rs:{})",
                line_of("fn large")
            ),
            &format!(
                "  2.0 KB (2,000 bytes) in 2 blocks  testing_failures::small (tests/testing/failures.rs:{})",
                line_of("fn small")
            ),
            "  5 bytes in 1 block  (outside tracked functions)",
        ],
    );
}

#[test]
#[ignore = "fails"]
fn too_little() {
    assert_allocated!(> 1000, small, "with {} words", "my own");
}

#[test]
fn the_users_words_come_first() {
    says(
        "too_little",
        &["with my own words", "memprof: allocated 1,000 bytes in 1 block; expected more than 1,000 bytes"],
    );
}

#[test]
#[ignore = "fails"]
fn leaks() {
    KEPT.lock().unwrap().reserve(10);
    let old = small();
    // A free of what was there before does not make up for what stays.
    assert_no_leaks!(|| {
        drop(old);
        keep(small());
        keep(small());
        keep(large());
        KEPT.lock().unwrap().pop();
        small()
    });
}

#[test]
fn a_leak_names_who_allocated_it() {
    says(
        "leaks",
        &[
            "memprof: 2 blocks of 2.0 KB (2,000 bytes) allocated in this measurement are still live",
            &format!(
                "  2.0 KB (2,000 bytes) in 2 blocks  testing_failures::small (tests/testing/failures.rs:{})",
                line_of("fn small")
            ),
        ],
    );
}

#[memprof::test(max_allocated = "1 KiB", max_count = 1, max_peak = "4 KB", max_net = "10 B", no_leaks)]
#[ignore = "fails"]
fn beyond_every_limit() {
    KEPT.lock().unwrap().reserve_exact(1);
    keep(small());
    drop(large());
}

#[test]
fn a_test_names_every_limit_that_it_exceeds() {
    let ended = fail("beyond_every_limit");
    for part in [
        "memprof: allocated 91.0 KB (93,184 bytes) in 3 blocks; max_allocated is 1.0 KB (1,024 bytes), max_count is 1 block\n  \
         90.0 KB (92,160 bytes) in 1 block  testing_failures::large",
        "memprof: the peak was 91.0 KB (93,184 bytes); max_peak is 4.0 KB (4,096 bytes); allocated by:\n",
        "memprof: the net is 1.0 KB (1,024 bytes); max_net is 10 bytes\n  net 90.0 KB",
        "memprof: 2 blocks of 1.0 KB (1,024 bytes) allocated in this measurement are still live",
    ] {
        assert!(ended.stdout.contains(part), "not {part}\nbut {}", ended.stdout);
    }
}

#[memprof::test(max_allocated = "0 B", no_leaks)]
#[ignore = "fails"]
fn fails_by_itself() -> Result<(), String> {
    Err("its own words".to_owned())
}

#[test]
fn a_test_that_fails_by_itself_says_nothing_else() {
    let ended = fail("fails_by_itself");
    assert!(ended.stdout.contains("Error: \"its own words\""), "{}", ended.stdout);
    assert!(!ended.stdout.contains("memprof:"), "{}", ended.stdout);
}

#[memprof::test(max_allocated = "10 B")]
#[ignore = "fails"]
#[tokio::test]
async fn an_async_test_beyond_its_limit() {
    memprof_tests::pause().await;
    drop(small());
}

#[memprof::test(no_leaks)]
#[ignore = "fails"]
#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn workers_and_no_leaks() {
    tokio::spawn(async { drop(large()) }).await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
#[memprof::test(no_leaks)]
#[ignore = "fails"]
async fn workers_and_no_leaks_below() {
    tokio::spawn(async { drop(large()) }).await.unwrap();
}

#[test]
fn what_workers_did_is_said_and_no_leaks_cannot_tell() {
    for test in ["workers_and_no_leaks", "workers_and_no_leaks_below"] {
        let ended = fail(test);
        let line = ended.stdout.lines().find(|line| line.contains("so no_leaks cannot check them")).unwrap_or_default();
        assert!(
            line.starts_with("memprof: 9") && line.contains(" by other threads, outside this measurement"),
            "{line}"
        );
        assert!(
            line.contains("`memprof::Context`") && line.ends_with("`#[tokio::test(flavor = \"current_thread\")]`"),
            "{line}"
        );
    }
}

#[test]
fn an_async_test_fails_as_others_do() {
    says("an_async_test_beyond_its_limit", &["  1,000 bytes in 1 block  testing_failures::small"]);
}

#[test]
#[ignore = "fails"]
fn a_small_table() {
    let mut config = Config::default();
    config.memory_profiling.dump_on_exit = false;
    config.memory_profiling.max_tracked_allocations = 8;
    let _profiler = Profiler::start(config).unwrap();
    assert_no_leaks!(|| (0..20).map(|_| small()).collect::<Vec<_>>());
}

#[test]
fn a_table_that_is_too_small_is_said_to_be() {
    let ended = fail("a_small_table");
    assert!(ended.stdout.contains("memprof: table too small: "), "{}", ended.stdout);
}

#[test]
#[ignore = "fails"]
fn switched_off() {
    let mut config = Config::default();
    config.memory_profiling.enabled = false;
    let _profiler = Profiler::start(config).unwrap();
    assert_allocated!(<= "1 GiB", small);
}

#[test]
fn a_thread_that_counts_nothing_asserts_nothing() {
    says(
        "switched_off",
        &["memprof: nothing can be measured: profiling is off on this thread: a profile was started with \
          `enabled = false`, or the thread is ending"],
    );
}

fn nested(depth: usize) {
    if depth > 0 {
        assert_allocated!(== 10, || {
            drop(black_box(vec![1u8; 10]));
            // Within the outer ones, in nobody's sight: they end with a panic before they compare.
            nested(depth - 1);
        });
    }
}

#[test]
#[ignore = "fails"]
fn too_many_at_once() {
    assert_eq!(std::panic::catch_unwind(|| nested(1)).map_err(drop), Ok(()));
    nested(65);
}

#[test]
fn there_is_an_end_to_measurements_at_once() {
    says(
        "too_many_at_once",
        &[
            "memprof: nothing can be measured: 64 measurements are running, or have ended while a thread was still working in them; run fewer at once, and wait for the threads that a measurement starts",
        ],
    );
}

/// As many call paths as a thread can have: all orders of ten scopes, five deep.
fn exhaust(depth: usize, open: u32) {
    macro_rules! enter {
        ($($number:literal)*) => {$(
            if open & (1 << $number) == 0 && depth > 0 {
                let _scope = memprof::scope!("one of ten");
                exhaust(depth - 1, open | 1 << $number);
            }
        )*};
    }
    enter!(0 1 2 3 4 5 6 7 8 9);
}

#[track_memory]
fn new_here() -> Vec<u8> {
    black_box(vec![1; 1000])
}

#[test]
fn figures_are_true_where_call_paths_have_run_out() {
    let measured = measure(|| {
        exhaust(5, 0);
        new_here()
    });
    assert_eq!((measured.allocated_bytes, measured.net_bytes), (1000, 1000));
    assert_eq!(measured.functions[0].name, "(other paths)", "{measured}");
    // The measurement has its node by now.
    assert_eq!(measure(small).allocated_bytes, 1000);
}

#[test]
#[ignore = "fails"]
fn no_paths_left() {
    exhaust(5, 0);
    let _scope = memprof::scope!("the measurement would need a new path");
    measure(small);
}

#[test]
fn a_measurement_that_cannot_have_a_path_says_so() {
    let ended = fail("no_paths_left");
    assert!(ended.stdout.contains("this thread has reached the limit of call paths (16384)"), "{}", ended.stdout);
}

#[test]
#[ignore = "fails"]
fn no_paths_left_elsewhere() {
    measure(|| {
        let here = Context::current();
        thread::scope(|threads| {
            threads.spawn(|| {
                exhaust(5, 0);
                here.scope(small)
            });
        });
    });
}

#[test]
fn work_that_could_not_be_counted_is_said_to_be_missing() {
    let ended = fail("no_paths_left_elsewhere");
    assert!(
        ended.stdout.contains("memprof: some work of this measurement could not be counted (1 time)"),
        "{}",
        ended.stdout
    );
}

#[test]
fn a_future_that_is_dropped_half_way_ends_its_measurement() {
    for _ in 0..200 {
        let mut future = std::pin::pin!(measure_async(async {
            let _held = small();
            std::future::pending::<()>().await;
        }));
        assert!(memprof_tests::poll(future.as_mut()).is_pending());
    }
    assert_eq!(measure(small).allocated_bytes, 1000);
}
