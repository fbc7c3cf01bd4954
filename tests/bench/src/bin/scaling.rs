//! Growth of memprof's costs: `scaling --mode MODE --axis AXIS --at N` sets up N of something and prints the cost of
//! one event, in processor time, so that other programs on the machine matter little.
//!
//! Its many functions are one, which enters sites that are created at run time: 10,000 functions in the source would
//! take minutes to compile, and would measure the processor's instruction cache.

use memprof::__private::{Site, enter};
use memprof::Profiler;
use memprof_peers::{Started, mode, modes};
use std::hint::black_box;
use std::sync::Barrier;
use std::thread;

#[global_allocator]
static ALLOC: memprof::AllocationTracker = memprof::AllocationTracker::system();

#[memprof::track_memory]
#[inline(never)]
fn empty(number: u64) -> u64 {
    black_box(number)
}

/// Pairs, and calls, that are measured.
const EVENTS: usize = 1_000_000;
/// Reports that are measured, and as many readings of `memory_stats` for each.
const REPORTS: usize = 3;
const READINGS: usize = 100;

/// Nanoseconds of one event.
struct Costs {
    pair: f64,
    call: f64,
    /// With live blocks: freeing any one of them and allocating another.
    replaced: Option<f64>,
}

fn main() {
    // The other threads would wait for one that panics, for ever.
    std::panic::set_hook(Box::new(|panic| {
        eprintln!("{panic}");
        std::process::exit(101);
    }));
    let argument = |name: &str| std::env::args().skip_while(|argument| argument != name).nth(1).unwrap_or_default();
    let at: usize = argument("--at").parse().expect("--at is a number");
    let mut config = modes::named(&mode()).expect("memprof has such a mode");
    let axis = argument("--axis");
    if axis == "live" && mode() == "exact" {
        config.memory_profiling.max_tracked_allocations = at + 100_000;
    }
    let profiler = Profiler::start(config).expect("no other profile is running");
    match axis.as_str() {
        "threads" => on_threads(&profiler, at),
        "functions" => print(&profiler, &in_functions(at)),
        "depth" => print(&profiler, &beneath(at)),
        "live" => {
            let (costs, kept) = among_live(at);
            print(&profiler, &costs);
            drop(kept);
        }
        "length" => {
            again(at / 2);
            print(&profiler, &again(EVENTS));
        }
        _ => panic!("no such axis: {axis}"),
    }
    std::mem::forget(profiler);
}

/// Prints the costs of events, and what is measured the same way on all axes.
fn print(profiler: &Profiler, costs: &Costs) {
    let mut reports: Vec<f64> =
        (0..REPORTS).map(|_| processor_time(1, || drop(black_box(profiler.report())))).collect();
    reports.sort_by(f64::total_cmp);
    let stats = processor_time(READINGS, || {
        (0..READINGS).for_each(|_| {
            black_box(memprof::memory_stats());
        })
    });
    let bytes = profiler.report().overhead.profiler_bytes;
    println!("pair {}\ncall {}", costs.pair, costs.call);
    if let Some(replaced) = costs.replaced {
        println!("replaced {replaced}");
    }
    println!("stats {stats}\nreport {}\nbytes {bytes}", reports[REPORTS / 2]);
}

/// Nanoseconds of processor time for each of so many events.
fn processor_time(events: usize, work: impl FnOnce()) -> f64 {
    let started = Started::now();
    work();
    started.elapsed().1 as f64 / events as f64
}

fn pairs(times: usize) {
    for _ in 0..times {
        drop(black_box(Vec::<u8>::with_capacity(black_box(64))));
    }
}

/// Pairs, then calls of one function.
fn again(times: usize) -> Costs {
    Costs {
        pair: processor_time(times, || pairs(times)),
        call: processor_time(times, || {
            (0..times as u64).for_each(|number| {
                black_box(empty(number));
            })
        }),
        replaced: None,
    }
}

/// On so many threads at once, all of which are there until the end.
fn on_threads(profiler: &Profiler, threads: usize) {
    let (phase, each) = (Barrier::new(threads + 1), EVENTS / threads);
    let one_by_one = Barrier::new(2);
    // The pages of the live table, which are backed by memory when they are first touched, are no thread's own cost.
    drop((0..100_000).map(|number| black_box(Box::new(number))).collect::<Vec<_>>());
    let started = Started::now();
    thread::scope(|scope| {
        for _ in 0..threads {
            scope.spawn(|| {
                // The thread's own ledger is made before anything is measured.
                pairs(1);
                empty(1);
                one_by_one.wait();
                phase.wait();
                pairs(each);
                phase.wait();
                phase.wait();
                (0..each as u64).for_each(|number| {
                    black_box(empty(number));
                });
                phase.wait();
                phase.wait();
            });
            // The next thread begins when this one has: all begin among those that are there.
            one_by_one.wait();
        }
        println!("start {}", started.elapsed().1 as f64 / threads as f64);
        let measured = || {
            processor_time(each * threads, || {
                phase.wait();
                phase.wait();
            })
        };
        let costs = Costs { pair: measured(), call: measured(), replaced: None };
        print(profiler, &costs);
        phase.wait();
    });
}

/// The sites of so many functions.
fn sites(count: usize) -> Vec<&'static Site> {
    let named = |number: usize| Site::named(Box::leak(format!("function {number}").into_boxed_str()), file!(), line!());
    (0..count).map(|number| &*Box::leak(Box::new(named(number)))).collect()
}

/// So many functions, called in turn.
fn in_functions(functions: usize) -> Costs {
    let all = sites(functions);
    let rounds = (EVENTS / functions).max(1);
    let round = |allocate: bool| {
        for site in &all {
            let _call = enter(site);
            if black_box(allocate) {
                pairs(1);
            }
        }
    };
    // The first calls make the nodes.
    round(true);
    let measured = |allocate| processor_time(rounds * functions, || (0..rounds).for_each(|_| round(allocate)));
    let call = measured(false);
    Costs { pair: measured(true) - call, call, replaced: None }
}

/// So many functions, each of which calls the next.
fn beneath(depth: usize) -> Costs {
    let all = sites(depth);
    let rounds = (EVENTS / depth).max(1);
    chain(&all, &mut || {});
    let call = processor_time(rounds * depth, || (0..rounds).for_each(|_| chain(&all, &mut || {})));
    let mut pair = 0.0;
    chain(&all, &mut || pair = processor_time(EVENTS, || pairs(EVENTS)));
    Costs { pair, call, replaced: None }
}

#[inline(never)]
fn chain(sites: &[&'static Site], at_the_end: &mut dyn FnMut()) {
    match sites.split_first() {
        Some((site, rest)) => {
            let _call = enter(site);
            chain(rest, at_the_end);
        }
        None => at_the_end(),
    }
}

/// So many live blocks.
fn among_live(live: usize) -> (Costs, Vec<Box<u64>>) {
    let mut kept: Vec<Box<u64>> = (0..live as u64).map(Box::new).collect();
    let mut random = 0x9E37_79B9_7F4A_7C15_u64;
    let replaced = processor_time(EVENTS, || {
        for number in 0..EVENTS {
            random = random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            kept[(random >> 33) as usize % live] = black_box(Box::new(number as u64));
        }
    });
    (Costs { replaced: Some(replaced), ..again(EVENTS) }, kept)
}
