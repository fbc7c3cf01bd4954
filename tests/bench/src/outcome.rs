//! The measurement of a run, as one line that a peer prints and the runner reads.

use std::fmt;

const MARK: &str = "measured:";

/// The result of one run.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Outcome {
    /// Wall-clock time of the workload.
    pub nanoseconds: u64,
    /// Its processor time, in all threads of the process, including those of the peer.
    pub processor_nanoseconds: u64,
    /// How many times the workload did what it is about: pairs, calls, polls.
    pub events: u64,
    /// The same for every peer that did the same work.
    pub checksum: u64,
    /// How far the resident memory rose above what it was before, bytes.
    pub extra_bytes: u64,
}

impl fmt::Display for Outcome {
    fn fmt(&self, to: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Outcome { nanoseconds, processor_nanoseconds, events, checksum, extra_bytes } = self;
        write!(to, "{MARK} {nanoseconds} {processor_nanoseconds} {events} {checksum} {extra_bytes}")
    }
}

impl Outcome {
    /// Finds the line in what a peer has printed: some print their own, too.
    pub fn find(printed: &str) -> Option<Outcome> {
        let line = printed.lines().rev().find_map(|line| line.trim().strip_prefix(MARK))?;
        let mut figures = line.split_whitespace().map(str::parse);
        let mut next = || figures.next()?.ok();
        Some(Outcome {
            nanoseconds: next()?,
            processor_nanoseconds: next()?,
            events: next()?,
            checksum: next()?,
            extra_bytes: next()?,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_found_among_what_else_a_peer_prints() {
        let outcome =
            Outcome { nanoseconds: 1, processor_nanoseconds: 5, events: 2, checksum: u64::MAX, extra_bytes: 4 };
        assert_eq!(Outcome::find(&format!("dhat: 5 bytes\n{outcome}\nbye\n")), Some(outcome));
        assert_eq!(Outcome::find("measured: 1 2"), None);
    }
}
