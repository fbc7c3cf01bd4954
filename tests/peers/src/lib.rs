//! The workloads that every peer runs, and how one run is measured: `PEER WORKLOAD SCALE` prints the nanoseconds it took.

pub mod modes;
mod workloads;

pub use workloads::{WORKLOADS, Workload};

use std::time::Instant;

/// What a peer adds to the workloads: a profiled function of its own.
#[derive(Clone, Copy)]
pub struct Calls {
    /// An empty function.
    pub empty: fn(u64) -> u64,
    /// One that allocates 64 bytes and frees them.
    pub allocating: fn(u64) -> u64,
}

/// Runs the workload that the arguments name, and prints how long it took.
pub fn run(calls: Option<Calls>) {
    let mut arguments = std::env::args().skip(1);
    let (Some(name), Some(scale)) = (arguments.next(), arguments.next()) else {
        panic!("usage: PEER WORKLOAD SCALE");
    };
    let scale: f64 = scale.parse().expect("SCALE is a number");
    let took = match (name.as_str(), calls) {
        ("call", Some(calls)) => called(calls.empty, scale),
        ("call, allocating", Some(calls)) => called(calls.allocating, scale),
        (name, _) => {
            let workload = WORKLOADS.iter().find(|workload| workload.name == name).expect("a workload");
            let prepared = (workload.prepare)(scale);
            let started = Instant::now();
            prepared();
            started.elapsed()
        }
    };
    println!("{}", took.as_nanos());
}

fn called(function: fn(u64) -> u64, scale: f64) -> std::time::Duration {
    let times = (5_000_000.0 * scale) as u64;
    let started = Instant::now();
    let sum: u64 = (0..times).map(function).sum();
    assert!(std::hint::black_box(sum) > 0);
    started.elapsed()
}

/// The main of a memprof peer.
#[macro_export]
macro_rules! memprof_main {
    ($mode:ident) => {
        #[memprof::track_memory]
        #[inline(never)]
        fn empty(number: u64) -> u64 {
            std::hint::black_box(number)
        }

        #[memprof::track_memory]
        #[inline(never)]
        fn allocating(number: u64) -> u64 {
            drop(std::hint::black_box(Vec::<u8>::with_capacity(64)));
            number
        }

        fn main() {
            let profiler = memprof::Profiler::start($crate::modes::$mode()).expect("no other profile is running");
            $crate::run(Some($crate::Calls { empty, allocating }));
            std::mem::forget(profiler);
        }
    };
}
