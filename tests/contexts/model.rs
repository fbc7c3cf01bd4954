//! Calls, blocks and contexts in any order, against a model in which every open scope counts for itself.
//!
//! A plain main: with one thread, the peak of the process is known to the byte.
#![allow(missing_docs)]

use memprof::__private::Guard;
use memprof::{AllocationTracker, Context, Report, memory_stats, track_memory};
use memprof_tests::{Block, Counting, Profile, function};

#[global_allocator]
static ALLOC: AllocationTracker<Counting> = AllocationTracker::new(Counting);

const SITES: [&str; 5] = ["model: a", "model: b", "model: c", "model: block x", "model: block y"];
const CONTEXT: usize = SITES.len();

/// An open scope of the model.
#[derive(Clone, Copy)]
struct Scope {
    serial: u64,
    site: usize,
    outermost: bool,
    allocated: u64,
    net: i64,
    highest: i64,
}

/// Figures of the calls of a site that have ended.
#[derive(Clone, Copy)]
struct Seen {
    calls: u64,
    allocated: (u64, u64),
    peak: (u64, u64),
}

struct Model {
    random: u64,
    serial: u64,
    open: Vec<Scope>,
    seen: [Seen; SITES.len()],
    guards: Vec<(u64, Guard)>,
    held: Vec<(Block, usize)>,
    contexts: Vec<Context>,
}

impl Model {
    fn upto(&mut self, bound: usize) -> usize {
        self.random = self.random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.random >> 33) as usize % bound
    }

    /// The scopes that count: those above the innermost context.
    fn counting(&mut self) -> impl Iterator<Item = &mut Scope> {
        self.open.iter_mut().rev().take_while(|scope| scope.site != CONTEXT)
    }

    fn moved(&mut self, allocated: usize, freed: usize) {
        for scope in self.counting() {
            scope.allocated += allocated as u64;
            scope.net += allocated as i64 - freed as i64;
            scope.highest = scope.highest.max(scope.net);
        }
    }

    fn begin(&mut self, site: usize) -> u64 {
        self.serial += 1;
        let outermost = self.counting().all(|scope| scope.site != site);
        self.open.push(Scope { serial: self.serial, site, outermost, allocated: 0, net: 0, highest: 0 });
        if site != CONTEXT {
            self.seen[site].calls += 1;
        }
        self.serial
    }

    /// A scope ends; it may have been forgotten already.
    fn end(&mut self, serial: u64) {
        let Some(index) = self.open.iter().position(|scope| scope.serial == serial) else { return };
        let scope = self.open.remove(index);
        // Only blocks may end before what began in them.
        if !(3..CONTEXT).contains(&scope.site) {
            self.open.truncate(index);
        }
        if scope.site != CONTEXT && scope.outermost {
            let seen = &mut self.seen[scope.site];
            let spread = |(min, max): (u64, u64), value: u64| (min.min(value), max.max(value));
            seen.allocated = spread(seen.allocated, scope.allocated);
            seen.peak = spread(seen.peak, scope.highest as u64);
        }
    }
}

#[track_memory(name = "model: a")]
fn a(model: &mut Model, depth: usize) {
    act(model, depth);
}

#[track_memory(name = "model: b")]
fn b(model: &mut Model, depth: usize) {
    act(model, depth);
}

#[track_memory(name = "model: c")]
fn c(model: &mut Model, depth: usize) {
    act(model, depth);
}

fn act(model: &mut Model, depth: usize) {
    for _ in 0..model.upto(7) {
        match model.upto(14) {
            0..=3 => {
                let size = 1 + model.upto(1000) * (1 + model.upto(20));
                let block = Block::new(size);
                model.held.push((block, size));
                model.moved(size, 0);
            }
            4..=6 if !model.held.is_empty() => {
                let index = model.upto(model.held.len());
                let (block, size) = model.held.swap_remove(index);
                drop(block);
                model.moved(0, size);
            }
            7..=8 if depth > 0 => {
                let site = model.upto(3);
                let call = model.begin(site);
                [a, b, c][site](model, depth - 1);
                model.end(call);
            }
            9..=10 if depth > 0 => {
                let index = model.upto(model.contexts.len());
                let context = model.contexts[index].clone();
                let scope = model.begin(CONTEXT);
                context.scope(|| act(model, depth - 1));
                model.end(scope);
            }
            11 if model.guards.len() < 30 => {
                let site = 3 + model.upto(2);
                let serial = model.begin(site);
                let guard =
                    if site == 3 { memprof::scope!("model: block x") } else { memprof::scope!("model: block y") };
                model.guards.push((serial, guard));
            }
            12 if !model.guards.is_empty() => {
                let index = model.upto(model.guards.len());
                let (serial, guard) = model.guards.swap_remove(index);
                drop(guard);
                model.end(serial);
            }
            13 => {
                let index = model.upto(model.contexts.len());
                model.contexts[index] = Context::current();
            }
            _ => assert_eq!(memory_stats().peak_allocated as u64, Counting::peak()),
        }
    }
}

fn compare(model: &Model, report: &Report, round: usize) {
    for (name, seen) in SITES.iter().zip(&model.seen) {
        if seen.calls == 0 || seen.allocated.0 == u64::MAX {
            continue;
        }
        let row = function(report, name);
        let (allocated, peak) = (row.per_call.clone().unwrap(), row.peak_per_call.clone().unwrap());
        let figures = (row.calls, (allocated.min, allocated.max), (peak.min, peak.max));
        assert_eq!(figures, (seen.calls, seen.allocated, seen.peak), "{name}, round {round}");
        assert_eq!(row.peak_bytes, Some(seen.peak.1), "{name}, round {round}");
    }
}

fn main() {
    let profile = Profile::start();
    let nothing = Seen { calls: 0, allocated: (u64::MAX, 0), peak: (u64::MAX, 0) };
    let mut model = Model {
        random: 1,
        serial: 0,
        open: Vec::with_capacity(1000),
        seen: [nothing; SITES.len()],
        guards: Vec::with_capacity(100),
        held: Vec::with_capacity(100_000),
        contexts: vec![Context::current(); 4],
    };
    let rounds = if cfg!(debug_assertions) { 500 } else { 5_000 };
    for round in 0..rounds {
        // So high that the round will exceed the peak of the process so far, at one point or another.
        let stats = memory_stats();
        let below = 1 + model.upto(20_000);
        let ballast = Block::new((stats.peak_allocated - stats.net_allocated as usize).saturating_sub(below).max(1));
        let call = model.begin(0);
        a(&mut model, 2 + round % 12);
        model.end(call);
        let truth = Counting::peak();
        assert_eq!(memory_stats().peak_allocated as u64, truth, "round {round}");
        drop(ballast);
        let report = profile.report();
        compare(&model, &report, round);
        assert_eq!(report.totals.peak_error_bytes, 0);
        assert!(report.functions.iter().filter(|row| row.name.starts_with("model")).all(|row| row.active == 0));
    }
    assert!(model.seen.iter().all(|seen| seen.calls > 100));
    println!("context_model: all passed");
}
