//! Calls of functions that a peer profiles. The functions are the peer's own, made by [`functions!`](crate::functions)
//! with its attribute; they are called in the same way for all.

mod functions;

use crate::Parameters;
use std::pin::pin;
use std::task::{Context, Waker};
use std::thread;

/// The functions of a peer.
#[derive(Clone)]
pub struct Calls {
    /// Does nothing.
    pub empty: fn(u64) -> u64,
    /// Allocates 64 bytes and frees them.
    pub allocating: fn(u64) -> u64,
    /// An `async fn` that does nothing, called and polled to its end.
    pub async_empty: fn(u64) -> u64,
    /// An `async fn` that allocates 64 bytes and frees them.
    pub async_allocating: fn(u64) -> u64,
    /// One `async fn` that is polled so many times.
    pub polls: fn(u64) -> u64,
    /// 1,000 functions, each of which calls the next of the list it is given.
    pub many: Vec<Link>,
}

/// One of many functions: what it does, and which it calls, one beneath the other.
#[derive(Clone, Copy, Debug)]
pub struct Link(pub fn(u64, &[Link]) -> u64);

impl Link {
    /// The number for which each of the functions allocates 64 bytes and frees them.
    pub const ALLOCATES: u64 = 2;

    /// Calls the first of the links, which calls the next.
    #[inline(always)]
    pub fn call(number: u64, links: &[Link]) -> u64 {
        match links.split_first() {
            Some((first, rest)) => (first.0)(number, rest),
            None => number,
        }
    }
}

/// One way of calling.
pub struct Call {
    pub name: &'static str,
    /// See [`Workload::long`](crate::Workload::long).
    pub long: f64,
    /// Gives the number of calls, and a checksum.
    pub run: fn(&Calls, &Parameters) -> (u64, u64),
}

/// All of them. An event is a call; for `poll` it is a poll.
pub const CALLS: &[Call] = &[
    Call { name: "call", long: 1.0, run: |calls, parameters| again(calls.empty, parameters) },
    Call { name: "call, allocating", long: 10.0, run: |calls, parameters| again(calls.allocating, parameters) },
    Call { name: "async call", long: 1.0, run: |calls, parameters| again(calls.async_empty, parameters) },
    Call {
        name: "async call, allocating",
        long: 10.0,
        run: |calls, parameters| again(calls.async_allocating, parameters),
    },
    Call {
        name: "poll",
        long: 1.0,
        run: |calls, parameters| {
            let times = parameters.times(TIMES) as u64;
            (times, (calls.polls)(times))
        },
    },
    Call { name: "call, 2 threads", long: 1.0, run: on_two_threads },
    Call {
        name: "1,000 functions",
        long: 1.0,
        run: |calls, parameters| in_turn(parameters, &calls.many.chunks(1).collect::<Vec<_>>()),
    },
    Call { name: "100 deep", long: 1.0, run: |calls, parameters| in_turn(parameters, &[&calls.many[..100]]) },
];

/// Calls at a scale of 1.
const TIMES: usize = 5_000_000;

fn again(function: fn(u64) -> u64, parameters: &Parameters) -> (u64, u64) {
    let times = parameters.times(TIMES) as u64;
    (times, (0..times).map(function).fold(0, u64::wrapping_add))
}

/// Both threads call the same function.
fn on_two_threads(calls: &Calls, parameters: &Parameters) -> (u64, u64) {
    let sums = thread::scope(|scope| {
        let workers: Vec<_> = (0..2).map(|_| scope.spawn(|| again(calls.empty, parameters))).collect();
        workers.into_iter().map(|worker| worker.join().expect("it does not panic")).collect::<Vec<_>>()
    });
    sums.into_iter().fold((0, 0), |sum, one| (sum.0 + one.0, sum.1.wrapping_add(one.1)))
}

/// One chain of functions after the other.
fn in_turn(parameters: &Parameters, chains: &[&[Link]]) -> (u64, u64) {
    let in_round: usize = chains.iter().map(|chain| chain.len()).sum();
    let rounds = (parameters.times(TIMES) / in_round).max(1);
    let mut checksum = 0_u64;
    for _ in 0..rounds {
        for chain in chains {
            checksum = checksum.wrapping_add(Link::call(1, chain));
        }
    }
    ((rounds * in_round) as u64, checksum)
}

/// Polls a future until it is ready, which is known to be soon.
pub fn finish<F: Future>(future: F) -> F::Output {
    let mut future = pin!(future);
    let mut context = Context::from_waker(Waker::noop());
    loop {
        if let std::task::Poll::Ready(output) = future.as_mut().poll(&mut context) {
            return output;
        }
    }
}

/// Is ready at the `times`-th poll.
pub async fn ready_after(times: u64) -> u64 {
    let mut left = times;
    std::future::poll_fn(|_| {
        left = left.saturating_sub(1);
        if left == 0 { std::task::Poll::Ready(times) } else { std::task::Poll::Pending }
    })
    .await
}
