//! Random programs of one thread with labels, compared with a counting allocator after every few steps.
//!
//! A plain main: the counting allocator counts the whole process.
#![allow(missing_docs)]

use memprof::{AllocationTracker, Context, Meter, Report, label, labelled, track_memory};
use memprof_tests::{Block, Counting, Profile, flash, pause, poll};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;

#[global_allocator]
static ALLOC: AllocationTracker<Counting> = AllocationTracker::new(Counting);

const KEYS: [&str; 8] = ["a", "bc", "tenant", "collection", "a key of 17 bytes", "ключ", "", "other"];
const VALUES: [&str; 7] =
    ["", "x", "docs", "value 8b", "16 bytes of text", "a value of more than 16 bytes", "значение"];

/// The value of each key, plus 1; 0: none.
type Labels = [usize; KEYS.len()];

#[derive(Clone, Copy, Default, Debug, PartialEq)]
struct Figures {
    calls: u64,
    allocated: u64,
    deallocated: u64,
    retained: u64,
}

/// A labelled future.
struct Labelled {
    future: Pin<Box<dyn Future<Output = ()>>>,
    key: usize,
    value: usize,
    was_polled: bool,
}

struct World {
    random: u64,
    labels: Labels,
    blocks: Vec<(Block, usize, Labels)>,
    contexts: Vec<(Context, Labels)>,
    futures: Vec<Labelled>,
    rows: [[Figures; VALUES.len()]; KEYS.len()],
    seen: (u64, u64),
    meter: Meter,
    outside: Context,
    left: u32,
}

impl World {
    fn random(&mut self, upto: usize) -> usize {
        self.random ^= self.random << 13;
        self.random ^= self.random >> 7;
        self.random ^= self.random << 17;
        (self.random >> 11) as usize % upto
    }

    fn each(rows: &mut [[Figures; VALUES.len()]; KEYS.len()], labels: Labels, change: impl Fn(&mut Figures)) {
        for (row, value) in rows.iter_mut().zip(labels) {
            if value > 0 {
                change(&mut row[value - 1]);
            }
        }
    }

    /// Adds what the counting allocator has seen to the labels of the present work.
    fn settle(&mut self) {
        let now = (Counting::flow().allocated, Counting::flow().freed);
        let (allocated, freed) = (now.0 - self.seen.0, now.1 - self.seen.1);
        Self::each(&mut self.rows, self.labels, |row| {
            row.allocated += allocated;
            row.deallocated += freed;
        });
        self.seen = now;
    }

    fn check(&mut self, profile: &Profile) {
        self.settle();
        // What the comparison allocates is in no label.
        self.outside.clone().scope(|| self.compare(&profile.report()));
        self.seen = (Counting::flow().allocated, Counting::flow().freed);
    }

    fn compare(&self, report: &Report) {
        for (key, rows) in KEYS.iter().zip(&self.rows) {
            for (value, truth) in VALUES.iter().zip(rows) {
                let row = report.labels.iter().find(|row| row.key == *key && row.value == *value);
                let found = row.map_or(Figures::default(), |row| Figures {
                    calls: row.calls,
                    allocated: row.allocated_bytes,
                    deallocated: row.deallocated_bytes,
                    retained: row.retained_bytes.expect("an exact table"),
                });
                assert_eq!(found, *truth, "{key}: {value}");
            }
        }
    }

    fn within(&mut self, labels: Labels, enter: impl FnOnce(&mut Self)) {
        self.settle();
        let before = std::mem::replace(&mut self.labels, labels);
        enter(self);
        self.settle();
        self.labels = before;
    }

    fn with_label(&mut self, key: usize, value: usize) -> Labels {
        self.rows[key][value].calls += 1;
        let mut labels = self.labels;
        labels[key] = value + 1;
        labels
    }

    fn a_label(&mut self) -> (usize, usize) {
        (self.random(KEYS.len()), self.random(VALUES.len()))
    }
}

#[track_memory]
fn step(world: &mut World, profile: &Profile, depth: usize) {
    while world.left > 0 {
        world.left -= 1;
        match world.random(16) {
            0..4 => {
                let size = 1 << world.random(18);
                let size = size + world.random(size);
                let labels = world.labels;
                world.blocks.push((Block::new(size), size, labels));
                World::each(&mut world.rows, labels, |row| row.retained += size as u64);
                world.settle();
            }
            4..7 if !world.blocks.is_empty() => {
                let index = world.random(world.blocks.len());
                let (block, size, labels) = world.blocks.swap_remove(index);
                drop(block);
                World::each(&mut world.rows, labels, |row| row.retained -= size as u64);
                world.settle();
            }
            7 if !world.blocks.is_empty() => {
                let index = world.random(world.blocks.len());
                let size = 1 + world.random(100_000);
                let present = world.labels;
                let (block, old_size, labels) = &mut world.blocks[index];
                assert!(block.resize(size));
                // The new block belongs to the work that has reallocated it.
                let (old_size, old) = (std::mem::replace(old_size, size), std::mem::replace(labels, present));
                World::each(&mut world.rows, old, |row| row.retained -= old_size as u64);
                World::each(&mut world.rows, present, |row| row.retained += size as u64);
                world.settle();
            }
            8 | 9 if depth < 12 => {
                let (key, value) = world.a_label();
                let labels = world.with_label(key, value);
                let panics = world.random(4) == 0;
                let meter = (world.random(3) == 0).then(|| world.meter.clone());
                let (before, work) = (world.labels, |world: &mut World| match meter {
                    Some(meter) => meter.run(|| step(world, profile, depth + 1)),
                    None => step(world, profile, depth + 1),
                });
                world.settle();
                let ended = catch_unwind(AssertUnwindSafe(|| {
                    labelled(KEYS[key], VALUES[value], || {
                        world.within(labels, work);
                        if panics {
                            std::panic::resume_unwind(Box::new(()));
                        }
                    });
                }));
                assert_eq!(ended.is_err(), panics);
                // The panic's memory is allocated within, and freed where the panic is caught.
                let allocated = Counting::flow().allocated - world.seen.0;
                World::each(&mut world.rows, labels, |row| row.allocated += allocated);
                world.seen.0 += allocated;
                assert_eq!(world.labels, before);
                world.settle();
            }
            10 if depth < 12 => {
                let index = world.random(world.contexts.len());
                let (context, labels) = world.contexts[index].clone();
                world.within(labels, |world| context.scope(|| step(world, profile, depth + 1)));
            }
            11 => {
                let (key, value) = world.a_label();
                let labels = world.with_label(key, value);
                let index = world.random(world.contexts.len());
                world.contexts[index] = (Context::current().with_label(KEYS[key], VALUES[value]), labels);
            }
            12 => {
                let index = world.random(world.futures.len());
                let Labelled { key, value, was_polled, .. } = world.futures[index];
                let mut labels = world.labels;
                labels[key] = value + 1;
                if !was_polled {
                    labels = world.with_label(key, value);
                    world.futures[index].was_polled = true;
                }
                world.within(labels, |world| assert!(poll(world.futures[index].future.as_mut()).is_pending()));
            }
            13 if depth > 0 => return,
            14 if world.random(8) == 0 => world.check(profile),
            _ => {}
        }
    }
}

fn main() {
    let profile = Profile::with(|config| {
        config.memory_profiling.max_tracked_allocations = 20_000;
        // Readings over time would be of the profiler's work.
        config.memory_profiling.dump_on_signal = Some(Vec::new());
    });
    let mut rows = [[Figures::default(); VALUES.len()]; KEYS.len()];
    for seed in 1..60 {
        let futures = (0..6)
            .map(|number| {
                let (key, value) = (number % KEYS.len(), (seed as usize + number) % VALUES.len());
                let future = label(KEYS[key], VALUES[value]).wrap_future(async move {
                    loop {
                        flash(1_000 * (number + 1));
                        pause().await;
                    }
                });
                Labelled { future: Box::pin(future), key, value, was_polled: false }
            })
            .collect();
        let outside = (Context::current(), Labels::default());
        let mut world = World {
            random: seed * 0x9E37_79B9,
            labels: Labels::default(),
            blocks: Vec::with_capacity(2_000),
            contexts: vec![outside.clone(); 4],
            futures,
            rows,
            seen: (0, 0),
            meter: Meter::new(),
            outside: outside.0.clone(),
            left: 1_000,
        };
        world.seen = (Counting::flow().allocated, Counting::flow().freed);
        while world.left > 0 {
            step(&mut world, &profile, 0);
        }
        world.check(&profile);
        for (block, size, labels) in std::mem::take(&mut world.blocks) {
            drop(block);
            World::each(&mut world.rows, labels, |row| row.retained -= size as u64);
        }
        rows = world.rows;
    }
    println!("label_model: all passed");
}
