//! Workloads in which threads interact.

use crate::Parameters;
use std::hint::black_box;
use std::sync::Arc;
use std::sync::mpsc::sync_channel;
use std::thread;

const BATCH: usize = 100;

/// One thread allocates, the other frees.
pub(super) fn handed_over(parameters: &Parameters) -> Box<dyn FnOnce() -> (u64, u64)> {
    let batches = parameters.times(30_000);
    Box::new(move || {
        let (give, take) = sync_channel::<Vec<Vec<u8>>>(64);
        thread::scope(|threads| {
            let taker = threads.spawn(move || take.into_iter().map(|batch| batch.len() as u64).sum());
            for _ in 0..batches {
                let batch = (0..BATCH).map(|size| Vec::with_capacity(16 + size)).collect();
                give.send(batch).expect("the other thread takes all");
            }
            // Else the other thread would wait for more.
            drop(give);
            ((batches * BATCH) as u64, taker.join().expect("it does not panic"))
        })
    })
}

/// Threads that come and go.
pub(super) fn short_threads(parameters: &Parameters) -> Box<dyn FnOnce() -> (u64, u64)> {
    let times = parameters.times(1_000);
    Box::new(move || {
        let shared = Arc::new(());
        for _ in 0..times {
            let shared = Arc::clone(&shared);
            let worker = thread::spawn(move || {
                let kept: Vec<Vec<u8>> = (0..20).map(|size| black_box(Vec::with_capacity(16 + size))).collect();
                drop((kept, shared));
            });
            worker.join().expect("it does not panic");
        }
        (times as u64, Arc::strong_count(&shared) as u64)
    })
}
