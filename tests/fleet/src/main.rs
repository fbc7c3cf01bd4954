//! A search service: each request builds a list of candidates, ranks them, and replaces one entry of a cache.
//! `GET /quit` ends it.

use axum::extract::{Query, State};
use axum::{Router, routing::get};
use memprof::track_memory;
use std::sync::{Arc, Mutex};
use tokio::sync::Notify;

/// Allocations of `candidates` in a request.
const CANDIDATES: usize = 60;
const CACHED: usize = 10_000;

struct Service {
    cache: Mutex<Vec<Vec<u8>>>,
    quit: Notify,
}

#[derive(Clone, Copy)]
struct Wanted(usize);

#[track_memory]
async fn search(service: &Service, wanted: Wanted) -> String {
    let mut found = candidates(wanted);
    tokio::task::yield_now().await;
    rank(&mut found);
    remember(service, wanted);
    found.first().map_or_else(String::new, |best| best.len().to_string())
}

/// 61 blocks: the list, and one for each candidate.
#[track_memory]
fn candidates(wanted: Wanted) -> Vec<Vec<u8>> {
    let mut found = Vec::with_capacity(CANDIDATES);
    for number in 0..CANDIDATES {
        found.push(vec![(wanted.0 % 255) as u8 + 1; 64 + 16 * number]);
    }
    found
}

#[track_memory]
fn rank(found: &mut [Vec<u8>]) {
    found.sort_by_key(|candidate| std::cmp::Reverse(candidate.iter().map(|byte| u64::from(*byte)).sum::<u64>()));
}

#[track_memory]
fn remember(service: &Service, wanted: Wanted) {
    let entry = vec![1; 100 + wanted.0 % 400];
    let mut cache = service.cache.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
    let place = wanted.0 % CACHED;
    if place < cache.len() {
        cache[place] = entry;
    } else {
        cache.push(entry);
    }
}

async fn answer(State(service): State<Arc<Service>>, Query(parameters): Query<Vec<(String, usize)>>) -> String {
    search(&service, Wanted(parameters.first().map_or(0, |parameter| parameter.1))).await
}

#[memprof::main]
#[tokio::main(worker_threads = 2)]
async fn main() -> std::io::Result<()> {
    let service = Arc::new(Service { cache: Mutex::default(), quit: Notify::new() });
    let routes = Router::new()
        .route("/search", get(answer))
        .route("/quit", get(async |State(service): State<Arc<Service>>| service.quit.notify_one()))
        .with_state(Arc::clone(&service));
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await?;
    println!("http://{}/", listener.local_addr()?);
    axum::serve(listener, routes).with_graceful_shutdown(async move { service.quit.notified().await }).await
}
