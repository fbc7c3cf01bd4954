//! The rows of a report: functions, call paths, threads.

data! {
    /// One tracked function or named block.
    ///
    /// Columns without a prefix are totals: the function and everything beneath it in the call tree, each byte once.
    /// The `self_*` columns count only while it was the innermost tracked function.
    ///
    /// ```
    /// use memprof::report::data::Function;
    ///
    /// /// The functions that retain most, the largest first.
    /// fn holders(report: &memprof::Report) -> Vec<&Function> {
    ///     let mut functions: Vec<_> = report.functions.iter().filter(|row| row.retained_bytes > Some(0)).collect();
    ///     functions.sort_by_key(|row| std::cmp::Reverse(row.retained_bytes));
    ///     functions
    /// }
    /// # assert!(holders(&memprof::Report::default()).is_empty());
    /// ```
    pub struct Function {
        /// The function's Rust path, or its given name.
        name: String,
        /// Source file.
        file: String,
        /// Line of the function's name.
        line: u32,
        /// Calls started.
        calls: u64,
        /// Calls started and not finished.
        active: u64,
        /// Calls that ended by a panic. Those that began in a destructor while the thread was panicking count for `async`
        /// functions alone.
        panicked: u64,
        /// Bytes allocated by the function and everything beneath it.
        allocated_bytes: u64,
        /// Allocations by the function and everything beneath it.
        allocated_count: u64,
        /// Bytes deallocated by the function and everything beneath it, whoever allocated them.
        deallocated_bytes: u64,
        /// Frees by the function and everything beneath it.
        deallocated_count: u64,
        /// Allocated − deallocated; negative if blocks of other functions were deallocated.
        net_bytes: i64,
        /// Bytes allocated by the function's own code.
        self_allocated_bytes: u64,
        /// Allocations by the function's own code.
        self_allocated_count: u64,
        /// Bytes deallocated by the function's own code.
        self_deallocated_bytes: u64,
        /// Frees by the function's own code.
        self_deallocated_count: u64,
        /// `self_allocated_bytes − self_deallocated_bytes`.
        self_net_bytes: i64,
        /// Reallocations by the function's own code.
        reallocated_count: u64 = default,
        /// Growth by those reallocations: the sum of max(0, new − old).
        grown_bytes: u64 = default,
        /// Sum of the old sizes of those that grew: the most that growing moved.
        copied_bytes: u64 = default,
        /// Highest peak of one call above its entry, on its own thread, bytes. `None` while no call has ended.
        peak_bytes: Option<u64>,
        /// Live bytes that the function's own code allocated, whoever will free them; an estimate in a sample. `None`
        /// if the sample says too little of the function, if more than 1 % of the recorded blocks did not fit into the
        /// live table, or if nothing is recorded.
        retained_bytes: Option<u64>,
        /// Standard error of `retained_bytes`; 0 when exact, 3 × `sample_interval_bytes` without a sample of the
        /// function. Includes live bytes that did not fit into the live table.
        retained_error_bytes: Option<u64>,
        /// `allocated_bytes` in MB.
        allocated_mb: f64,
        /// `net_bytes` in MB.
        net_mb: f64,
        /// `peak_bytes` in MB.
        peak_mb: Option<f64>,
        /// Bytes allocated per call.
        per_call: Option<Distribution>,
        /// Peak above entry per call, bytes.
        peak_per_call: Option<Distribution>,
        /// Calls beyond the function's budget. `None` without a budget.
        violations: Option<Violations>,
        /// Figures of the whole process while the function ran. `None` without `window = "process"`.
        window: Option<Window>,
        /// Bytes per item. `None` if no call said how many items it had.
        items: Option<Items> = default,
        /// Size of the function's future. `None` if it has none above 16 KB.
        large_future: Option<LargeFuture> = default,
    }

    /// The future of a function, larger than 16 KB.
    ///
    /// ```
    /// # let report = memprof::Report::default();
    /// for function in &report.functions {
    ///     if let Some(future) = &function.large_future {
    ///         println!("{}: {} bytes, {} at once", function.name, future.bytes, future.most_alive);
    ///     }
    /// }
    /// ```
    pub struct LargeFuture {
        /// Size of the (largest) future, bytes, without what the profiler adds.
        bytes: u64,
        /// Futures that are made and not dropped.
        alive: u64,
        /// Highest number of them that were alive at once.
        most_alive: u64,
    }

    /// Items of a function's calls, such as the vectors that it indexed, and its bytes per item: from
    /// `#[track_memory(items = …)]` and [`memprof::items`](crate::items). In a recursion the items of the outermost call
    /// alone count.
    ///
    /// ```
    /// # let report = memprof::Report::default();
    /// for function in &report.functions {
    ///     if let Some(bytes) = function.items.as_ref().and_then(|items| items.retained_bytes_per_item) {
    ///         println!("{} retains {bytes:.1} bytes per item", function.name);
    ///     }
    /// }
    /// ```
    pub struct Items {
        /// Sum over the calls.
        count: u64,
        /// `allocated_bytes / count`. `None` without items, as below.
        allocated_bytes_per_item: Option<f64>,
        /// Largest peak of one call divided by its items. `None` also if the function has neither `items` nor
        /// `max_per_item`: its calls do not remember their items.
        peak_bytes_per_item: Option<f64>,
        /// `retained_bytes / count`: what the function's own code allocated and is live. `None` also if
        /// `retained_bytes` is.
        retained_bytes_per_item: Option<f64>,
    }

    /// Violations of a function's budget. In a recursion only the outermost call counts. Only work on the call's own
    /// thread counts.
    ///
    /// ```
    /// # let report = memprof::Report::default();
    /// for (function, violations) in report.violations() {
    ///     println!("{} calls of {} exceeded the budget", violations.count, function.name);
    /// }
    /// ```
    pub struct Violations {
        /// Ended calls that exceeded a limit.
        count: u64,
        /// The limits.
        budget: Budget,
        /// The call that exceeded a limit by the largest factor. `None` if no call did.
        worst: Option<WorstCall>,
    }

    /// Limits of one call. `None`: no limit.
    ///
    /// ```
    /// # let report = memprof::Report::default();
    /// for (function, violations) in report.violations() {
    ///     if let Some(limit) = violations.budget.max_allocated_bytes {
    ///         println!("{} may allocate {limit} bytes", function.name);
    ///     }
    /// }
    /// ```
    pub struct Budget {
        /// Bytes allocated.
        max_allocated_bytes: Option<u64>,
        /// Peak above entry, bytes.
        max_peak_bytes: Option<u64>,
        /// Allocated − deallocated, bytes.
        max_net_bytes: Option<u64>,
        /// Allocations.
        max_allocated_count: Option<u64>,
        /// Allocated − deallocated for each item of the call, bytes.
        max_net_bytes_per_item: Option<u64> = default,
    }

    /// One call, and the thread on which it ended.
    ///
    /// ```
    /// # let report = memprof::Report::default();
    /// for (function, violations) in report.violations() {
    ///     if let Some(worst) = &violations.worst {
    ///         println!("a call of {} allocated {} bytes on {}", function.name, worst.allocated_bytes, worst.thread);
    ///     }
    /// }
    /// ```
    pub struct WorstCall {
        /// Bytes allocated.
        allocated_bytes: u64,
        /// Allocations.
        allocated_count: u64,
        /// Peak above entry, bytes.
        peak_bytes: u64,
        /// Allocated − deallocated, bytes.
        net_bytes: i64,
        /// Items of the call; 0 if it said none.
        items: u64 = default,
        /// Name of the thread; empty if the system knows none.
        thread: String,
    }

    /// Figures of the whole process while calls of a function ran: the differences between entry and exit, summed over
    /// the ended calls. Overlapping calls count the same bytes each, so a window is in no sum.
    ///
    /// ```
    /// # let report = memprof::Report::default();
    /// for function in &report.functions {
    ///     if let Some(window) = &function.window {
    ///         println!("while {} ran, the process allocated {} bytes", function.name, window.allocated_bytes);
    ///     }
    /// }
    /// ```
    pub struct Window {
        /// Ended calls.
        calls: u64,
        /// Bytes allocated by the process.
        allocated_bytes: u64,
        /// Bytes deallocated by the process.
        deallocated_bytes: u64,
        /// Allocated − deallocated.
        net_bytes: i64,
    }

    /// Distribution of a figure over the ended calls, bytes. In a recursion only the outermost call counts.
    ///
    /// The percentiles are nearest ranks from log-linear buckets: off by at most 1/32 (3.1 %), exact below 16. They are
    /// `None` if a thread had more distinct sizes of calls than it has buckets.
    ///
    /// ```
    /// # let report = memprof::Report::default();
    /// for function in &report.functions {
    ///     if let Some(calls) = &function.per_call {
    ///         println!("{}: {} to {} bytes a call, median {:?}", function.name, calls.min, calls.max, calls.p50);
    ///     }
    /// }
    /// ```
    pub struct Distribution {
        /// Smallest, exact.
        min: u64,
        /// Median.
        p50: Option<u64>,
        /// 95th percentile.
        p95: Option<u64>,
        /// 99th percentile.
        p99: Option<u64>,
        /// Largest, exact.
        max: u64,
    }

    /// Figures outside every tracked function.
    ///
    /// ```
    /// # let report = memprof::Report::default();
    /// let share = report.unattributed.self_allocated_bytes as f64 / report.totals.allocated_bytes.max(1) as f64;
    /// println!("{:.0} % were allocated outside tracked functions", 100.0 * share);
    /// ```
    pub struct Unattributed {
        /// Bytes allocated.
        self_allocated_bytes: u64,
        /// Allocations.
        self_allocated_count: u64,
        /// Bytes deallocated.
        self_deallocated_bytes: u64,
        /// Frees.
        self_deallocated_count: u64,
        /// Allocated − deallocated.
        self_net_bytes: i64,
        /// Reallocations.
        reallocated_count: u64 = default,
        /// Growth by reallocations: the sum of max(0, new − old).
        grown_bytes: u64 = default,
        /// Sum of the old sizes of the reallocations that grew: the most that growing moved.
        copied_bytes: u64 = default,
        /// Live bytes that were allocated outside every tracked function since the profile started; as
        /// [`Function::retained_bytes`].
        retained_bytes: Option<u64>,
        /// Standard error of `retained_bytes`; as [`Function::retained_error_bytes`].
        retained_error_bytes: Option<u64>,
    }

    /// One call path. The root is not a row: its figures are `unattributed`.
    ///
    /// ```
    /// /// The functions from a row to the top.
    /// fn callers(report: &memprof::Report, mut row: usize) -> Vec<&str> {
    ///     let mut path = Vec::new();
    ///     while let Some(node) = report.call_tree.get(row) {
    ///         path.push(node.function.as_str());
    ///         let Some(parent) = node.parent else { break };
    ///         row = parent as usize;
    ///     }
    ///     path
    /// }
    /// # assert!(callers(&memprof::Report::default(), 0).is_empty());
    /// ```
    pub struct CallTreeNode {
        /// Number of this row, from 0.
        id: u32,
        /// Row of the caller; `None` at the top.
        parent: Option<u32>,
        /// Name of the function.
        function: String,
        /// Calls on this path.
        calls: u64,
        /// Bytes allocated by the function's own code on this path.
        self_allocated_bytes: u64,
        /// Allocations by the function's own code on this path.
        self_allocated_count: u64,
        /// Bytes deallocated by the function's own code on this path.
        self_deallocated_bytes: u64,
        /// Frees by the function's own code on this path.
        self_deallocated_count: u64,
        /// Allocated − deallocated.
        self_net_bytes: i64,
        /// Reallocations.
        reallocated_count: u64 = default,
        /// Growth by reallocations: the sum of max(0, new − old).
        grown_bytes: u64 = default,
        /// Sum of the old sizes of the reallocations that grew: the most that growing moved.
        copied_bytes: u64 = default,
    }

    /// One ledger: a thread, or several threads one after the other.
    ///
    /// ```
    /// # let report = memprof::Report::default();
    /// for thread in &report.threads {
    ///     println!("{}: {} allocations", thread.name, thread.self_allocated_count);
    /// }
    /// ```
    pub struct Thread {
        /// Name of the (last) thread, or a substitute.
        name: String,
        /// Threads that this row served.
        threads_served: u64,
        /// Bytes allocated.
        self_allocated_bytes: u64,
        /// Allocations.
        self_allocated_count: u64,
        /// Bytes deallocated.
        self_deallocated_bytes: u64,
        /// Frees.
        self_deallocated_count: u64,
        /// Allocated − deallocated; negative if blocks of another thread were deallocated.
        self_net_bytes: i64,
    }
}
