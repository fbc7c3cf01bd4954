//! Contexts in the pools of rayon: the tree is the same with any number of workers.

use memprof::{Context, track_memory};
use memprof_tests::{Block, Flow, Profile, flash, function, own, paths, total};
use rayon::prelude::*;
use rayon::{ThreadPool, ThreadPoolBuilder};

fn pool(workers: usize) -> ThreadPool {
    ThreadPoolBuilder::new().num_threads(workers).build().unwrap()
}

#[track_memory(name = "rayon: item")]
fn item(size: usize) -> usize {
    flash(size);
    size
}

#[track_memory(name = "rayon: maps")]
fn maps() -> usize {
    let here = Context::current();
    (1..=1000).into_par_iter().map(here.wrap_fn(item)).sum()
}

#[track_memory(name = "rayon: scopes")]
fn scopes() {
    let here = Context::current();
    rayon::scope(|jobs| {
        for size in 1..=100 {
            let here = &here;
            jobs.spawn(move |_| {
                here.scope(|| item(size));
            });
        }
    });
}

/// Halves down to single ones, as a divided build does.
#[track_memory(name = "rayon: joins")]
fn joins(many: usize) {
    if many == 1 {
        return flash(3);
    }
    let here = Context::current();
    rayon::join(here.wrap(|| joins(many / 2)), here.wrap(|| joins(many - many / 2)));
}

#[test]
fn the_tree_is_the_same_with_any_number_of_workers() {
    for (round, workers) in [1, 2, 4].into_iter().enumerate() {
        let (round, profile) = (round as u64 + 1, Profile::start());
        pool(workers).install(|| {
            assert_eq!(maps(), 500_500);
            scopes();
            joins(1000);
        });
        let report = profile.report();
        let expected = [("rayon: maps → rayon: item", 1000), ("rayon: scopes → rayon: item", 100)];
        let expected = expected.map(|(path, calls)| (path.to_owned(), calls * round)).into();
        assert_eq!(paths(&report, "rayon: item"), expected, "{workers} workers");
        assert_eq!(own(function(&report, "rayon: item")).allocated, (500_500 + 5_050) * round);
        assert_eq!(paths(&report, "rayon: joins"), [("rayon: joins".to_owned(), 1999 * round)].into());
        let joins = function(&report, "rayon: joins");
        assert_eq!((joins.active, total(joins)), (0, own(joins)));
        assert!(own(joins).allocated >= 3000 * round);
    }
}

#[track_memory(name = "pool of one: waits")]
fn waits(here: &Context) {
    let _held = Block::new(10);
    // The one worker takes the job up while it waits, on the stack of this call.
    rayon::scope(|jobs| {
        jobs.spawn(|_| here.scope(huge));
        jobs.spawn(|_| here.scope(huge));
    });
}

#[track_memory(name = "pool of one: huge")]
fn huge() {
    flash(1 << 20);
}

#[track_memory(name = "pool of one: gave it away")]
fn gave_it_away() -> Context {
    Context::current()
}

#[test]
fn a_worker_that_runs_others_jobs_while_it_waits_does_not_count_them() {
    let profile = Profile::start();
    let here = gave_it_away();
    pool(1).install(|| waits(&here));
    let report = profile.report();
    let waits = function(&report, "pool of one: waits");
    assert!(waits.peak_bytes.unwrap() < 1000, "{:?}", waits.peak_bytes);
    assert!(waits.per_call.clone().unwrap().max < 1000);
    assert_eq!(function(&report, "pool of one: huge").peak_bytes, Some(1 << 20));
    assert_eq!(total(function(&report, "pool of one: gave it away")), Flow::new((2 << 20, 2), (2 << 20, 2)));
}
