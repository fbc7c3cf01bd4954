//! The identity of a process, by which another one can tell later whether it has ended.

/// A process of an earlier or a concurrent run, as its report identifies it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct ProcessId {
    /// Boot of the system, and the namespaces in which the other two fields are valid. `None`: unknown.
    pub(crate) place: Option<u64>,
    pub(crate) pid: u32,
    /// Start time in ticks since the boot. `None`: unknown.
    pub(crate) started: Option<u64>,
}

impl ProcessId {
    /// This process.
    pub(crate) fn own() -> Self {
        Self { place: system::place(), pid: std::process::id(), started: system::own_start() }
    }

    /// True if both are known, and are the same process.
    pub(crate) fn is(&self, other: &Self) -> bool {
        self.place.is_some() && self.started.is_some() && self == other
    }

    /// True if the state of this process can be determined from `own` at all.
    pub(crate) fn is_in_sight_of(&self, own: &Self) -> bool {
        self.place.is_some() && self.started.is_some() && self.place == own.place
    }

    /// True if the process is known to have ended. False: it runs, or this is unknown.
    pub(crate) fn is_over(&self, own: &Self) -> bool {
        self.is_in_sight_of(own) && !self.is(own) && (self.was_before(own) || !system::is_alive(self.pid, self.started))
    }

    /// True if it ended before `own` began: `own` has its process id.
    pub(crate) fn was_before(&self, own: &Self) -> bool {
        self.is_in_sight_of(own) && self.pid == own.pid && own.started.is_some() && self.started != own.started
    }
}

#[cfg(any(target_os = "linux", target_os = "android"))]
mod system {
    use std::fs;
    use std::path::Path;

    /// A hash of the boot, the namespace of process ids, and the time namespace: start times of two processes are
    /// comparable only if all three are the same.
    pub(super) fn place() -> Option<u64> {
        let boot = fs::read("/proc/sys/kernel/random/boot_id").ok().filter(|text| !text.is_empty())?;
        let pids = fs::read_link("/proc/self/ns/pid").ok()?;
        // Systems without time namespaces have one time.
        let times = fs::read_link("/proc/self/ns/time").unwrap_or_default();
        let parts = [boot.as_slice(), pids.as_os_str().as_encoded_bytes(), times.as_os_str().as_encoded_bytes()];
        // FNV-1a: the same number in every build of memprof.
        let bytes = parts.into_iter().flat_map(|part| part.iter().chain(&[0]));
        Some(bytes.fold(0xcbf2_9ce4_8422_2325, |hash, byte| (hash ^ u64::from(*byte)).wrapping_mul(0x100_0000_01b3)))
    }

    pub(super) fn own_start() -> Option<u64> {
        Some(Stat::read("/proc/self/stat")?.started)
    }

    /// True if such a process may exist.
    pub(super) fn is_alive(pid: u32, started: Option<u64>) -> bool {
        let Some(number) = i32::try_from(pid).ok().filter(|number| *number > 0) else { return false };
        // SAFETY: signal 0 is not sent.
        let there = unsafe { libc::kill(number, 0) } == 0;
        if !there && std::io::Error::last_os_error().raw_os_error() == Some(libc::ESRCH) {
            return false;
        }
        // `/proc` may belong to another namespace, in which the number is another process.
        let is_ours = fs::read_link("/proc/self").is_ok_and(|own| own == Path::new(&std::process::id().to_string()));
        match Stat::read(&format!("/proc/{pid}/stat")).filter(|_| is_ours) {
            Some(stat) => !stat.is_over && Some(stat.started) == started,
            None => true,
        }
    }

    struct Stat {
        /// True if it is a zombie without a running thread.
        is_over: bool,
        started: u64,
    }

    impl Stat {
        fn read(path: &str) -> Option<Self> {
            let text = fs::read(path).ok()?;
            // The name is in parentheses and can contain any byte.
            let (_, fields) = text.split_at_checked(text.iter().rposition(|byte| *byte == b')')? + 1)?;
            let fields = std::str::from_utf8(fields).ok()?;
            let mut fields = fields.split_ascii_whitespace();
            let state = fields.next()?;
            // If the first thread of a process has ended, others may still run.
            let threads: u64 = fields.nth(16)?.parse().ok()?;
            let started = fields.nth(1)?.parse().ok()?;
            Some(Self { is_over: matches!(state, "Z" | "X" | "x") && threads <= 1, started })
        }
    }
}

#[cfg(not(any(target_os = "linux", target_os = "android")))]
mod system {
    pub(super) fn place() -> Option<u64> {
        None
    }

    pub(super) fn own_start() -> Option<u64> {
        None
    }

    pub(super) fn is_alive(_pid: u32, _started: Option<u64>) -> bool {
        true
    }
}

/// Name of the machine, if it has one.
pub(crate) fn host() -> Option<String> {
    #[cfg(unix)]
    let name = {
        let mut name = [0u8; 256];
        // SAFETY: the buffer is longer than the given length by one byte, so that a 0 ends it.
        let failed = unsafe { libc::gethostname(name.as_mut_ptr().cast(), name.len() - 1) } != 0;
        if failed {
            return None;
        }
        let length = name.iter().position(|byte| *byte == 0)?;
        String::from_utf8_lossy(name.get(..length)?).into_owned()
    };
    #[cfg(not(unix))]
    let name = std::env::var_os("COMPUTERNAME")?.to_string_lossy().into_owned();
    Some(name).filter(|name| !name.is_empty())
}

#[cfg(all(test, any(target_os = "linux", target_os = "android")))]
mod tests {
    use super::*;
    use std::process::Command;

    #[test]
    fn a_process_is_judged_by_its_start() {
        let own = ProcessId::own();
        assert!(own.place.is_some() && own.started.is_some());
        assert!(own.is(&ProcessId::own()) && !own.is_over(&own));
        let earlier = ProcessId { started: own.started.map(|start| start - 1), ..own };
        assert!(earlier.is_over(&own) && earlier.was_before(&own));
        let elsewhere = ProcessId { place: Some(1), ..earlier };
        assert!(!elsewhere.is_over(&own) && !elsewhere.was_before(&own));
        let unknown = ProcessId { place: None, ..earlier };
        assert!(!unknown.is_over(&ProcessId { place: None, ..own }));
    }

    #[test]
    fn another_process_is_over_when_it_has_ended_even_if_nobody_has_waited_for_it() {
        let own = ProcessId::own();
        let mut child = Command::new("sleep").arg("60").spawn().unwrap();
        let stat = std::fs::read_to_string(format!("/proc/{}/stat", child.id())).unwrap();
        let started = stat.rsplit(')').next().unwrap().split_ascii_whitespace().nth(19).unwrap().parse().ok();
        let other = ProcessId { pid: child.id(), started, ..own };
        assert!(!other.is_over(&own));
        assert!(
            ProcessId { started: started.map(|start| start + 1), ..other }.is_over(&own),
            "the number was used again"
        );
        child.kill().unwrap();
        while !other.is_over(&own) {
            std::thread::sleep(std::time::Duration::from_millis(1));
        }
        child.wait().unwrap();
        assert!(other.is_over(&own));
    }
}
