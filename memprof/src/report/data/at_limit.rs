//! The memory of a program that has reached a limit.

/// Values of [`AtLimit::reason`].
#[cfg(feature = "report")]
#[cfg_attr(not(feature = "profiling"), allow(dead_code))]
pub(crate) mod reason {
    pub(crate) const LIMIT: &str = "limit";
    pub(crate) const NEW_HIGH: &str = "new high";
}

data! {
    /// Memory of a program that has reached a threshold of `[limits]`, when its report was begun.
    ///
    /// ```
    /// # let report = memprof::Report::default();
    /// if let Some(limit) = &report.limit {
    ///     println!("{} of {} bytes are in use", limit.used_bytes, limit.limit_bytes.unwrap_or(limit.threshold_bytes));
    /// }
    /// ```
    pub struct AtLimit {
        /// Reason for the report: `limit` (`report_at_percent`, `report_at_bytes`) or `new high`
        /// (`report_at_new_high`).
        reason: String,
        /// Number of the report, as in the name of its file.
        number: u64,
        /// Memory of this process at which the report is due, bytes.
        threshold_bytes: u64,
        /// Memory of this process: `heap_bytes` or `resident_bytes`, whichever is more. Heap that has not been touched
        /// for a second (`untouched_bytes`) does not count.
        used_bytes: u64,
        /// The heap: the net as far as threads have published it.
        heap_bytes: u64,
        /// Heap that has not been resident for a second, as far as it is known: it is reserved or swapped out, bytes.
        untouched_bytes: u64,
        /// Anonymous and shared resident memory. `None` if the system does not tell.
        resident_bytes: Option<u64>,
        /// Growth of the memory at that moment, bytes per second. If the memory would reach the limit before the report
        /// stands, it is begun below the threshold.
        bytes_per_second: u64,
        /// Limit of the memory: the lowest of the control groups, otherwise the memory of the machine. `None` if the
        /// system does not tell.
        limit_bytes: Option<u64>,
        /// Source of `limit_bytes`: `cgroup v2 memory.max`, `cgroup v1 memory.limit_in_bytes` or `physical memory`.
        limit_source: Option<String>,
        /// Memory of the control group as the kernel counts it, with cached files. `None` without a limited group.
        group_bytes: Option<u64>,
        /// Anonymous and shared memory of other processes in that group, with its files in `tmpfs`. `None` likewise.
        other_processes_bytes: Option<u64>,
        /// Time since the memory of this process and of the others was nine tenths of what it is, seconds: that of the
        /// rises below. `None` if it has not grown.
        rise_seconds: Option<f64>,
        /// Rise of `heap_bytes`, bytes.
        heap_rise_bytes: Option<i64>,
        /// Rise of the resident memory outside the heap, bytes.
        rest_rise_bytes: Option<i64>,
        /// Rise of `other_processes_bytes`, bytes.
        others_rise_bytes: Option<i64>,
        /// Function whose own live memory grew most before. `None` outside every tracked function.
        growing_function: Option<String>,
        /// Growth of that memory, bytes. `None` if nothing grew.
        growth_bytes: Option<u64>,
        /// Time of that growth, seconds: since the heap was three quarters of what it is, or 95 % if the function that
        /// grew most in that time has stopped to grow. The whole run if that is not known.
        growth_seconds: Option<f64>,
        /// True if the stacks have names. False: they have addresses, which `cargo memprof report` names from the same
        /// build of the program.
        has_names: bool,
    }
}
