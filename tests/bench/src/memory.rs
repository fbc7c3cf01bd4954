//! The resident memory of this process, as Linux tells it.

/// Sets the highest resident memory back to the present one. Without effect where `/proc` does not allow it.
pub fn forget_peak() {
    let _ = std::fs::write("/proc/self/clear_refs", "5");
}

/// Resident memory now, bytes.
pub fn resident() -> u64 {
    field("VmRSS:")
}

/// The highest resident memory since the start or [`forget_peak`], bytes.
pub fn peak() -> u64 {
    field("VmHWM:")
}

fn field(name: &str) -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix(name));
    let kib = line.and_then(|line| line.split_whitespace().next()).and_then(|kib| kib.parse::<u64>().ok());
    kib.unwrap_or(0) * 1024
}
