//! The definition of a peer, and its run of a workload.

use crate::{CALLS, Calls, Outcome, Parameters, REPORT, Started, WORKLOADS, memory};
use lexopt::{Arg, ValueExt as _};
use std::path::Path;

/// A peer's additions to the workloads.
#[derive(Default)]
pub struct Peer {
    /// Its profiled functions, where it has such.
    pub calls: Option<Calls>,
    /// Writes its report to the file that the path names, where it has one.
    pub report: Option<Box<dyn FnOnce(&Path)>>,
    /// How many bytes it has seen being allocated, if it can tell: it is asked after the run whether it saw anything.
    pub counted: Option<Box<dyn Fn() -> u64>>,
}

/// Runs the workload that the arguments name, and prints the [`Outcome`].
pub fn run(peer: Peer) {
    let (workload, parameters) = arguments().unwrap_or_else(|error| panic!("{error}; see src/peer.rs"));
    let counted = peer.counted;
    let outcome = if workload == REPORT {
        report(peer.report.expect("this peer has no report"), &parameters)
    } else if let Some(found) = CALLS.iter().find(|call| call.name == workload) {
        let calls = peer.calls.expect("this peer has no notion of a function");
        measure(Box::new({
            let parameters = parameters.clone();
            move || (found.run)(&calls, &parameters)
        }))
    } else {
        let workload = WORKLOADS.iter().find(|known| known.name == workload).expect("a workload");
        measure((workload.prepare)(&parameters))
    };
    // After its report a peer may not be there to be asked.
    if workload != REPORT {
        assert!(counted.is_none_or(|counted| counted() > 0), "the peer has counted nothing: it is not switched on");
    }
    println!("{outcome}");
}

fn arguments() -> Result<(String, Parameters), lexopt::Error> {
    let mut parser = lexopt::Parser::from_env();
    let mut parameters = Parameters::default();
    let mut workload = None;
    while let Some(argument) = parser.next()? {
        let Arg::Long(name) = argument else { return Err(argument.unexpected()) };
        let name = name.to_owned();
        match name.as_str() {
            "workload" => workload = Some(parser.value()?.string()?),
            // Read by the peer itself, before.
            "mode" => drop(parser.value()?),
            _ if parameters.take(&name, &mut parser)? => {}
            _ => return Err(format!("--{name} is no option").into()),
        }
    }
    Ok((workload.ok_or("--workload NAME is missing")?, parameters))
}

/// The mode that the arguments name, for peers that have several.
pub fn mode() -> String {
    let mut arguments = std::env::args().skip_while(|argument| argument != "--mode").skip(1);
    arguments.next().unwrap_or_else(|| "default".to_owned())
}

fn measure(workload: Box<dyn FnOnce() -> (u64, u64)>) -> Outcome {
    let started = Started::now();
    let (events, checksum) = workload();
    let (nanoseconds, processor_nanoseconds) = started.elapsed();
    Outcome { nanoseconds, processor_nanoseconds, events, checksum, extra_bytes: 0 }
}

fn report(write: Box<dyn FnOnce(&Path)>, parameters: &Parameters) -> Outcome {
    let kept = crate::workloads::kept_blocks(parameters);
    // Each run of a peer has its own: two runners may be at work.
    let path = std::env::temp_dir().join(format!("memprof-peers-{}.report", std::process::id()));
    memory::forget_peak();
    let before = memory::resident();
    let started = Started::now();
    write(&path);
    let (nanoseconds, processor_nanoseconds) = started.elapsed();
    let extra_bytes = memory::peak().saturating_sub(before);
    let _ = std::fs::remove_file(&path);
    let checksum = kept.iter().map(|block| block.capacity() as u64).sum();
    Outcome { nanoseconds, processor_nanoseconds, events: 1, checksum, extra_bytes }
}
