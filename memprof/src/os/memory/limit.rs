//! Limit of the memory of this process.

/// The lowest limit that applies, in bytes, and its source. `None`: the system tells none.
pub(crate) fn lowest() -> Option<(u64, &'static str)> {
    let found = [control_group(), address_space(), data(), physical()];
    found.into_iter().flatten().min_by_key(|limit| limit.0)
}

/// The lowest limit of the process's control group and the groups above it, otherwise the memory of the machine. A
/// limit of the address space is none of the memory that is in use.
pub(crate) fn of_memory() -> Option<(u64, &'static str)> {
    [control_group(), physical()].into_iter().flatten().min_by_key(|limit| limit.0)
}

#[cfg(any(target_os = "linux", target_os = "android"))]
fn control_group() -> Option<(u64, &'static str)> {
    let group = super::control_group::limited()?;
    Some((group.limit, group.version.source()))
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
    #[test]
    fn a_machine_has_a_limit() {
        assert!(super::lowest().is_none_or(|(bytes, source)| bytes > 1 << 20 && !source.is_empty()));
    }
}
