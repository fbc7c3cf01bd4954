//! Programs whose memory grows, or does not, in ways that are easily taken for each other: `verdicts KIND [repaired]`. Each
//! lasts about a second and allocates far more in `busy`, which keeps none of it.

use std::collections::{HashMap, VecDeque};
use std::hint::black_box;
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

/// What was asked for once is there the next time.
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
        "much" => turns(|_| keep_much()),
        other => panic!("unknown: {other}"),
    }
}
