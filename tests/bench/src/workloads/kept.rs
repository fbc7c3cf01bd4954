//! Blocks that are kept, made on many different stacks: what a report is about.

use super::random::Random;
use crate::Parameters;
use std::hint::black_box;

const DEPTH: u32 = 5;

/// 10,000 blocks, on 243 stacks.
pub(crate) fn kept_blocks(parameters: &Parameters) -> Vec<Vec<u8>> {
    let mut random = Random::new(parameters.seed);
    let different = parameters.most - parameters.least + 1;
    let mut kept = Vec::new();
    for _ in 0..parameters.times(10_000) {
        let drawn = random.next();
        kept.push(branch(DEPTH, drawn as u32, parameters.least + (drawn >> 32) as usize % different));
    }
    kept
}

/// Three ways on at each step, each from a line of its own.
#[inline(never)]
fn branch(depth: u32, path: u32, size: usize) -> Vec<u8> {
    if depth == 0 {
        return black_box(Vec::with_capacity(size));
    }
    // A number for each: alike, the three would be one for the compiler.
    let deeper = match path % 3 {
        0 => branch(depth - 1, path / 3, size + black_box(0)),
        1 => branch(depth - 1, path / 3, size + black_box(1) - 1),
        _ => branch(depth - 1, path / 3, size + black_box(2) - 2),
    };
    // Else the compiler makes jumps of the calls, and all are one.
    black_box(deeper)
}
