//! Programs whose memory grows, or does not, in ways that are easily confused: `verdicts KIND [repaired]`. Each lasts
//! about a second and allocates far more in `busy`, which keeps none of it.

use std::collections::{HashMap, VecDeque};
use std::hint::black_box;
use std::ops::Range;
use std::sync::Mutex;
use std::thread::sleep;
use std::time::Duration;

use memprof::track_memory;

/// Turns of each program, and how long one lasts at least.
const TURNS: usize = 500;
const TURN: Duration = Duration::from_millis(2);

#[track_memory]
fn busy(turn: usize) -> usize {
    (0..10).map(|part| black_box(format!("{turn} {part} {}", "x".repeat(200))).len()).sum()
}

fn turns(mut work: impl FnMut(usize)) {
    for turn in 0..TURNS {
        work(turn);
        busy(turn);
        sleep(TURN);
    }
}

/// One block, which doubles as a new one each time; repaired: it holds the last clients alone.
#[track_memory]
fn note(seen: &mut HashMap<usize, [u64; 4]>, client: usize, repaired: bool) {
    seen.insert(client, [1; 4]);
    if repaired {
        seen.remove(&client.wrapping_sub(100));
    }
}

fn table(repaired: bool) {
    let mut seen = HashMap::new();
    turns(|turn| (0..40).for_each(|part| note(&mut seen, turn * 40 + part, repaired)));
    std::mem::forget(seen);
}

#[track_memory]
fn keep() {
    std::mem::forget(black_box(vec![7_u8; 100]));
}

/// Keeps one block each call; then the program rests.
fn pause() {
    (0..TURNS).for_each(|turn| {
        keep();
        busy(turn);
        sleep(TURN);
    });
    sleep(Duration::from_millis(500));
}

/// Keeps something from late in the run on.
fn late(repaired: bool) {
    turns(|turn| match turn {
        400.. if !repaired => keep(),
        _ => drop(black_box(vec![7_u8; 100])),
    });
}

/// Made in the middle of the run.
fn middle() {
    turns(|turn| {
        if (150..300).contains(&turn) {
            keep();
        }
    });
}

/// A cache: an entry that was requested once is kept.
#[track_memory]
fn lookup(cache: &mut HashMap<usize, Vec<u8>>, key: usize) -> usize {
    cache.entry(key).or_insert_with(|| vec![7; 500]).len()
}

fn cache() {
    let mut cache = HashMap::new();
    turns(|turn| assert_eq!(lookup(&mut cache, if turn < 200 { turn } else { turn % 200 }), 500));
    std::mem::forget(cache);
}

/// Holds what came in the last 60 % of the run.
#[track_memory]
fn pass(queue: &mut VecDeque<Vec<u8>>, turn: usize) {
    queue.push_back(vec![turn as u8; 500]);
    if queue.len() > TURNS * 6 / 10 {
        queue.pop_front();
    }
}

fn queue() {
    let mut queue = VecDeque::with_capacity(TURNS);
    turns(|turn| pass(&mut queue, turn));
    std::mem::forget(queue);
}

/// Made larger once, late.
#[track_memory]
fn scratch(space: &mut Vec<u8>, bytes: usize) {
    space.clear();
    space.resize(bytes, 7);
}

fn enlarged() {
    let mut space = Vec::new();
    turns(|turn| scratch(&mut space, if turn == 350 { 1_000_000 } else { 1_000 }));
    std::mem::forget(space);
}

/// Its results are dropped by whoever called it.
#[track_memory]
fn parse(turn: usize) -> Vec<Vec<u8>> {
    (0..20).map(|part| vec![(turn + part) as u8; 500]).collect()
}

fn parser(repaired: bool) {
    turns(|turn| {
        drop(black_box(parse(turn)));
        if !repaired {
            keep();
        }
    });
}

/// Splits its work until each part is one client, on two threads, and notes each.
fn split(seen: &Mutex<HashMap<usize, String>>, clients: Range<usize>, repaired: bool) {
    let middle = clients.start.midpoint(clients.end);
    match clients.len() {
        0 => {}
        1 => note_of_many(seen, clients.start, repaired),
        _ => drop(rayon::join(
            || split(seen, clients.start..middle, repaired),
            || split(seen, middle..clients.end, repaired),
        )),
    }
}

#[track_memory]
fn note_of_many(seen: &Mutex<HashMap<usize, String>>, client: usize, repaired: bool) {
    let mut seen = seen.lock().unwrap();
    if repaired && seen.len() == 100 {
        seen.clear();
    }
    seen.insert(client, format!("client {client}"));
}

fn split_work(repaired: bool) {
    rayon::ThreadPoolBuilder::new().num_threads(2).build_global().unwrap();
    let seen = Mutex::new(HashMap::new());
    // Each turn is split otherwise.
    turns(|turn| split(&seen, turn * 20..turn * 20 + 10 + turn % 11, repaired));
    std::mem::forget(seen);
}

/// Notes a client at the end of so many calls, by one line or the other.
#[inline(never)]
fn nested(seen: &mut HashMap<usize, [u64; 4]>, client: usize, depth: u32, repaired: bool) {
    match (depth, depth & 1) {
        (0, _) => note(seen, client, repaired),
        (_, 0) => nested(seen, client, black_box(depth / 2), repaired),
        _ => nested(seen, client, black_box(depth - 1), repaired),
    }
    black_box(&seen);
}

fn recursion(repaired: bool) {
    let mut seen = HashMap::new();
    turns(|turn| {
        (0..40).for_each(|part| nested(&mut seen, turn * 40 + part, (turn * 7 + part) as u32 % 61, repaired));
    });
    std::mem::forget(seen);
}

/// An index: filled for half of the run, then asked.
#[track_memory]
fn add(index: &mut Vec<Vec<u8>>, turn: usize) {
    index.extend((0..20).map(|part| vec![(turn + part) as u8; 400]));
}

fn filled() {
    let mut index = Vec::new();
    turns(|turn| {
        if turn < TURNS / 2 {
            add(&mut index, turn);
        }
    });
    std::mem::forget(index);
}

#[track_memory]
fn keep_much() {
    std::mem::forget(black_box(vec![7_u8; 4_000]));
}

fn alone() {
    turns(|_| keep());
}

#[memprof::main]
fn main() {
    let mut arguments = std::env::args().skip(1);
    let kind = arguments.next().unwrap_or_default();
    if std::env::var_os("SECOND_THREAD").is_some() {
        std::thread::spawn(|| {
            loop {
                std::thread::park();
            }
        });
    }
    let repaired = arguments.next().is_some();
    match kind.as_str() {
        "table" => table(repaired),
        "pause" => pause(),
        "late" => late(repaired),
        "middle" => middle(),
        "cache" => cache(),
        "queue" => queue(),
        "enlarged" => enlarged(),
        "parser" => parser(repaired),
        "alone" => alone(),
        "split" => split_work(repaired),
        "recursion" => recursion(repaired),
        "filled" => filled(),
        "much" => turns(|_| keep_much()),
        other => panic!("unknown: {other}"),
    }
}
