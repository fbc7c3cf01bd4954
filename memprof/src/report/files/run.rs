//! The run of a report, as in the report's `program.run`.

use std::collections::hash_map::RandomState;
use std::fmt;
use std::hash::{BuildHasher, Hasher};
use std::str::FromStr;

use crate::os::process::identity::ProcessId;

/// One profile of one process. Another process can judge by it if the run is over.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Run {
    pub(crate) process: ProcessId,
    /// A random number. A forked child has its parent's.
    pub(crate) profile: u64,
}

impl Run {
    /// The run of a profile in this process.
    pub(crate) fn own(profile: u64) -> Self {
        Self { process: ProcessId::own(), profile }
    }
}

/// As `place-pid-start-profile`: hexadecimal except for the process id; `0` for unknown parts.
impl fmt::Display for Run {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let ProcessId { place, pid, started } = self.process;
        write!(f, "{:x}-{pid}-{:x}-{:x}", place.unwrap_or_default(), started.unwrap_or_default(), self.profile)
    }
}

impl FromStr for Run {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        let mut parts = text.split('-');
        let mut number = |radix| u64::from_str_radix(parts.next().unwrap_or_default(), radix).map_err(drop);
        let (place, pid, started, profile) = (number(16)?, number(10)?, number(16)?, number(16)?);
        if parts.next().is_some() {
            return Err(());
        }
        let known = |number| Some(number).filter(|number| *number != 0);
        let pid = u32::try_from(pid).map_err(drop)?;
        Ok(Self { process: ProcessId { place: known(place), pid, started: known(started) }, profile })
    }
}

/// A random number that nobody can predict.
pub(crate) fn random() -> u64 {
    let mut hasher = RandomState::new().build_hasher();
    // A forked child has its parent's hash keys.
    hasher.write_u32(std::process::id());
    hasher.finish()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_run_is_read_as_it_is_written() {
        let run = Run::own(random());
        assert_eq!(run.to_string().parse(), Ok(run));
        let unknown = Run { process: ProcessId { place: None, pid: 7, started: None }, profile: 1 };
        assert_eq!(unknown.to_string(), "0-7-0-1");
        assert_eq!("0-7-0-1".parse(), Ok(unknown));
        for text in ["", "1-2-3", "1-2-3-4-5", "x-2-3-4", "1--3-4", "1-99999999999-3-4", "1-2-3-11111111111111111"] {
            assert_eq!(text.parse::<Run>(), Err(()), "{text}");
        }
    }
}
