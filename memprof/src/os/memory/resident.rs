//! Resident memory of the process.

/// Current resident set size, in bytes.
pub(crate) fn resident_bytes() -> Option<u64> {
    memory_stats::memory_stats().map(|stats| stats.physical_mem as u64)
}

/// Highest resident set size so far, in bytes.
///
/// Not from `getrusage`: Linux keeps its figure across `exec`, so that it would include the program's parent.
#[cfg(any(target_os = "linux", target_os = "android"))]
pub(crate) fn peak_resident_bytes() -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    let kib: u64 = line.trim().strip_suffix("kB")?.trim().parse().ok()?;
    kib.checked_mul(1024)
}

/// Highest resident set size so far, in bytes.
#[cfg(all(unix, not(any(target_os = "linux", target_os = "android"))))]
pub(crate) fn peak_resident_bytes() -> Option<u64> {
    let mut usage = std::mem::MaybeUninit::<libc::rusage>::zeroed();
    // SAFETY: `getrusage` fills the structure it is given, and all-zero is a valid one.
    let usage = unsafe {
        if libc::getrusage(libc::RUSAGE_SELF, usage.as_mut_ptr()) != 0 {
            return None;
        }
        usage.assume_init()
    };
    // The BSDs count in KiB, macOS in bytes.
    let unit = if cfg!(target_vendor = "apple") { 1 } else { 1024 };
    u64::try_from(usage.ru_maxrss).ok().map(|peak| peak * unit)
}

/// Highest resident set size so far, in bytes.
#[cfg(windows)]
pub(crate) fn peak_resident_bytes() -> Option<u64> {
    use windows_sys::Win32::System::ProcessStatus::{K32GetProcessMemoryInfo, PROCESS_MEMORY_COUNTERS};
    use windows_sys::Win32::System::Threading::GetCurrentProcess;
    let mut counters = PROCESS_MEMORY_COUNTERS::default();
    let size = size_of::<PROCESS_MEMORY_COUNTERS>() as u32;
    // SAFETY: the size is that of the structure, and the pseudo handle needs no closing.
    let done = unsafe { K32GetProcessMemoryInfo(GetCurrentProcess(), &mut counters, size) };
    if done == 0 { None } else { Some(counters.PeakWorkingSetSize as u64) }
}

#[cfg(test)]
mod tests {
    #[test]
    fn the_peak_is_at_least_what_is_resident_now() {
        let now = super::resident_bytes().unwrap();
        let peak = super::peak_resident_bytes().unwrap();
        // The two are read one after the other, and the kernel sums them lazily: they may differ by a page or two.
        assert!(now > 100_000 && peak + (1 << 20) > now, "{now} {peak}");
    }
}
