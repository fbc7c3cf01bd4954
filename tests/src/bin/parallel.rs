//! Work given to rayon, whose threads never end.

use std::hint::black_box;

use memprof::track_memory;
use rayon::prelude::*;

#[track_memory]
fn item(number: usize) -> usize {
    black_box(vec![1u8; 100 + number % 2]).len()
}

#[track_memory]
fn all() -> usize {
    (0..10_000usize).into_par_iter().map(item).sum()
}

#[memprof::main]
fn main() {
    println!("{}", all());
}
