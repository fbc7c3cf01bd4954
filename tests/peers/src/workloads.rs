//! What is measured. Every workload has a fixed seed: each run of each peer does the same.

use std::hint::black_box;
use std::sync::Arc;
use std::sync::mpsc::sync_channel;
use std::thread;

/// One workload: `prepare` makes what is not measured, and gives back what is.
pub struct Workload {
    pub name: &'static str,
    pub prepare: fn(f64) -> Box<dyn FnOnce()>,
}

pub const WORKLOADS: &[Workload] = &[
    Workload { name: "pairs", prepare: |scale| Box::new(move || pairs(times(20_000_000, scale))) },
    Workload { name: "churn", prepare: |scale| Box::new(move || churn(times(4_000_000, scale), 1)) },
    Workload {
        name: "churn, 2 threads",
        prepare: |scale| {
            Box::new(move || {
                let each = times(2_000_000, scale);
                thread::scope(|threads| (1..=2).for_each(|seed| drop(threads.spawn(move || churn(each, seed)))));
            })
        },
    },
    Workload { name: "growth", prepare: |scale| Box::new(move || growth(times(2_000, scale))) },
    Workload { name: "json", prepare: json },
    Workload { name: "hnsw", prepare: hnsw },
    Workload { name: "handed over", prepare: |scale| Box::new(move || handed_over(times(1_000_000, scale))) },
    Workload { name: "1,000 threads", prepare: |scale| Box::new(move || short_threads(times(1_000, scale))) },
];

fn times(whole: usize, scale: f64) -> usize {
    ((whole as f64 * scale) as usize).max(1)
}

/// Marsaglia's xorshift64.
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0
    }
}

/// An allocation and its free, over and over.
fn pairs(times: usize) {
    for _ in 0..times {
        drop(black_box(Vec::<u8>::with_capacity(black_box(64))));
    }
}

/// Random replacement among 4,096 blocks of 16 bytes to 2 KiB.
fn churn(times: usize, seed: u64) {
    let mut random = Random(seed.wrapping_mul(0x9E37_79B9_7F4A_7C15));
    let mut slots: Vec<Vec<u8>> = (0..4096).map(|_| Vec::new()).collect();
    for _ in 0..times {
        let drawn = random.next();
        slots[drawn as usize % 4096] = black_box(Vec::with_capacity(16 + (drawn >> 32) as usize % 2033));
    }
}

/// Vectors that grow by being reallocated.
fn growth(times: usize) {
    for _ in 0..times {
        let mut vector = Vec::new();
        for number in 0..20_000u64 {
            vector.push(number);
        }
        black_box(vector);
    }
}

fn json(scale: f64) -> Box<dyn FnOnce()> {
    let mut random = Random(7);
    let rows: Vec<String> = (0..2_000)
        .map(|row| {
            let tags: Vec<String> = (0..random.next() % 6).map(|tag| format!("\"tag {tag}\"")).collect();
            let (a, b) = (random.next() % 1_000_000, random.next() % 100);
            format!("{{\"id\": {row}, \"name\": \"row {a}\", \"score\": {b}.5, \"tags\": [{}], \"none\": null}}", tags.join(", "))
        })
        .collect();
    let text = format!("[{}]", rows.join(",\n"));
    let parsed = times(60, scale);
    Box::new(move || {
        for _ in 0..parsed {
            let value: serde_json::Value = serde_json::from_str(&text).expect("it is JSON");
            black_box(value);
        }
    })
}

#[derive(Clone)]
struct Point([f32; 16]);

impl instant_distance::Point for Point {
    fn distance(&self, other: &Self) -> f32 {
        self.0.iter().zip(&other.0).map(|(a, b)| (a - b) * (a - b)).sum()
    }
}

fn hnsw(scale: f64) -> Box<dyn FnOnce()> {
    let mut random = Random(11);
    let mut coordinate = || (random.next() >> 40) as f32 / (1 << 24) as f32;
    let points: Vec<Point> = (0..times(4_000, scale)).map(|_| Point(std::array::from_fn(|_| coordinate()))).collect();
    Box::new(move || {
        let values: Vec<usize> = (0..points.len()).collect();
        let map = instant_distance::Builder::default().seed(3).build(points.clone(), values);
        let mut search = instant_distance::Search::default();
        let found: usize = points.iter().map(|point| map.search(point, &mut search).take(5).count()).sum();
        assert!(black_box(found) > 0);
    })
}

/// One thread allocates, the other frees.
fn handed_over(times: usize) {
    let (give, take) = sync_channel::<Vec<Vec<u8>>>(64);
    thread::scope(|threads| {
        threads.spawn(move || take.into_iter().for_each(drop));
        for _ in 0..times / 100 {
            let batch = (0..100).map(|size| Vec::with_capacity(16 + size)).collect();
            give.send(batch).expect("the other thread takes all");
        }
    });
}

/// Threads that come and go.
fn short_threads(times: usize) {
    let shared = Arc::new(());
    for _ in 0..times {
        let shared = Arc::clone(&shared);
        let worker = thread::spawn(move || {
            let kept: Vec<Vec<u8>> = (0..20).map(|size| black_box(Vec::with_capacity(16 + size))).collect();
            drop((kept, shared));
        });
        worker.join().expect("it does not panic");
    }
}
