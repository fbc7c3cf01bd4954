//! A service with a cache of sessions. From version 1.1.0 on it forgets to remove the oldest ones.

use memprof::track_memory;

const MOST_SESSIONS: usize = 16;

#[track_memory]
fn load_index() -> Vec<Vec<u8>> {
    (0..16).map(|n| vec![n; 4096]).collect()
}

#[track_memory]
fn open_session(sessions: &mut Vec<Vec<u8>>, request: usize) {
    if env!("CARGO_PKG_VERSION") == "1.0.0" && sessions.len() == MOST_SESSIONS {
        sessions.remove(0);
    }
    sessions.push(vec![0; 1024 + request % 512]);
}

#[track_memory]
fn answer(request: usize) -> usize {
    let scores: Vec<usize> = (0..256).map(|n| n ^ request).collect();
    std::hint::black_box(&scores).iter().sum()
}

#[memprof::main]
fn main() {
    let requests: usize = std::env::args().nth(1).and_then(|number| number.parse().ok()).unwrap_or(100);
    let index = load_index();
    let mut sessions = Vec::new();
    let mut sum = 0;
    for request in 0..requests {
        open_session(&mut sessions, request);
        let route = if request % 3 == 0 { "search" } else { "suggest" };
        sum += memprof::labelled("route", route, || answer(request));
    }
    println!("{sum}");
    // As a service that is stopped.
    std::mem::forget((index, sessions));
}
