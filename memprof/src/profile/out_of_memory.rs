//! The last message of a program that is out of memory, written without allocating: with `abort_on_oom`, and if there
//! is no memory for the report at the end.

use super::abort;
use crate::collect::is_asking;
use crate::os::terminal::stderr::RawStderr;
use crate::printable::Printable;
use crate::tracker::{self, Site, every_node};
use std::fmt::{Arguments, Write};
use std::sync::atomic::AtomicBool;
use std::sync::atomic::Ordering::Relaxed;
use std::time::Duration;

/// Number of functions in the message.
const TOP: usize = 10;

/// Time that a thread gives another one that is writing the message. The message takes less than a millisecond.
const LONGEST_SPEECH: Duration = Duration::from_secs(2);

/// Sets whether a failed allocation ends the program.
pub(crate) fn abort_if(wanted: bool) {
    tracker::set_out_of_memory_handler(if wanted { Some(say_and_abort) } else { None });
}

fn say_and_abort(bytes: usize) {
    if is_asking() {
        return;
    }
    static SAID: AtomicBool = AtomicBool::new(false);
    // Threads run out of memory together; the first one writes. The others wait for it to end the process, so that they
    // do not cut it short, but not forever: nobody may be reading the message.
    if SAID.swap(true, Relaxed) {
        std::thread::sleep(LONGEST_SPEECH);
    } else {
        say(&mut RawStderr::new(), format_args!("out of memory: an allocation of {bytes} bytes failed"));
    }
    // The message is all there is: a report would need memory.
    abort::release();
    std::process::abort();
}

/// Writes on stderr the totals that are known without a report.
pub(crate) fn say_instead_of_a_report() {
    say(&mut RawStderr::new(), format_args!("no report: there is no memory left to make it"));
}

fn say(out: &mut RawStderr, what: Arguments<'_>) {
    let stats = tracker::memory_stats();
    let _ = writeln!(
        out,
        "memprof: {what}; allocated {} bytes, deallocated {}, live {} in {} blocks, peak {}",
        stats.allocated, stats.deallocated, stats.net_allocated, stats.net_count, stats.peak_allocated
    );
    let sites = || every_node().filter_map(|(_, node)| Some((node, node.site()?)));
    for (_, site) in sites() {
        site.scratch.store(0, Relaxed);
    }
    for (node, site) in sites() {
        let deallocated = node.counters.read_deallocated().bytes;
        let net = node.counters.read_allocated().bytes.wrapping_sub(deallocated) as i64;
        site.scratch.fetch_add(net, Relaxed);
    }
    // The largest first: each round finds the next one and takes it out.
    for round in 0..TOP {
        let largest: Option<&'static Site> =
            sites().map(|(_, site)| site).max_by_key(|site| site.scratch.load(Relaxed));
        let Some(site) = largest.filter(|site| site.scratch.load(Relaxed) > i64::MIN) else { break };
        if round == 0 {
            let _ = writeln!(out, "memprof: functions by allocated - deallocated bytes (self):");
        }
        let name = site.raw_name().trim_end_matches("::Marker");
        let _ = writeln!(out, "memprof: {:>16}  {}", site.scratch.swap(i64::MIN, Relaxed), Printable(name));
    }
}
