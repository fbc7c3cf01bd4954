//! Labels: the memory of labelled work, on whichever threads and tasks it runs.
#![allow(missing_docs)]

use memprof::report::data::LabelRow;
use memprof::testing::measure;
use memprof::{AllocationTracker, Context, Meter, Report, label, labelled, track_memory};
use memprof_tests::{Block, Counting, Profile, flash, function, own, pause, poll};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::pin;
use std::sync::Barrier;
use std::thread;

#[global_allocator]
static ALLOC: AllocationTracker<Counting> = AllocationTracker::new(Counting);

fn row(report: &Report, key: &str, value: &str) -> LabelRow {
    let mut rows = report.labels.iter().filter(|row| row.key == key && row.value == value);
    let row = rows.next().cloned().unwrap_or_default();
    assert_eq!(rows.next(), None);
    row
}

/// Calls, allocated, deallocated, net and retained bytes.
fn figures(report: &Report, key: &str, value: &str) -> (u64, u64, u64, i64, Option<u64>) {
    let row = row(report, key, value);
    (row.calls, row.allocated_bytes, row.deallocated_bytes, row.net_bytes, row.retained_bytes)
}

#[test]
fn a_label_has_the_memory_of_its_work_and_what_is_left_of_it() {
    let profile = Profile::start();
    let mut kept = labelled("key", "one", || {
        flash(100);
        vec![Block::new(1_000), Block::new(20)]
    });
    flash(7);
    let vector = 2 * size_of::<Block>();
    let all = 1_120 + vector as u64;
    let left = 1_020 + vector as u64;
    assert_eq!(figures(&profile.report(), "key", "one"), (1, all, 100, left as i64, Some(left)));
    // Freed elsewhere: retained falls, the net stays.
    thread::scope(|threads| {
        threads.spawn(|| drop(kept.pop()));
    });
    assert_eq!(figures(&profile.report(), "key", "one"), (1, all, 100, left as i64, Some(left - 20)));
    labelled("key", "one", || drop(kept));
    assert_eq!(figures(&profile.report(), "key", "one"), (2, all, 100 + left - 20, 20, Some(0)));
    // The work that runs now is in it.
    labelled("key", "running", || {
        let _held = Block::new(5);
        assert_eq!(figures(&profile.report(), "key", "running").0, 1);
        assert_eq!(row(&profile.report(), "key", "running").retained_bytes.map(|bytes| bytes >= 5), Some(true));
    });
}

#[test]
fn other_keys_add_and_another_value_of_the_same_key_replaces() {
    let profile = Profile::start();
    labelled("key", "outer", || {
        flash(1);
        labelled("tenant", "x", || {
            flash(10);
            labelled("key", "inner", || flash(100));
            labelled("key", "outer", || flash(1_000));
        });
        flash(2);
    });
    let report = profile.report();
    let of = |key, value| (row(&report, key, value).calls, row(&report, key, value).allocated_bytes);
    assert_eq!(of("key", "outer"), (2, 1_013));
    assert_eq!(of("key", "inner"), (1, 100));
    assert_eq!(of("tenant", "x"), (1, 1_110));
    let keys: Vec<_> = report.labels.iter().map(|row| (&row.key, &row.value)).collect();
    assert!(keys.is_sorted());
}

#[test]
fn contexts_and_futures_carry_labels_to_other_threads() {
    let profile = Profile::start();
    let kept = labelled("key", "carried", || {
        let here = Context::current();
        let both = here.clone().with_label("tenant", "carried");
        let job = both.wrap(|| Block::new(10));
        thread::scope(|threads| threads.spawn(here.wrap(|| flash(5))).join().and_then(|()| threads.spawn(job).join()))
    });
    let mut future = Box::pin(label("key", "polled").wrap_future(async {
        let held = Block::new(30);
        pause().await;
        flash(40);
        pause().await;
        drop(held);
    }));
    assert!(poll(future.as_mut()).is_pending());
    thread::scope(|threads| {
        threads.spawn(|| assert!(poll(future.as_mut()).is_pending()));
    });
    drop(future);
    // A context of other work takes the labels off.
    let outside = Context::current();
    labelled("key", "left", || outside.scope(|| flash(50)));
    let report = profile.report();
    assert_eq!(row(&report, "key", "carried").retained_bytes, Some(10));
    assert_eq!(figures(&report, "tenant", "carried"), (1, 10, 0, 10, Some(10)));
    assert_eq!(figures(&report, "key", "polled"), (1, 70, 70, 0, Some(0)));
    assert_eq!(figures(&report, "key", "left"), (1, 0, 0, 0, Some(0)));
    drop(kept);
    let future = async { [0_u8; 100] };
    let size = size_of_val(&future);
    assert!(size_of_val(&label("key", "polled").wrap_future(future)) <= size.next_multiple_of(8) + 16);
}

#[test]
fn a_panic_leaves_the_label() {
    let profile = Profile::start();
    let outcome = catch_unwind(AssertUnwindSafe(|| {
        labelled("key", "panics", || {
            flash(1_000);
            std::panic::resume_unwind(Box::new(()));
        });
    }));
    drop(outcome);
    let before = row(&profile.report(), "key", "panics").allocated_bytes;
    flash(10_000);
    let mut future = pin!(label("key", "panics").wrap_future(async { std::panic::resume_unwind(Box::new(())) }));
    assert!(catch_unwind(AssertUnwindSafe(|| poll::<dyn Future<Output = ()>>(future.as_mut()))).is_err());
    flash(10_000);
    let after = row(&profile.report(), "key", "panics");
    assert!((1_000..1_500).contains(&before) && after.allocated_bytes < 2_000);
    assert_eq!(after.calls, 2);
}

#[test]
fn labels_meters_and_measurements_agree() {
    let profile = Profile::start();
    let meter = Meter::new();
    let measured = measure(|| {
        labelled("key", "agreed", || {
            meter.run(|| {
                let words: Vec<String> = (0..3_000).map(|word| format!("word {word}")).collect();
                let joined = words.join(" ");
                (words, joined)
            })
        })
    });
    let row = row(&profile.report(), "key", "agreed");
    assert_eq!((row.allocated_bytes, row.net_bytes), (meter.allocated(), meter.net()));
    assert_eq!((row.allocated_bytes, row.net_bytes), (measured.allocated_bytes as u64, measured.net_bytes as i64));
    assert_eq!(row.retained_bytes, Some(row.net_bytes as u64));
}

#[track_memory(name = "labels: function")]
fn tracked(size: usize) -> Block {
    flash(2 * size);
    Block::new(size)
}

#[test]
fn functions_keep_their_rows() {
    let profile = Profile::start();
    let plain = tracked(100);
    let labelled_ones: Vec<Block> =
        (0..200).map(|value| labelled("tenant", &format!("t{}", value % 7), || tracked(100))).collect();
    let report = profile.report();
    let row = function(&report, "labels: function");
    assert_eq!((row.calls, own(row).allocated, row.retained_bytes), (201, 201 * 300, Some(201 * 100)));
    assert_eq!(report.call_tree.iter().filter(|node| node.function == "labels: function").count(), 1);
    let sum: u64 = report.labels.iter().filter(|row| row.value.starts_with('t')).map(|row| row.allocated_bytes).sum();
    assert_eq!(sum, 200 * 300);
    drop((plain, labelled_ones));
}

#[test]
fn no_value_is_lost_to_other_while_many_threads_enter_new_ones() {
    let profile = Profile::start();
    let begin = Barrier::new(32);
    thread::scope(|threads| {
        for number in 0..32 {
            let begin = &begin;
            threads.spawn(move || {
                begin.wait();
                for value in 0..50 {
                    labelled("crowd", &format!("v{}", (value + number) % 50), || flash(10));
                }
            });
        }
    });
    let report = profile.report();
    let rows: Vec<_> = report.labels.iter().filter(|row| row.key == "crowd").collect();
    assert_eq!(rows.len(), 50);
    for row in rows {
        assert_eq!((row.calls, row.allocated_bytes, row.deallocated_bytes), (32, 320, 320), "{}", row.value);
    }
}

#[test]
fn labels_are_counted_before_a_profile_and_after_it() {
    labelled("key", "early", || flash(100));
    let kept = {
        let _profile = Profile::start();
        labelled("key", "early", || Block::new(10))
    };
    labelled("key", "early", || flash(1));
    let profile = Profile::start();
    let report = profile.report();
    // As for functions, the live table of this profile has no block of the one before.
    assert_eq!(figures(&report, "key", "early"), (3, 111, 101, 10, Some(0)));
    drop((kept, report));
}

#[test]
fn tasks_that_change_threads_and_are_cancelled_keep_their_labels() {
    let profile = Profile::start();
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(3).enable_time().build().unwrap();
    let query = |size: usize| async move {
        for _ in 0..20 {
            let held = Block::new(size);
            tokio::task::yield_now().await;
            drop(held);
        }
        Block::new(size)
    };
    let kept = runtime.block_on(async move {
        let tasks: Vec<_> = (0..50)
            .map(|number| {
                let work = label("task", if number % 2 == 0 { "even" } else { "odd" }).wrap_future(query(1_000));
                tokio::spawn(label("tenant", "tasks").wrap_future(work))
            })
            .collect();
        let raced = tokio::spawn(label("task", "raced").wrap_future(async move {
            tokio::select! {
                biased;
                () = async { drop(Block::new(70)) } => {}
                block = label("task", "lost").wrap_future(query(30)) => drop(block),
            }
        }));
        raced.await.unwrap();
        let mut kept = Vec::new();
        for task in tasks {
            kept.push(task.await.unwrap());
        }
        kept
    });
    runtime.shutdown_timeout(std::time::Duration::from_secs(5));
    let report = profile.report();
    let (even, odd, all) = (row(&report, "task", "even"), row(&report, "task", "odd"), row(&report, "tenant", "tasks"));
    for one in [&even, &odd] {
        assert_eq!((one.calls, one.retained_bytes), (25, Some(25_000)));
        // The runtime's queues grow within them, too.
        assert!((525_000..535_000).contains(&one.allocated_bytes), "{one:?}");
    }
    assert_eq!(even.allocated_bytes + odd.allocated_bytes, all.allocated_bytes);
    assert_eq!(even.deallocated_bytes + odd.deallocated_bytes, all.deallocated_bytes);
    assert_eq!((all.calls, all.retained_bytes), (50, Some(50_000)));
    assert_eq!(figures(&report, "task", "raced"), (1, 70, 70, 0, Some(0)));
    // Never polled: no call.
    assert_eq!(figures(&report, "task", "lost").0, 0);
    drop(kept);
}
