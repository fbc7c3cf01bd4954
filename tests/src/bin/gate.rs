//! Fixed work on several threads. The arguments: thousandths that `search` allocates more, and milliseconds that it
//! waits.

use std::collections::HashMap;
use std::hint::black_box;
use std::thread;
use std::time::Duration;

use memprof::track_memory;

const THREADS: usize = 4;
const SEARCHES: usize = 1000;

#[track_memory]
fn build() -> HashMap<String, Vec<f32>> {
    (0..2000).map(|row| (format!("row {row}"), vec![0.5; 64])).collect()
}

#[track_memory]
fn search(rows: &HashMap<String, Vec<f32>>, query: usize, more: usize) -> f32 {
    let scores: Vec<u8> = black_box(vec![1; 10_000 + 10 * more]);
    let row = rows.get(&format!("row {query}")).map_or(0.0, |row| row.iter().sum());
    row + f32::from(scores[query])
}

#[memprof::main]
fn main() {
    let mut arguments = std::env::args().skip(1).map(|argument| argument.parse().unwrap());
    let (more, wait) = (arguments.next().unwrap_or(0), arguments.next().unwrap_or(0));
    let rows = &build();
    let sum: f32 = thread::scope(|scope| {
        let work = move || {
            for query in 0..SEARCHES {
                black_box(search(rows, query, more));
            }
            thread::sleep(Duration::from_millis(wait as u64));
            search(rows, 7, more)
        };
        let threads: Vec<_> = (0..THREADS).map(|_| scope.spawn(work)).collect();
        threads.into_iter().map(|thread| thread.join().unwrap()).sum()
    });
    println!("{sum}");
}
