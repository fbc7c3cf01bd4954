//! Limit of the memory of this process.

/// The lowest limit that applies, in bytes, and its source. `None`: the system tells none.
pub(crate) fn lowest() -> Option<(u64, &'static str)> {
    let found = [control_group(), address_space(), data(), physical()];
    found.into_iter().flatten().min_by_key(|limit| limit.0)
}

/// The lowest limit of the process's control group and the groups above it.
#[cfg(any(target_os = "linux", target_os = "android"))]
fn control_group() -> Option<(u64, &'static str)> {
    let groups = std::fs::read_to_string("/proc/self/cgroup").ok()?;
    in_groups(&groups, &|path| std::fs::read_to_string(path).ok())
}

/// The same, where `/proc/self/cgroup` has this text.
#[cfg(any(target_os = "linux", target_os = "android"))]
fn in_groups(groups: &str, read: &dyn Fn(&str) -> Option<String>) -> Option<(u64, &'static str)> {
    let limits = groups.lines().filter_map(|line| {
        let (_, rest) = line.split_once(':')?;
        let (controllers, path) = rest.split_once(':')?;
        let (root, file, source) = if controllers.is_empty() {
            ("/sys/fs/cgroup", "memory.max", "cgroup v2 memory.max")
        } else if controllers.split(',').any(|controller| controller == "memory") {
            ("/sys/fs/cgroup/memory", "memory.limit_in_bytes", "cgroup v1 memory.limit_in_bytes")
        } else {
            return None;
        };
        // In a container the path can be the host's: then only the root is there.
        let mut group = Some(path.trim_end_matches('/'));
        let all = std::iter::from_fn(move || {
            let this = group?;
            group = this.rsplit_once('/').map(|(above, _)| above);
            Some(this)
        });
        let limit = |group: &str| read(&format!("{root}{group}/{file}"))?.trim().parse::<u64>().ok();
        Some((all.filter_map(limit).min()?, source))
    });
    limits.min_by_key(|limit| limit.0)
}

#[cfg(not(any(target_os = "linux", target_os = "android")))]
fn control_group() -> Option<(u64, &'static str)> {
    None
}

#[cfg(unix)]
fn address_space() -> Option<(u64, &'static str)> {
    Some((resource(libc::RLIMIT_AS as _)?, "RLIMIT_AS"))
}

#[cfg(unix)]
fn data() -> Option<(u64, &'static str)> {
    Some((resource(libc::RLIMIT_DATA as _)?, "RLIMIT_DATA"))
}

/// The limit of a resource, if it has one. The type of the number differs from system to system.
#[cfg(unix)]
fn resource(which: std::ffi::c_int) -> Option<u64> {
    let mut limit = libc::rlimit { rlim_cur: 0, rlim_max: 0 };
    // SAFETY: the system fills the value that it is given.
    let status = unsafe { libc::getrlimit(which as _, &raw mut limit) };
    #[allow(clippy::useless_conversion, reason = "on some systems the type is signed")]
    let bytes = u64::try_from(limit.rlim_cur).ok()?;
    (status == 0 && limit.rlim_cur != libc::RLIM_INFINITY).then_some(bytes)
}

#[cfg(not(unix))]
fn address_space() -> Option<(u64, &'static str)> {
    None
}

#[cfg(not(unix))]
fn data() -> Option<(u64, &'static str)> {
    None
}

/// The memory of the machine.
#[cfg(any(target_os = "linux", target_os = "android", target_vendor = "apple"))]
fn physical() -> Option<(u64, &'static str)> {
    // SAFETY: the calls have no preconditions.
    let (pages, size) = unsafe { (libc::sysconf(libc::_SC_PHYS_PAGES), libc::sysconf(libc::_SC_PAGESIZE)) };
    let bytes = u64::try_from(pages).ok()?.checked_mul(u64::try_from(size).ok()?)?;
    (bytes > 0).then_some((bytes, PHYSICAL))
}

#[cfg(windows)]
fn physical() -> Option<(u64, &'static str)> {
    use windows_sys::Win32::System::ProcessStatus::{K32GetPerformanceInfo, PERFORMANCE_INFORMATION};
    let mut info = PERFORMANCE_INFORMATION::default();
    let size = size_of::<PERFORMANCE_INFORMATION>() as u32;
    // SAFETY: the size is that of the structure.
    let done = unsafe { K32GetPerformanceInfo(&mut info, size) };
    let bytes = (info.PhysicalTotal as u64).checked_mul(info.PageSize as u64)?;
    (done != 0 && bytes > 0).then_some((bytes, PHYSICAL))
}

#[cfg(any(target_os = "linux", target_os = "android", target_vendor = "apple", windows))]
const PHYSICAL: &str = "physical memory";

#[cfg(not(any(target_os = "linux", target_os = "android", target_vendor = "apple", windows)))]
fn physical() -> Option<(u64, &'static str)> {
    None
}

#[cfg(test)]
mod tests {
    #[cfg(any(target_os = "linux", target_os = "android"))]
    use super::in_groups;

    #[test]
    fn a_machine_has_a_limit() {
        assert!(super::lowest().is_none_or(|(bytes, source)| bytes > 1 << 20 && !source.is_empty()));
    }

    #[cfg(any(target_os = "linux", target_os = "android"))]
    #[test]
    fn the_lowest_limit_of_the_groups_above_applies() {
        let files = |path: &str| {
            let text = match path {
                "/sys/fs/cgroup/a/b/memory.max" => "max\n",
                "/sys/fs/cgroup/a/memory.max" => "1000\n",
                "/sys/fs/cgroup/memory.max" => "5000\n",
                "/sys/fs/cgroup/memory/memory.limit_in_bytes" => "9223372036854771712\n",
                "/sys/fs/cgroup/memory/x/memory.limit_in_bytes" => "700\n",
                _ => return None,
            };
            Some(text.to_owned())
        };
        assert_eq!(in_groups("0::/a/b\n", &files), Some((1000, "cgroup v2 memory.max")));
        assert_eq!(in_groups("0::/\n", &files), Some((5000, "cgroup v2 memory.max")));
        // The path of a container, as the host has it.
        assert_eq!(in_groups("0::/docker/0123\n", &files), Some((5000, "cgroup v2 memory.max")));
        let v1 = "5:cpu,cpuacct:/x\n4:memory:/x/y\n0::/none\n";
        assert_eq!(in_groups(v1, &files), Some((700, "cgroup v1 memory.limit_in_bytes")));
        for text in ["", "\n", "0", "0:", "5:cpu:/a", "0::"] {
            assert!(in_groups(text, &|_| None).is_none(), "{text}");
        }
    }
}
