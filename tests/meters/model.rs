//! Random programs of one thread with meters, compared with a counting allocator after every step.
//!
//! A plain main: the counting allocator counts the whole process.
#![allow(missing_docs)]

use memprof::{AllocationTracker, Context, Meter, track_memory};
use memprof_tests::{Block, Counting};

#[global_allocator]
static ALLOC: AllocationTracker<Counting> = AllocationTracker::new(Counting);

/// A meter and its truth.
struct Metered {
    meter: Meter,
    context: Option<Context>,
    allocated: u64,
    net: i64,
    peak: i64,
    /// How often this thread has entered and not yet left it, also beneath a context of other work.
    entered: usize,
    /// A context has entered the meter, or it was entered in another context while the thread was in it.
    is_rough: bool,
}

struct World {
    random: u64,
    metered: Vec<Metered>,
    /// The meters that count now.
    inside: Vec<usize>,
    blocks: Vec<Block>,
    seen: (u64, u64),
    left: u32,
}

impl World {
    fn random(&mut self, upto: usize) -> usize {
        self.random ^= self.random << 13;
        self.random ^= self.random >> 7;
        self.random ^= self.random << 17;
        (self.random >> 11) as usize % upto
    }

    /// Adds what the counting allocator has seen to the meters that count now.
    fn settle(&mut self) {
        let now = (Counting::flow().allocated, Counting::flow().freed);
        let (allocated, freed) = (now.0 - self.seen.0, now.1 - self.seen.1);
        for &number in &self.inside {
            let metered = &mut self.metered[number];
            metered.allocated += allocated;
            metered.net += allocated as i64 - freed as i64;
            metered.peak = metered.peak.max(metered.net);
        }
        self.seen = now;
    }

    fn check(&mut self) {
        self.settle();
        for (number, metered) in self.metered.iter().enumerate() {
            let (allocated, net) = (metered.meter.allocated(), metered.meter.net());
            assert_eq!((allocated, net), (metered.allocated, metered.net), "meter {number}");
            // A peak is exact when the thread has left.
            let missing = metered.peak - metered.meter.peak() as i64;
            let is_exact = !metered.is_rough && metered.entered == 0;
            assert!((0..=if is_exact { 0 } else { 64 * 1024 }).contains(&missing), "meter {number}: {missing}");
        }
    }

    fn within(&mut self, inside: Vec<usize>, enter: impl FnOnce(&mut Self)) {
        self.settle();
        let before = std::mem::replace(&mut self.inside, inside);
        enter(self);
        self.settle();
        self.inside = before;
    }
}

#[track_memory]
fn step(world: &mut World, depth: usize) {
    while world.left > 0 {
        world.left -= 1;
        match world.random(12) {
            0..4 => {
                let size = 1 << world.random(18);
                let size = size + world.random(size);
                world.blocks.push(Block::new(size));
                world.settle();
            }
            4..7 if !world.blocks.is_empty() => {
                let index = world.random(world.blocks.len());
                drop(world.blocks.swap_remove(index));
                world.settle();
            }
            7 if !world.blocks.is_empty() => {
                let index = world.random(world.blocks.len());
                let size = 1 + world.random(100_000);
                // One step for the allocator's peak: the new size less the old one.
                assert!(world.blocks[index].resize(size));
                world.settle();
            }
            8 if depth < 12 => {
                let number = world.random(world.metered.len());
                let meter = world.metered[number].meter.clone();
                let mut inside = world.inside.clone();
                if !inside.contains(&number) {
                    world.metered[number].is_rough |= world.metered[number].entered > 0;
                    inside.push(number);
                }
                world.metered[number].entered += 1;
                world.within(inside, |world| meter.run(|| step(world, depth + 1)));
                world.metered[number].entered -= 1;
            }
            9 if depth < 12 => {
                let number = world.random(world.metered.len());
                let Some(context) = world.metered[number].context.clone() else { continue };
                world.within(vec![number], |world| context.scope(|| step(world, depth + 1)));
            }
            10 if depth > 0 => return,
            11 => world.check(),
            _ => {}
        }
    }
}

fn main() {
    for seed in 1..200 {
        let metered = (0..6)
            .map(|number| {
                let meter = Meter::new();
                let context = (number < 2).then(|| meter.run(Context::current));
                Metered { meter, context, allocated: 0, net: 0, peak: 0, entered: 0, is_rough: number < 2 }
            })
            .collect();
        let mut world = World {
            random: seed * 0x9E37_79B9,
            metered,
            inside: Vec::with_capacity(16),
            blocks: Vec::with_capacity(2_000),
            seen: (Counting::flow().allocated, Counting::flow().freed),
            left: 1_000,
        };
        while world.left > 0 {
            step(&mut world, 0);
        }
        world.check();
    }
    println!("meter_model: all passed");
}
