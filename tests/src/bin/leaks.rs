//! Programs that leak like published ones, and their repaired versions: `leaks KIND [repaired]`. Another function
//! allocates far more, and keeps none of it.

use std::collections::HashMap;
use std::hint::black_box;
use std::sync::{Arc, Mutex, Weak};

use memprof::track_memory;

const TURNS: usize = 2_000;

#[track_memory]
fn busy(turn: usize) -> usize {
    (0..20).map(|part| black_box(format!("{turn} {part} {}", "x".repeat(200))).len()).sum()
}

/// A point of an index that knows its neighbours, as strong references or as weak ones.
#[derive(Default)]
struct Point {
    _vector: Vec<f32>,
    strong: Mutex<Vec<Arc<Point>>>,
    weak: Mutex<Vec<Weak<Point>>>,
}

/// Adds a point and links it with the last one, in both directions.
#[track_memory]
fn insert(points: &mut Vec<Arc<Point>>, repaired: bool) {
    let point = Arc::new(Point { _vector: vec![0.5; 32], ..Point::default() });
    if let Some(last) = points.last() {
        for (one, other) in [(last, &point), (&point, last)] {
            if repaired {
                one.weak.lock().unwrap().push(Arc::downgrade(other));
            } else {
                one.strong.lock().unwrap().push(Arc::clone(other));
            }
        }
    }
    points.push(point);
}

fn cycle(repaired: bool) {
    let mut points = Vec::new();
    for turn in 0..TURNS {
        insert(&mut points, repaired);
        busy(turn);
    }
}

/// A connection leaves a task behind that waits for a shutdown which nobody announces.
#[track_memory]
async fn serve(turn: usize, shutdown: Arc<tokio::sync::Notify>, repaired: bool) {
    let state = vec![0u8; 128];
    busy(turn);
    let watcher = tokio::spawn(async move {
        shutdown.notified().await;
        drop(state);
    });
    if repaired {
        watcher.abort();
        assert!(watcher.await.is_err());
    }
}

fn tasks(repaired: bool) {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    let shutdown = Arc::new(tokio::sync::Notify::new());
    runtime.block_on(async {
        for turn in 0..TURNS {
            tokio::spawn(serve(turn, Arc::clone(&shutdown), repaired)).await.unwrap();
        }
    });
    // A server does not end; the report is made while it runs.
    std::mem::forget(runtime);
}

/// Keeps every sample, or only the last of each name.
#[track_memory]
fn record(samples: &mut HashMap<u64, Vec<f64>>, turn: usize, repaired: bool) {
    let samples = samples.entry(turn as u64 % 3).or_default();
    if repaired {
        samples.clear();
    }
    samples.extend([turn as f64; 16]);
}

fn recorder(repaired: bool) {
    let mut samples = HashMap::new();
    for turn in 0..TURNS {
        record(&mut samples, turn, repaired);
        busy(turn);
    }
    std::mem::forget(samples);
}

/// Never returns: its sessions are live until the process ends, or until they are over.
#[track_memory]
fn endless(repaired: bool) -> ! {
    let mut sessions = HashMap::new();
    for turn in 0.. {
        sessions.insert(turn, vec![0u8; 256]);
        if repaired && turn >= 20 {
            sessions.remove(&(turn - 20));
        }
        busy(turn);
        if turn == TURNS {
            memprof::exit(0);
        }
    }
    unreachable!("the process has ended");
}

/// A table that is filled once and kept.
fn fill_once() -> Vec<String> {
    (0..500).map(|entry| entry.to_string().repeat(10)).collect()
}

#[memprof::main]
fn main() {
    let mut arguments = std::env::args().skip(1);
    let kind = arguments.next().unwrap_or_default();
    let repaired = arguments.next().is_some();
    let cache = fill_once();
    match kind.as_str() {
        "cycle" => cycle(repaired),
        "tasks" => tasks(repaired),
        "recorder" => recorder(repaired),
        "endless" => endless(repaired),
        other => panic!("unknown: {other}"),
    }
    std::mem::forget(cache);
}
