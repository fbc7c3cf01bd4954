//! Work of the programs that use tokio: tasks that end, and one that is still running when main returns.

use std::hint::black_box;

use memprof::track_memory;

pub(crate) const HELD: usize = 1 << 20;

#[track_memory]
async fn request(bytes: usize) {
    let body = black_box(vec![1u8; bytes]);
    tokio::task::yield_now().await;
    drop(body);
}

#[track_memory]
async fn endless(started: tokio::sync::oneshot::Sender<()>) {
    let _held = black_box(vec![1u8; HELD]);
    let _ = started.send(());
    std::future::pending::<()>().await;
}

/// Runs 100 requests, starts the endless task, and leaves a report of now in `middle.json`.
pub(crate) async fn all() {
    let requests: Vec<_> = (0..100).map(|_| tokio::spawn(request(1000))).collect();
    for request in requests {
        request.await.unwrap();
    }
    let (started, has_started) = tokio::sync::oneshot::channel();
    drop(tokio::spawn(endless(started)));
    has_started.await.unwrap();
    let written = memprof::write_report().unwrap();
    std::fs::copy(written.allocation_report, "middle.json").unwrap();
}
