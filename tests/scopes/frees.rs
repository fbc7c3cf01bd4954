//! Blocks that are freed on another thread, or in another function, than they were made.

use memprof::track_memory;
use memprof_tests::{Block, Flow, Profile, assert_stats_agree, function, own, total};
use std::sync::mpsc::sync_channel;
use std::thread;

#[track_memory]
fn makes(size: usize) -> Block {
    Block::new(size)
}

#[track_memory]
fn takes(block: Block) {
    drop(block);
}

#[test]
fn net_is_signed_and_retained_credits_the_maker() {
    let profile = Profile::start();
    let block = makes(70_000);
    let report = profile.report();
    let maker = function(&report, "scopes::frees::makes");
    assert_eq!((maker.net_bytes, maker.self_net_bytes, maker.retained_bytes), (70_000, 70_000, Some(70_000)));
    assert_eq!(maker.retained_error_bytes, Some(0));

    thread::spawn(move || takes(block)).join().unwrap();
    let report = profile.report();
    let (maker, taker) = (function(&report, "scopes::frees::makes"), function(&report, "scopes::frees::takes"));
    assert_eq!((own(maker), maker.net_bytes, maker.retained_bytes), (Flow::new((70_000, 1), (0, 0)), 70_000, Some(0)));
    assert_eq!((own(taker), taker.net_bytes, taker.retained_bytes), (Flow::new((0, 0), (70_000, 1)), -70_000, Some(0)));
    assert_stats_agree();
}

#[track_memory]
fn first_owner() -> Block {
    Block::new(100)
}

#[track_memory]
fn second_owner(mut block: Block) -> Block {
    assert!(block.resize(5000));
    block
}

#[test]
fn whoever_reallocates_owns_the_block() {
    let profile = Profile::start();
    let block = first_owner();
    let block = thread::spawn(move || second_owner(block)).join().unwrap();
    let report = profile.report();
    let (first, second) =
        (function(&report, "scopes::frees::first_owner"), function(&report, "scopes::frees::second_owner"));
    assert_eq!((own(first), first.retained_bytes), (Flow::new((100, 1), (0, 0)), Some(0)));
    assert_eq!((own(second), second.retained_bytes), (Flow::new((5000, 1), (100, 1)), Some(5000)));
    drop(block);
    assert_eq!(function(&profile.report(), "scopes::frees::second_owner").retained_bytes, Some(0));
}

#[track_memory]
fn produce(number: usize) -> Block {
    Block::new(number % 1000 + 1)
}

#[track_memory]
fn consume(block: Block) {
    drop(block);
}

#[track_memory]
fn keep(blocks: &mut Vec<Block>, block: Block) {
    // There is room: nothing is allocated.
    assert!(blocks.len() < blocks.capacity());
    blocks.push(block);
}

#[test]
fn a_channel_between_two_producers_and_two_consumers() {
    const EACH: usize = 10_000;
    let profile = Profile::start();
    let (kept, kept_bytes) = thread::scope(|scope| {
        let mut consumers = Vec::new();
        for _ in 0..2 {
            let (sender, receiver) = sync_channel::<Block>(64);
            scope.spawn(move || {
                for number in 0..EACH {
                    sender.send(produce(number)).unwrap();
                }
            });
            consumers.push(scope.spawn(move || {
                let mut kept = Vec::with_capacity(EACH);
                let mut bytes = 0;
                for (number, block) in receiver.iter().enumerate() {
                    if number % 10 == 0 {
                        bytes += block.bytes().len() as u64;
                        keep(&mut kept, block);
                    } else {
                        consume(block);
                    }
                }
                (kept, bytes)
            }));
        }
        let results: Vec<_> = consumers.into_iter().map(|consumer| consumer.join().unwrap()).collect();
        let bytes: u64 = results.iter().map(|(_, bytes)| bytes).sum();
        (results.into_iter().flat_map(|(kept, _)| kept).collect::<Vec<_>>(), bytes)
    });
    let report = profile.report();
    let (producer, consumer) =
        (function(&report, "scopes::frees::produce"), function(&report, "scopes::frees::consume"));
    let made: u64 = 2 * (0..EACH as u64).map(|number| number % 1000 + 1).sum::<u64>();
    let blocks = 2 * EACH as u64;
    assert_eq!(own(producer), Flow::new((made, blocks), (0, 0)));
    assert_eq!(producer.retained_bytes, Some(kept_bytes));
    assert_eq!(own(consumer), Flow::new((0, 0), (made - kept_bytes, blocks - blocks / 10)));
    assert_eq!(total(function(&report, "scopes::frees::keep")), Flow::default());
    assert_eq!(producer.net_bytes + consumer.net_bytes, kept_bytes as i64);
    drop(kept);
    assert_eq!(function(&profile.report(), "scopes::frees::produce").retained_bytes, Some(0));
    assert_stats_agree();
}
