//! Resident memory of the process.

/// Resident memory of the process by kind, bytes. `None`: the system does not tell.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct ResidentParts {
    /// All resident memory, the sum of the parts.
    pub(crate) all: u64,
    /// Anonymous pages: heap, stacks, private copies of files' pages.
    pub(crate) anonymous: u64,
    /// Pages of files.
    pub(crate) file: Option<u64>,
    /// Pages of shared memory.
    pub(crate) shared: Option<u64>,
}

/// Current resident set size, in bytes.
pub(crate) fn resident_bytes() -> Option<u64> {
    memory_stats::memory_stats().map(|stats| stats.physical_mem as u64)
}

/// The parts of the current resident set size. `None`: the system does not tell.
#[cfg(any(target_os = "linux", target_os = "android"))]
pub(crate) fn parts() -> Option<ResidentParts> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let (anonymous, file, shared) =
        (field(&status, "RssAnon:")?, field(&status, "RssFile:")?, field(&status, "RssShmem:")?);
    let all = anonymous.saturating_add(file).saturating_add(shared);
    Some(ResidentParts { all, anonymous, file: Some(file), shared: Some(shared) })
}

/// The parts of the current resident set size: macOS counts pages of files as external, and shared memory with the
/// anonymous pages.
#[cfg(target_vendor = "apple")]
pub(crate) fn parts() -> Option<ResidentParts> {
    /// The beginning of `struct task_vm_info` of `mach/task_info.h`, which every version of the system knows.
    #[repr(C)]
    #[derive(Default)]
    struct TaskVmInfo {
        virtual_size: u64,
        region_count: i32,
        page_size: i32,
        resident_size: u64,
        resident_size_peak: u64,
        device: u64,
        device_peak: u64,
        internal: u64,
        internal_peak: u64,
        external: u64,
        external_peak: u64,
        reusable: u64,
        reusable_peak: u64,
        purgeable_volatile_pmap: u64,
        purgeable_volatile_resident: u64,
        purgeable_volatile_virtual: u64,
        compressed: u64,
        compressed_peak: u64,
        compressed_lifetime: u64,
    }
    const TASK_VM_INFO: libc::task_flavor_t = 22;
    let mut info = TaskVmInfo::default();
    let mut count = (size_of::<TaskVmInfo>() / size_of::<libc::integer_t>()) as libc::mach_msg_type_number_t;
    #[allow(deprecated, reason = "another crate would be needed for one constant")]
    // SAFETY: the system writes at most `count` words to the structure.
    let status =
        unsafe { libc::task_info(libc::mach_task_self(), TASK_VM_INFO, (&raw mut info).cast(), &raw mut count) };
    if status != libc::KERN_SUCCESS || info.resident_size == 0 {
        return None;
    }
    let (all, file) = (info.resident_size, info.external.min(info.resident_size));
    Some(ResidentParts { all, anonymous: all - file, file: Some(file), shared: None })
}

/// The parts of the current resident set size: Windows 10 22H2 and later tell the private ones.
#[cfg(windows)]
pub(crate) fn parts() -> Option<ResidentParts> {
    use windows_sys::Win32::System::ProcessStatus::{K32GetProcessMemoryInfo, PROCESS_MEMORY_COUNTERS_EX2};
    use windows_sys::Win32::System::Threading::GetCurrentProcess;
    let mut counters = PROCESS_MEMORY_COUNTERS_EX2::default();
    let size = size_of::<PROCESS_MEMORY_COUNTERS_EX2>() as u32;
    // SAFETY: the size is that of the structure, which begins like the one that the call takes, and the pseudo handle
    // needs no closing.
    let done = unsafe { K32GetProcessMemoryInfo(GetCurrentProcess(), (&raw mut counters).cast(), size) };
    let (all, anonymous) = (counters.WorkingSetSize as u64, counters.PrivateWorkingSetSize as u64);
    // Earlier systems refuse the size or leave the figure at 0.
    (done != 0 && anonymous > 0 && anonymous <= all).then_some(ResidentParts {
        all,
        anonymous,
        file: None,
        shared: None,
    })
}

/// Fallback: the system does not tell.
#[cfg(not(any(target_os = "linux", target_os = "android", target_vendor = "apple", windows)))]
pub(crate) fn parts() -> Option<ResidentParts> {
    None
}

/// A size in `/proc/self/status`, bytes.
#[cfg(any(target_os = "linux", target_os = "android"))]
fn field(status: &str, name: &str) -> Option<u64> {
    let line = status.lines().find_map(|line| line.strip_prefix(name))?;
    let kib: u64 = line.trim().strip_suffix("kB")?.trim().parse().ok()?;
    kib.checked_mul(1024)
}

/// Resident bytes, and those of files and shared memory among them, read again and again without opening a file.
#[cfg(any(target_os = "linux", target_os = "android"))]
pub(crate) mod repeated {
    use crate::os::files::kept::KeptFile;

    static STATM: KeptFile = KeptFile::new();
    static STATUS: KeptFile = KeptFile::new();

    /// Opens the system's file, for the rest of the process.
    pub(crate) fn open() {
        STATM.open(c"/proc/self/statm");
    }

    /// As [`open`], with the file that [`shared`] reads.
    pub(crate) fn open_all() {
        open();
        STATUS.open(c"/proc/self/status");
    }

    /// In a forked child: the files have the figures of the parent.
    pub(crate) fn forget() {
        STATM.forget();
        STATUS.forget();
    }

    /// The present figures, if the file is open. Does not allocate.
    pub(crate) fn read() -> Option<(u64, u64)> {
        figures(&STATM)
    }

    /// Resident shared memory, if the files are open. It takes ten times as long as [`read`]. Does not allocate.
    pub(crate) fn shared() -> Option<u64> {
        super::field(STATUS.read(&mut [0; 4096])?, "RssShmem:")
    }

    /// The present figures, from a file that is opened for them.
    pub(crate) fn read_once() -> Option<(u64, u64)> {
        use std::io::Read;
        let mut text = [0; 128];
        let length = std::fs::File::open("/proc/self/statm").ok()?.read(&mut text).ok()?;
        parsed(std::str::from_utf8(text.get(..length)?).ok()?, page()?)
    }

    fn figures(file: &KeptFile) -> Option<(u64, u64)> {
        parsed(file.read(&mut [0; 128])?, page()?)
    }

    fn page() -> Option<u64> {
        // SAFETY: the call has no preconditions.
        u64::try_from(unsafe { libc::sysconf(libc::_SC_PAGESIZE) }).ok()
    }

    /// The second and the third of the file's seven numbers, which count pages. `None`: another file.
    pub(super) fn parsed(text: &str, page: u64) -> Option<(u64, u64)> {
        let mut numbers = [0_u64; 7];
        let mut words = text.strip_suffix('\n')?.split(' ');
        for number in &mut numbers {
            *number = words.next()?.parse().ok()?;
        }
        let [_, resident, mapped, ..] = numbers;
        if words.next().is_some() || mapped > resident {
            return None;
        }
        Some((resident.checked_mul(page)?, mapped.checked_mul(page)?))
    }
}

/// Fallback: not read between reports.
#[cfg(not(any(target_os = "linux", target_os = "android")))]
pub(crate) mod repeated {
    pub(crate) fn open() {}

    pub(crate) fn open_all() {}

    pub(crate) fn forget() {}

    pub(crate) fn read() -> Option<(u64, u64)> {
        None
    }

    pub(crate) fn read_once() -> Option<(u64, u64)> {
        None
    }
}

/// Highest resident set size so far, in bytes.
///
/// Not from `getrusage`: Linux keeps its figure across `exec`, so that it would include the program's parent.
#[cfg(any(target_os = "linux", target_os = "android"))]
pub(crate) fn peak_resident_bytes() -> Option<u64> {
    field(&std::fs::read_to_string("/proc/self/status").ok()?, "VmHWM:")
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

    #[cfg(any(target_os = "linux", target_os = "android"))]
    #[test]
    fn the_parts_are_those_of_what_is_resident() {
        let (resident, mapped) = super::repeated::read_once().unwrap();
        let parts = super::parts().unwrap();
        let near = |one: u64, other: u64| one.abs_diff(other) < 4 << 20;
        assert!(
            near(parts.all, resident) && near(parts.file.unwrap() + parts.shared.unwrap(), mapped),
            "{parts:?} {resident} {mapped}"
        );
        assert!(parts.anonymous > 100_000 && parts.file.unwrap() > 100_000, "{parts:?}");
    }

    #[cfg(any(target_os = "linux", target_os = "android"))]
    #[test]
    fn another_file_has_no_figures() {
        let parsed = super::repeated::parsed;
        assert_eq!(parsed("9 3 2 1 0 4 0\n", 4096), Some((3 * 4096, 2 * 4096)));
        for text in
            ["", "\n", "9 3 2 1 0 4\n", "9 3 2 1 0 4 0 0\n", "9 2 3 1 0 4 0\n", "9 3 2 1 0 4 0", "a b c d e f g\n"]
        {
            assert_eq!(parsed(text, 4096), None, "{text}");
        }
    }
}
