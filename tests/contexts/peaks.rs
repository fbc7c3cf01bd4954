//! Work in a context is in no figure of the calls that are open beneath it on its thread.

use memprof::{Context, Report, track_memory};
use memprof_tests::{Block, Flow, Profile, flash, function, own, total};

/// The context of a function of this name.
macro_rules! captured_in {
    ($name:literal) => {{
        #[track_memory(name = $name)]
        fn captured() -> Context {
            Context::current()
        }
        captured()
    }};
}

fn peak(report: &Report, name: &str) -> Option<u64> {
    function(report, name).peak_bytes
}

#[track_memory(name = "subtracted: runs others")]
fn runs_others(job: &Context) -> (Block, Block) {
    let _mine = Block::new(100);
    let first = job.scope(|| {
        flash(1_000_000);
        Block::new(5_000)
    });
    flash(50);
    let second = runs_deeper(job);
    flash(70);
    (first, second)
}

#[track_memory(name = "subtracted: deeper")]
fn runs_deeper(job: &Context) -> Block {
    flash(20);
    let block = job.scope(|| {
        let block = Block::new(9_000);
        called_by_the_job();
        block
    });
    flash(60);
    block
}

#[track_memory(name = "subtracted: called by the job")]
fn called_by_the_job() {
    flash(2_000);
}

#[track_memory(name = "subtracted: around")]
fn around(job: &Context) -> (Block, Block) {
    let blocks = runs_others(job);
    flash(165);
    blocks
}

#[test]
fn what_contexts_did_is_not_in_the_peaks_beneath() {
    let profile = Profile::start();
    let job = captured_in!("subtracted: job");
    let blocks = around(&job);
    let again = around(&job);
    let report = profile.report();
    // 100 of its own, and 70 flashed; what the deeper one flashed is less.
    assert_eq!(peak(&report, "subtracted: runs others"), Some(170));
    assert_eq!(peak(&report, "subtracted: deeper"), Some(60));
    assert_eq!(peak(&report, "subtracted: around"), Some(170));
    assert_eq!(peak(&report, "subtracted: called by the job"), Some(2_000));
    // The bytes are in the totals, on the path of the job.
    assert_eq!(total(function(&report, "subtracted: around")), Flow::new((930, 12), (930, 12)));
    assert_eq!(own(function(&report, "subtracted: job")), Flow::new((2_028_000, 6), (2_000_000, 2)));
    let allocated = |name| function(&report, name).per_call.clone().unwrap().max;
    assert_eq!(allocated("subtracted: runs others"), 300);
    assert_eq!(allocated("subtracted: deeper"), 80);
    assert_eq!(allocated("subtracted: around"), 465);
    drop((blocks, again));
}

#[track_memory(name = "falls: beneath")]
fn falls_beneath(job: &Context, held: Block) {
    flash(30);
    // The thread stands 100,000 lower afterwards, which is not this call's doing.
    job.scope(|| drop(held));
    flash(40);
    let _guard = memprof::scope!("falls: block");
    flash(35);
}

#[test]
fn what_a_context_frees_does_not_hide_a_rise() {
    let profile = Profile::start();
    falls_beneath(&captured_in!("falls: job"), Block::new(100_000));
    let report = profile.report();
    assert_eq!((peak(&report, "falls: beneath"), peak(&report, "falls: block")), (Some(40), Some(35)));
}

#[track_memory(name = "turns: takes turns")]
fn takes_turns(job: &Context) {
    // As tasks on one thread do: there is never a moment without an open guard, and each has run a job meanwhile.
    let turn = |even| if even { memprof::scope!("turns: even") } else { memprof::scope!("turns: odd") };
    let mut held = turn(true);
    for round in 0..50_000 {
        flash(3);
        job.scope(|| flash(1_000));
        drop(std::mem::replace(&mut held, turn(round % 2 == 1)));
    }
    // Once more with more room than all of them took.
    job.scope(|| flash(100_000));
    flash(7);
}

#[test]
fn contexts_between_guards_that_take_turns_do_not_pile_up() {
    let profile = Profile::start();
    let before = profile.report().overhead;
    takes_turns(&captured_in!("turns: job"));
    let report = profile.report();
    assert_eq!(report.overhead.scopes_not_opened, before.scopes_not_opened);
    assert!(report.overhead.profiler_bytes <= before.profiler_bytes + (1 << 20));
    let row = function(&report, "turns: takes turns");
    assert_eq!((row.peak_bytes, row.per_call.clone().unwrap().max), (Some(7), 150_007));
    assert_eq!(total(row), Flow::new((150_007, 50_001), (150_007, 50_001)));
    let job = own(function(&report, "turns: job"));
    assert_eq!((job.allocated, job.freed), (50_100_000, 50_100_000));
}

#[track_memory(name = "deep: leaf")]
fn leaf_of_a_path() {
    flash(9);
}

/// Sixty-four blocks in each other, each a site of its own.
fn through_64_blocks<R>(inner: impl FnOnce() -> R) -> R {
    macro_rules! within {
        ($run:expr;) => { $run };
        ($run:expr; $_next:literal $($more:literal)*) => {{
            let _0 = memprof::scope!("deep: one of many");
            let _1 = memprof::scope!("deep: one of many");
            let _2 = memprof::scope!("deep: one of many");
            let _3 = memprof::scope!("deep: one of many");
            within!($run; $($more)*)
        }};
    }
    within!(inner(); 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16)
}

#[test]
fn a_long_path_is_the_same_on_another_thread() {
    let profile = Profile::start();
    let here = through_64_blocks(|| {
        leaf_of_a_path();
        Context::current()
    });
    std::thread::scope(|threads| {
        threads.spawn(|| {
            leaf_of_a_path();
            here.scope(leaf_of_a_path);
        });
    });
    let mut paths: Vec<_> = memprof_tests::paths(&profile.report(), "deep: leaf").into_iter().collect();
    paths.sort_by_key(|(path, _)| path.len());
    assert_eq!(
        paths.iter().map(|(path, calls)| (path.matches('→').count(), *calls)).collect::<Vec<_>>(),
        [(0, 1), (64, 2)]
    );
}
