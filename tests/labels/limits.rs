//! The limits of labels, and that labels within them cost a function neither its row nor a figure.
//!
//! A plain main: keys and values are used up for the whole process.
#![allow(missing_docs)]

use memprof::{AllocationTracker, Report, labelled, track_memory};
use memprof_tests::{Block, Counting, Profile, flash};
use std::sync::Barrier;
use std::thread;

#[global_allocator]
static ALLOC: AllocationTracker<Counting> = AllocationTracker::new(Counting);

/// Functions that call each other in the order of the list.
macro_rules! functions {
    ($($name:ident)*) => {
        $(#[track_memory]
        fn $name(others: &[usize]) {
            flash(10 * others.len() + 1);
            descend(others);
        })*

        const FUNCTIONS: &[fn(&[usize])] = &[$($name),*];
    };
}

functions! { one two three four five six seven }

fn descend(order: &[usize]) {
    if let [first, others @ ..] = order {
        FUNCTIONS[*first](others);
    }
}

/// Calls three of the functions, in one of 210 orders. Allocates nothing itself.
fn call(order: usize) {
    let mut numbers = [0, 1, 2, 3, 4, 5, 6];
    let mut order = order;
    for at in 0..3 {
        let left = 7 - at;
        numbers.swap(at, at + order % left);
        order /= left;
    }
    descend(&numbers[..3]);
}

/// 16 threads, some hundred paths; with labels, 64 × 64 of them.
fn work(with_labels: bool) {
    // All at once, so that each has a ledger of its own.
    let (begin, end) = (Barrier::new(16), Barrier::new(16));
    thread::scope(|threads| {
        for number in 0..16 {
            let (begin, end) = (&begin, &end);
            threads.spawn(move || {
                begin.wait();
                for turn in 0..1_024 {
                    let run = || call(turn);
                    if with_labels {
                        let (collection, tenant) =
                            (format!("c{}", turn % 64), format!("t{}", (turn / 16 + number) % 64));
                        let each = || labelled("tenant", &tenant, run);
                        labelled("collection", &collection, each);
                    } else {
                        run();
                    }
                }
                end.wait();
            });
        }
    });
}

/// Rows of the functions as text, without the figures so far.
fn functions(report: &Report) -> Vec<(String, [u64; 6])> {
    let rows = report.functions.iter().map(|row| {
        let figures = [row.calls, row.self_allocated_bytes, row.self_allocated_count, row.self_deallocated_bytes];
        let [calls, bytes, count, freed] = figures;
        (row.name.clone(), [calls, bytes, count, freed, row.allocated_bytes, row.active])
    });
    rows.collect()
}

fn since(before: &[(String, [u64; 6])], after: &[(String, [u64; 6])]) -> Vec<(String, [u64; 6])> {
    let figures = |name: &str| before.iter().find(|row| row.0 == name).map(|row| row.1).unwrap_or_default();
    after
        .iter()
        .map(|(name, row)| (name.clone(), std::array::from_fn(|index| row[index] - figures(name)[index])))
        .collect()
}

fn main() {
    let profile = Profile::with(|config| config.memory_profiling.max_tracked_allocations = 20_000);
    work(false);
    let plain = profile.report();
    work(true);
    let labelled_run = profile.report();
    let mut first = functions(&plain);
    let mut second = since(&first, &functions(&labelled_run));
    first.sort();
    second.sort();
    assert_eq!((first.len(), plain.call_tree.len()), (7, 7 + 7 * 6 + 7 * 6 * 5));
    assert_eq!(first, second);
    assert_eq!(plain.call_tree.len(), labelled_run.call_tree.len());
    let memory = labelled_run.overhead.profiler_bytes - plain.overhead.profiler_bytes;
    println!("64 × 64 labels on {} paths and 16 threads: {memory} bytes", plain.call_tree.len());
    // Windows gives memory in pieces of 64 KB.
    assert!(memory <= if cfg!(windows) { 2 << 20 } else { 1 << 20 }, "{memory}");
    let sum = |report: &Report, key: &str| -> (u64, u64) {
        let rows = report.labels.iter().filter(|row| row.key == key);
        rows.fold((0, 0), |sum, row| (sum.0 + row.calls, sum.1 + row.allocated_bytes))
    };
    let (collections, tenants) = (sum(&labelled_run, "collection"), sum(&labelled_run, "tenant"));
    assert_eq!((collections.0, labelled_run.labels.len()), (16 * 1_024, 128));
    assert_eq!(collections, tenants);
    let functions: u64 = second.iter().map(|row| row.1[1]).sum();
    assert_eq!(functions, collections.1);

    // Beyond 64 values, and beyond 128 bytes.
    let kept: Vec<Block> =
        ["c64", "c65", &"x".repeat(129), "other"].map(|value| labelled("collection", value, || Block::new(10))).into();
    labelled("collection", "c1", || flash(3));
    labelled("length", &"y".repeat(128), || flash(4));
    labelled("length", "", || flash(5));
    let report = profile.report();
    let row = |key: &str, value: &str| report.labels.iter().find(|row| row.key == key && row.value == value).cloned();
    let other = row("collection", "other").expect("a row of the others");
    assert_eq!((other.calls, other.allocated_bytes, other.retained_bytes), (4, 40, Some(40)));
    assert_eq!(row("length", &"y".repeat(128)).map(|row| row.allocated_bytes), Some(4));
    assert_eq!(row("length", "").map(|row| row.allocated_bytes), Some(5));
    assert!(!report.warnings.iter().any(|warning| warning.contains("label")));
    drop(kept);

    // Beyond 8 keys: the others go on.
    for key in 0..10 {
        labelled(&format!("key {key}"), "value", || labelled("collection", "c2", || flash(6)));
    }
    labelled(&"z".repeat(129), "value", || flash(7));
    let report = profile.report();
    let mut keys: Vec<&str> = report.labels.iter().map(|row| row.key.as_str()).collect();
    keys.dedup();
    assert_eq!(keys, ["collection", "key 0", "key 1", "key 2", "key 3", "key 4", "length", "tenant"]);
    let warning = report.warnings.iter().find(|warning| warning.contains("label")).expect("a warning");
    assert!(warning.starts_with("6 labels counted nowhere"), "{warning}");
    println!("label_limits: all passed");
}
