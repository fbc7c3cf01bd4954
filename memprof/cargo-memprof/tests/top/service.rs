//! A service that forgets to remove its sessions, until its folder has a file `stop`, or for two minutes.

use std::path::Path;
use std::thread::sleep;
use std::time::Duration;

use memprof::track_memory;

#[track_memory]
fn load_index() -> Vec<Vec<u8>> {
    (0..64).map(|n| vec![n; 65_536]).collect()
}

#[track_memory]
fn open_session(sessions: &mut Vec<Vec<u8>>) {
    sessions.push(vec![1; 10_000]);
}

#[track_memory]
fn answer(request: usize) -> usize {
    let scores: Vec<u8> = vec![2; 100_000];
    std::hint::black_box(&scores).len() ^ rank(request)
}

#[track_memory]
fn rank(request: usize) -> usize {
    let ranks: Vec<usize> = (0..1_000).map(|n| n ^ request).collect();
    std::hint::black_box(&ranks).len()
}

/// A name that commands a terminal, turns text around, and has wide letters.
#[track_memory(name = "größe 数据\u{1b}[2J\u{202e}\nline")]
fn odd() -> usize {
    std::hint::black_box(vec![3_u8; 100]).len()
}

#[memprof::main]
fn main() {
    let index = load_index();
    let mut sessions = Vec::with_capacity(100_000);
    let mut sum = odd();
    let stop = Path::new("stop");
    // A hundred requests a second.
    for request in 0..12_000 {
        if stop.exists() {
            break;
        }
        open_session(&mut sessions);
        sum ^= answer(request);
        sleep(Duration::from_millis(10));
    }
    std::hint::black_box((index, sessions, sum));
}
