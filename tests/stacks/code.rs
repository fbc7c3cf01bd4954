//! The stacks of tracked allocations: right whatever the code does with its frames.
//!
//! CI runs this as a release build too: without frame pointers, with inlined functions, with line tables.
#![allow(missing_docs)]

use memprof::{AllocationTracker, Report, track_memory};
use memprof_tests::{Block, Counting, Profile};
use std::hint::black_box;
use std::sync::Arc;

#[global_allocator]
static ALLOC: AllocationTracker<Counting> = AllocationTracker::new(Counting);

fn with_stacks() -> Profile {
    Profile::with(|config| {
        config.memory_profiling.backtraces = true;
        config.memory_profiling.max_tracked_allocations = 20_000;
    })
}

/// The functions that the blocks of a size were made in, one list for each stack, innermost first, with their lines.
fn stacks(report: &Report, size: u64) -> Vec<Vec<(Arc<str>, u32)>> {
    let groups =
        report.live.groups.iter().filter(|group| group.largest_bytes == size && group.bytes == size * group.count);
    let functions = |group: &memprof::report::data::LiveGroup| {
        let named = group.stack.iter().filter_map(|frame| Some((frame.function.clone()?, frame.line?)));
        named.collect()
    };
    groups.map(functions).collect()
}

/// The names of this file's functions on a stack, innermost first.
fn own(stack: &[(Arc<str>, u32)]) -> Vec<&str> {
    stack.iter().filter_map(|(name, _)| name.strip_prefix("stacks::")).collect()
}

/// The one stack of the blocks of a size.
#[track_caller]
fn only(report: &Report, size: u64) -> Vec<(Arc<str>, u32)> {
    let all = stacks(report, size);
    let differ = all.windows(2).flat_map(|two| two[0].iter().zip(&two[1]).filter(|(one, other)| one != other));
    assert_eq!(all.len(), 1, "{:#?}", differ.collect::<Vec<_>>());
    all.into_iter().next().unwrap()
}

/// The line that this is called on.
#[track_caller]
fn line() -> u32 {
    std::panic::Location::caller().line()
}

#[inline(never)]
fn innermost(size: usize, line_of_call: &mut u32) -> Block {
    *line_of_call = line() + 1;
    black_box(Block::new(size))
}

#[inline(always)]
fn inlined(size: usize, line_of_call: &mut u32) -> Block {
    black_box(innermost(size, line_of_call))
}

#[track_memory]
#[inline(never)]
fn outer(size: usize, line_of_call: &mut u32) -> Block {
    black_box(inlined(size, line_of_call))
}

#[test]
fn functions_inlined_ones_and_lines_are_right() {
    let profile = with_stacks();
    let mut line_of_call = 0;
    let block = outer(10_001, &mut line_of_call);
    let report = profile.report();
    let stack = only(&report, 10_001);
    let this = "functions_inlined_ones_and_lines_are_right";
    assert_eq!(own(&stack)[..4], ["innermost", "inlined", "outer", this], "{stack:#?}");
    assert!(stack.contains(&("stacks::innermost".into(), line_of_call)), "line {line_of_call} of {stack:#?}");
    // Nothing of the profiler stands above it, and the outermost frame is the thread's first.
    let first = &stack[0].0;
    assert!(first.contains("alloc") && !first.contains("memprof::tracker") && !first.contains("__rust"), "{stack:#?}");
    assert!(stack.iter().any(|(name, _)| name.contains("thread")), "{stack:#?}");
    let group = report.live.groups.iter().find(|group| group.largest_bytes == 10_001).unwrap();
    assert_eq!(group.path, ["stacks::outer"]);
    let module = group.stack[0].module.as_deref().unwrap();
    assert!(module.ends_with(std::env::current_exe().unwrap().file_name().unwrap().to_str().unwrap()), "{module}");
    assert_eq!(report.overhead.stacks_not_captured, 0, "{:?}", report.warnings);
    drop(block);
}

#[test]
fn without_backtraces_there_is_no_stack() {
    let profile = Profile::start();
    let block = outer(10_003, &mut 0);
    let report = profile.report();
    let group = report.live.groups.iter().find(|group| group.largest_bytes == 10_003).unwrap();
    assert!(group.stack.is_empty());
    drop(block);
}

#[inline(never)]
fn recurse(depth: usize, then: &mut dyn FnMut()) {
    let some_space = black_box([depth; 3]);
    if depth == 0 {
        then();
    } else {
        recurse(depth - 1, then);
    }
    black_box(some_space);
}

/// As [`recurse`], each a place of its own: recursion of one function is one place, however deep.
macro_rules! recursions {
    ($($name:ident $room:literal)*) => {
        $(#[inline(never)]
        fn $name(depth: usize, then: &mut dyn FnMut()) {
            // Of a size of its own: the compiler makes one of functions that are alike.
            let some_space = black_box([depth; $room]);
            if depth == 0 {
                then();
            } else {
                $name(depth - 1, then);
            }
            black_box(some_space);
        })*
        const RECURSIONS: &[fn(usize, &mut dyn FnMut())] = &[$($name),*];
    };
}

recursions!(recurse_0 3 recurse_1 4 recurse_2 5 recurse_3 6 recurse_4 7 recurse_5 8);

#[test]
fn of_a_deep_recursion_the_innermost_frames_are_kept() {
    let profile = with_stacks();
    let mut blocks = Vec::with_capacity(20);
    let recursions =
        |stack: &[(Arc<str>, u32)]| stack.iter().filter(|(name, _)| &**name == "stacks::recurse").count() as u64;
    // Up and down again: each depth finds another window of the last one's frames. One report for each that is not cut:
    // all depths are one place.
    for depth in [5, 40, 5] {
        recurse(depth, &mut || blocks.push(Block::new(11_000 + depth)));
        let stack = only(&profile.report(), 11_000 + depth as u64);
        assert_eq!(recursions(&stack), depth as u64 + 1);
        assert!(own(&stack).contains(&"of_a_deep_recursion_the_innermost_frames_are_kept"), "{stack:#?}");
        blocks.clear();
    }
    for depth in [100, 101, 300, 299, 60, 61, 62, 100] {
        recurse(depth, &mut || blocks.push(Block::new(11_000 + depth)));
    }
    let report = profile.report();
    // All others are cut within the recursion, so they are alike, but for how many frames of the profiler were above
    // them.
    let cut = report.live.groups.iter().filter(|group| (11_060..=11_300).contains(&group.largest_bytes));
    let cut: Vec<_> = cut.collect();
    assert!(cut.len() <= 2 && cut.iter().map(|group| group.count).sum::<u64>() == 8, "{}", cut.len());
    for group in cut {
        let stack: Vec<_> = group.stack.iter().map(|frame| (frame.function.clone().unwrap(), 0)).collect();
        assert!((50..64).contains(&recursions(&stack)), "{stack:#?}");
        assert!(!own(&stack).contains(&"of_a_deep_recursion_the_innermost_frames_are_kept"), "{stack:#?}");
    }
    assert_eq!(report.overhead.stacks_corrected, 0);
    drop(blocks);
}

#[track_memory]
fn import(job: fn() -> Block) -> Block {
    on_a_thread(job)
}

#[track_memory]
fn reindex(job: fn() -> Block) -> Block {
    on_a_thread(job)
}

/// As a pool does: the stack is the thread's own, whoever asked for the work.
fn on_a_thread(job: fn() -> Block) -> Block {
    std::thread::spawn(memprof::Context::current().wrap(job)).join().unwrap()
}

#[test]
fn paths_that_share_a_stack_each_have_it() {
    let profile = with_stacks();
    let job = || black_box(Block::new(5_003));
    let _kept = [import(job), reindex(job), reindex(job)];
    let report = profile.report();
    let groups: Vec<_> = report.live.groups.iter().filter(|group| group.largest_bytes == 5_003).collect();
    let counts: Vec<_> = groups.iter().map(|group| (group.path.last().unwrap().as_str(), group.count)).collect();
    assert_eq!(counts, [("stacks::reindex", 2), ("stacks::import", 1)]);
    assert!(!groups[0].stack.is_empty());
    assert_eq!(groups[0].stack, groups[1].stack);
}

#[test]
fn each_thread_has_its_own_stacks() {
    let profile = with_stacks();
    let make = |number: usize| {
        move || {
            let mut blocks = Vec::with_capacity(500);
            RECURSIONS[number](number, &mut || (0..500).for_each(|_| blocks.push(Block::new(12_100 + number))));
            blocks
        }
    };
    for _ in 0..5 {
        let threads: Vec<_> = (0..6).map(|number| std::thread::spawn(make(number))).collect();
        let blocks: Vec<_> = threads.into_iter().map(|thread| thread.join().unwrap()).collect();
        let report = profile.report();
        for number in 0..6 {
            let stack = only(&report, 12_100 + number);
            let name = format!("recurse_{number}");
            assert_eq!(own(&stack).iter().filter(|own| **own == name).count() as u64, number + 1);
        }
        drop(blocks);
    }
}

#[track_memory]
fn makes(blocks: &mut Vec<Block>, each: usize) {
    for depth in 0..20 {
        recurse(depth, &mut || (0..each).for_each(|_| blocks.push(Block::new(13_000))));
    }
}

#[test]
fn capturing_does_not_allocate() {
    let profile = with_stacks();
    let mut blocks = Vec::with_capacity(2000);
    makes(&mut blocks, 50);
    // A thread's first captures: its stack is looked for, and it gets memory for its frames.
    let blocks = std::thread::spawn(move || {
        makes(&mut blocks, 50);
        blocks
    });
    let blocks = blocks.join().unwrap();
    let report = profile.report();
    let row = memprof_tests::function(&report, "stacks::makes");
    assert_eq!((row.allocated_count, row.allocated_bytes), (2000, 2000 * 13_000));
    let with_stack = report.live.groups.iter().filter(|group| !group.stack.is_empty());
    assert!(with_stack.map(|group| group.count).sum::<u64>() >= 2000);
    drop(blocks);
}
