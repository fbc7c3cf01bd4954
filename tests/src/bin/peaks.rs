//! Programs with a peak: `peaks KIND`. Each holds `base` and at its peak `spike`, and frees the spike.

use std::hint::black_box;
use std::sync::Barrier;
use std::thread;
use std::time::Duration;

use memprof::track_memory;

const KB: usize = 1024;
const MB: usize = KB * KB;

/// 4 MB in 400 blocks.
#[track_memory]
fn base() -> Vec<Vec<u8>> {
    (0..400).map(|_| black_box(vec![1; 10 * KB])).collect()
}

/// Blocks of one size.
#[track_memory]
fn spike(blocks: usize, bytes: usize) -> Vec<Vec<u8>> {
    (0..blocks).map(|_| black_box(vec![2; bytes])).collect()
}

/// One vector that grows by reallocation, to 16 MB.
#[track_memory]
fn grow() -> Vec<u64> {
    let mut all = Vec::new();
    (0..2 * MB as u64).for_each(|number| all.push(number));
    black_box(all)
}

/// Frees while it is in flight.
#[track_memory]
fn release(spike: Vec<Vec<u8>>) {
    drop(spike);
}

#[track_memory]
async fn waits(blocks: usize) -> usize {
    let held = spike(blocks, 50 * KB);
    tokio::time::sleep(Duration::from_millis(20)).await;
    held.len()
}

#[track_memory]
fn steps(turns: usize) {
    // Each is a little higher than the one before.
    (0..turns).for_each(|turn| drop(spike(40 + turn, 100 * KB)));
}

/// Four threads whose blocks live at the same time and are freed one after the other.
fn threads() {
    let barrier = Barrier::new(4);
    thread::scope(|scope| {
        let work = || {
            let held = spike(50, 100 * KB);
            barrier.wait();
            held
        };
        let workers: Vec<_> = (0..4).map(|_| scope.spawn(work)).collect();
        let held: Vec<_> = workers.into_iter().map(|worker| worker.join().unwrap()).collect();
        held.into_iter().for_each(release);
    });
}

#[cfg(unix)]
fn fork() {
    release(spike(100, 100 * KB));
    // SAFETY: the child runs on with this thread alone, and takes no lock that another thread may have held.
    if unsafe { libc::fork() } == 0 {
        release(spike(200, 100 * KB));
        return;
    }
    // SAFETY: the call has no conditions.
    unsafe { libc::wait(std::ptr::null_mut()) };
}

#[cfg(not(unix))]
fn fork() {}

fn run(kind: &str) {
    let base = base();
    match kind {
        "blocks" => release(spike(200, 100 * KB)),
        "large" => release(spike(1, 20 * MB)),
        "small" => release(spike(100 * KB, 100)),
        "grown" => drop(grow()),
        "shrunk" => {
            let mut all = grow();
            all.truncate(10);
            all.shrink_to_fit();
            black_box(all);
        }
        "steps" => steps(100),
        "end" => std::mem::forget(black_box(spike(200, 100 * KB))),
        "threads" => threads(),
        "futures" => {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
            runtime.block_on(async {
                let tasks: Vec<_> = (0..10).map(|_| tokio::task::spawn(waits(20))).collect();
                for task in tasks {
                    black_box(task.await.unwrap());
                }
            });
        }
        "fork" => fork(),
        other => panic!("{other}?"),
    }
    drop(black_box(base));
}

#[memprof::main]
fn main() {
    let kind = std::env::args().nth(1).unwrap();
    run(&kind);
}
