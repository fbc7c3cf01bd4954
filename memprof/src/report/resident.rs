//! The difference between RSS and the heap, in one line.

use super::data::Report;
use crate::size;

/// The parts of RSS: the heap, memory that the allocator holds beyond it, and the unexplained rest. `None` if the
/// system does not tell the RSS.
pub(super) fn line(report: &Report) -> Option<String> {
    let rss = report.os.rss_bytes?;
    let heap = report.totals.net_bytes.max(0) as u64;
    let shown = size::bytes(rss);
    // Heap that was never written to, or is swapped out, is not resident.
    let Some(mut rest) = rss.checked_sub(heap) else {
        return Some(format!(
            "RSS {shown}: the heap has {} live, more than is resident; the rest was never written to, or is swapped out",
            size::bytes(heap)
        ));
    };
    let mut parts = vec![format!("{} live heap", size::bytes(heap))];
    let held = report.jemalloc.as_ref().map(|jemalloc| jemalloc.resident.saturating_sub(heap).min(rest));
    if let Some(held) = held.filter(|&held| held > 0) {
        parts.push(format!("{} held by jemalloc beyond it", size::bytes(held)));
        rest -= held;
    }
    let others = if held.is_some() {
        "code, stacks, the profiler, memory of C code"
    } else {
        "code, stacks, what the allocator keeps for reuse, the profiler, memory of C code"
    };
    parts.push(format!("{} not heap ({others})", size::bytes(rest)));
    let retained = report.jemalloc.as_ref().map_or(0, |jemalloc| jemalloc.retained);
    let retained = if retained > 0 {
        format!("; jemalloc retains {} of address space, which takes no memory", size::bytes(retained))
    } else {
        String::new()
    };
    Some(format!("RSS {shown} = {}{retained}", parts.join(" + ")))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::golden;

    #[test]
    fn the_parts_add_up_to_what_the_system_shows() {
        let mut report = golden::report();
        report.totals.net_bytes = 10 << 20;
        report.os.rss_bytes = Some(30 << 20);
        if let Some(jemalloc) = &mut report.jemalloc {
            (jemalloc.resident, jemalloc.retained) = (15 << 20, 8 << 20);
        }
        assert_eq!(
            line(&report).unwrap(),
            "RSS 30.0 MB = 10.0 MB live heap + 5.0 MB held by jemalloc beyond it + 15.0 MB not heap (code, stacks, the \
             profiler, memory of C code); jemalloc retains 8.0 MB of address space, which takes no memory"
        );
        report.jemalloc = None;
        assert_eq!(
            line(&report).unwrap(),
            "RSS 30.0 MB = 10.0 MB live heap + 20.0 MB not heap (code, stacks, what the allocator keeps for reuse, the \
             profiler, memory of C code)"
        );
        report.totals.net_bytes = 1 << 30;
        assert!(line(&report).unwrap().starts_with("RSS 30.0 MB: the heap has 1.0 GB live, more than is resident"));
        report.os.rss_bytes = None;
        assert_eq!(line(&report), None);
    }
}
