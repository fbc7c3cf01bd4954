//! Processor time of the process, and its context switches.

/// Nanoseconds of processor time of all threads since the process began; 0 where the system does not tell.
///
/// A system call: meant for a few readings a second.
#[cfg(unix)]
pub(crate) fn of_process() -> u64 {
    let mut time = libc::timespec { tv_sec: 0, tv_nsec: 0 };
    // SAFETY: the system fills the value that it is given.
    let status = unsafe { libc::clock_gettime(libc::CLOCK_PROCESS_CPUTIME_ID, &raw mut time) };
    if status == 0 { time.tv_sec as u64 * 1_000_000_000 + time.tv_nsec as u64 } else { 0 }
}

/// Context switches of the process's threads since it began.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Switches {
    /// The thread had nothing to do: it slept, or waited for a lock, a file or the network.
    pub(crate) voluntary: u64,
    /// The thread could have continued, but others were scheduled.
    pub(crate) involuntary: u64,
}

impl Switches {
    /// Switches since `before`.
    pub(crate) fn since(self, before: Self) -> Self {
        Self {
            voluntary: self.voluntary.saturating_sub(before.voluntary),
            involuntary: self.involuntary.saturating_sub(before.involuntary),
        }
    }
}

/// `None` where the system does not tell. A system call, like [`of_process`].
#[cfg(any(target_os = "linux", target_os = "android"))]
pub(crate) fn switches() -> Option<Switches> {
    // SAFETY: all fields are numbers, for which zero is a valid value.
    let mut usage: libc::rusage = unsafe { std::mem::zeroed() };
    // SAFETY: the system fills the value that it is given.
    let status = unsafe { libc::getrusage(libc::RUSAGE_SELF, &raw mut usage) };
    let count = |count: libc::c_long| u64::try_from(count).unwrap_or(0);
    (status == 0).then(|| Switches { voluntary: count(usage.ru_nvcsw), involuntary: count(usage.ru_nivcsw) })
}

/// Fallback: the system does not tell.
#[cfg(not(any(target_os = "linux", target_os = "android")))]
pub(crate) fn switches() -> Option<Switches> {
    None
}

#[cfg(windows)]
pub(crate) fn of_process() -> u64 {
    use windows_sys::Win32::Foundation::FILETIME;
    use windows_sys::Win32::System::Threading::{GetCurrentProcess, GetProcessTimes};
    let nothing = FILETIME { dwLowDateTime: 0, dwHighDateTime: 0 };
    let (mut created, mut ended, mut kernel, mut user) = (nothing, nothing, nothing, nothing);
    // SAFETY: the system fills the four values that it is given.
    let done = unsafe {
        GetProcessTimes(GetCurrentProcess(), &raw mut created, &raw mut ended, &raw mut kernel, &raw mut user)
    };
    // In units of 100 ns.
    let nanos = |time: FILETIME| (u64::from(time.dwHighDateTime) << 32 | u64::from(time.dwLowDateTime)) * 100;
    if done != 0 { nanos(kernel).wrapping_add(nanos(user)) } else { 0 }
}

#[cfg(test)]
mod tests {
    #[test]
    fn work_takes_processor_time() {
        let before = super::of_process();
        let mut sum = 0_u64;
        while super::of_process() < before + 1_000_000 {
            sum = std::hint::black_box(sum.wrapping_add(1));
        }
        assert!(before > 0 || sum > 0);
    }

    #[cfg(all(target_os = "linux", not(miri)))]
    #[test]
    fn who_sleeps_gives_the_processor_up() {
        let before = super::switches().unwrap();
        for _ in 0..5 {
            std::thread::sleep(std::time::Duration::from_millis(1));
        }
        assert!(super::switches().unwrap().since(before).voluntary >= 5);
    }
}
