//! Blocks that come and go, and blocks that grow.

use super::random::Random;
use crate::Parameters;
use std::hint::black_box;
use std::thread;

/// An allocation of 64 bytes and its free, over and over.
pub(super) fn pairs(parameters: &Parameters) -> Box<dyn FnOnce() -> (u64, u64)> {
    let times = parameters.times(10_000_000);
    Box::new(move || {
        for _ in 0..times {
            drop(black_box(Vec::<u8>::with_capacity(black_box(64))));
        }
        (times as u64, 0)
    })
}

/// Random replacement of blocks, on so many threads, each with its own.
pub(super) fn churn(parameters: &Parameters, threads: u64) -> Box<dyn FnOnce() -> (u64, u64)> {
    let parameters = parameters.clone();
    let each = parameters.times(2_000_000) / threads as usize;
    Box::new(move || {
        let one = |thread| churn_of_one(each, thread, &parameters);
        let checksum = if threads == 1 {
            one(0)
        } else {
            thread::scope(|scope| {
                let workers: Vec<_> = (0..threads).map(|thread| scope.spawn(move || one(thread))).collect();
                workers.into_iter().map(|worker| worker.join().expect("it does not panic")).fold(0, u64::wrapping_add)
            })
        };
        (each as u64 * threads, checksum)
    })
}

fn churn_of_one(times: usize, thread: u64, parameters: &Parameters) -> u64 {
    let mut random = Random::new(parameters.seed.wrapping_add(thread));
    let mut slots: Vec<Vec<u8>> = (0..parameters.slots).map(|_| Vec::new()).collect();
    let different = parameters.most - parameters.least + 1;
    let mut checksum = 0_u64;
    for _ in 0..times {
        let drawn = random.next();
        let size = parameters.least + (drawn >> 32) as usize % different;
        slots[drawn as u32 as usize % parameters.slots] = black_box(Vec::with_capacity(size));
        checksum = checksum.wrapping_add(size as u64);
    }
    checksum
}

/// Vectors that grow by being reallocated, to 160 KB each.
pub(super) fn growth(parameters: &Parameters) -> Box<dyn FnOnce() -> (u64, u64)> {
    let times = parameters.times(8_000);
    Box::new(move || {
        let mut checksum = 0_u64;
        for _ in 0..times {
            let mut vector = Vec::new();
            for number in 0..20_000_u64 {
                vector.push(number);
            }
            checksum += black_box(vector).len() as u64;
        }
        (times as u64, checksum)
    })
}
