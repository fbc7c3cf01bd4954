//! A program that does the same in each run.

use memprof::track_memory;

const ORDERS: usize = 2000;
const LINES: usize = 100;

#[track_memory]
fn read_orders() -> Vec<Vec<u64>> {
    (0..ORDERS as u64).map(|order| vec![order; LINES]).collect()
}

#[track_memory]
fn total(orders: &[Vec<u64>]) -> u64 {
    let totals: Vec<u64> = orders.iter().map(|order| order.iter().sum()).collect();
    totals.iter().sum()
}

#[memprof::main]
fn main() {
    println!("{}", total(&read_orders()));
}
