//! The course of the run.

data! {
    /// The course of the run: points at equal distances, as far as the program allocates or the profiler has a thread.
    pub struct Timeline {
        /// Distance of two points, seconds: the median. It doubles each time there are too many points.
        interval_seconds: f64,
        /// Points, oldest first. The last one is this report.
        points: Vec<TimelinePoint>,
        /// Moments that the program has named with `memprof::mark`.
        marks: Vec<TimelineMark>,
    }

    /// The figures of one moment.
    pub struct TimelinePoint {
        /// Time since the profile started.
        seconds: f64,
        /// Allocated − deallocated, bytes.
        net_bytes: i64,
        /// Bytes allocated so far.
        allocated_bytes: u64,
        /// Resident set size. `None` if a thread of the program took the reading: it makes no system call for it.
        rss_bytes: Option<u64>,
        /// File-backed and shared pages within `rss_bytes`. `None` likewise.
        mapped_bytes: Option<u64>,
        /// Free memory that the allocator held, bytes. It is read less often than the other figures: the profiler
        /// spends at most 1 % of the time on it. `None` if it was not read.
        allocator_held_bytes: Option<u64>,
        /// Resident stacks of threads, bytes. Read less often as well. `None` if they were not read, and in older
        /// reports.
        stack_bytes: Option<u64> = default,
    }

    /// A moment that the program has named.
    pub struct TimelineMark {
        /// Time since the profile started.
        seconds: f64,
        /// Name of the moment, at most 128 bytes.
        name: String,
    }
}
