//! How long the process has kept processors busy.

/// Nanoseconds of processor time of all threads since the process began; 0 where the system does not tell.
///
/// A system call: for a few readings a second.
#[cfg(unix)]
pub(crate) fn of_process() -> u64 {
    let mut time = libc::timespec { tv_sec: 0, tv_nsec: 0 };
    // SAFETY: the system fills in the one value that it is given.
    let status = unsafe { libc::clock_gettime(libc::CLOCK_PROCESS_CPUTIME_ID, &raw mut time) };
    if status == 0 { time.tv_sec as u64 * 1_000_000_000 + time.tv_nsec as u64 } else { 0 }
}

#[cfg(windows)]
pub(crate) fn of_process() -> u64 {
    use windows_sys::Win32::Foundation::FILETIME;
    use windows_sys::Win32::System::Threading::{GetCurrentProcess, GetProcessTimes};
    let nothing = FILETIME { dwLowDateTime: 0, dwHighDateTime: 0 };
    let (mut created, mut ended, mut kernel, mut user) = (nothing, nothing, nothing, nothing);
    // SAFETY: the system fills in the four values that it is given.
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
}
