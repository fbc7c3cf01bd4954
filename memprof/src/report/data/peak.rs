//! The heap near its highest.

use super::LiveGroup;

data! {
    /// The heap at its highest, as far as there is a picture of that moment.
    ///
    /// ```
    /// # let report = memprof::Report::default();
    /// if let Some(peak) = &report.peak {
    ///     println!("{} of {} bytes at {:.1} s", peak.net_bytes, peak.process_peak_bytes, peak.seconds);
    ///     for function in &peak.functions {
    ///         println!("{} held {:?}, {} in flight", function.name, function.retained_bytes, function.active);
    ///     }
    /// }
    /// ```
    pub struct PeakPicture {
        /// Time of the picture since the profile started.
        seconds: f64,
        /// Net of the process at that moment, bytes: the lower one of those at the picture's beginning and end.
        net_bytes: i64,
        /// Highest net of the process, bytes: `totals.peak_bytes`, or `net_bytes` if that is more. The picture shows the
        /// heap so far below it.
        process_peak_bytes: u64,
        /// True if every block that was allocated since the profile started had a record of its own.
        exact: bool,
        /// Functions that held memory or had calls in flight, those that held most first.
        functions: Vec<PeakFunction>,
        /// Live bytes that no tracked function had allocated, those from before the profile started included.
        unattributed_bytes: u64,
        /// Live blocks by call path and place, the largest first, as `live.groups`, without verdicts and calls. Ages are
        /// those at the picture.
        groups: Vec<LiveGroup>,
        /// Threads with tracked calls in flight. Suspended futures are on no thread: `active` has them.
        in_flight: Vec<InFlight>,
    }

    /// One function at the peak.
    pub struct PeakFunction {
        /// Name of the function.
        name: String,
        /// Live bytes that the function's own code had allocated; an estimate in a sample. `None` if the sample has none
        /// of its blocks.
        retained_bytes: Option<u64>,
        /// Standard error of `retained_bytes`; 0 when exact.
        retained_error_bytes: Option<u64>,
        /// Allocated − deallocated by the function and everything beneath it so far, bytes.
        net_bytes: i64,
        /// Calls that had begun and not ended, suspended futures included.
        active: u64,
    }

    /// A thread with tracked calls in flight.
    pub struct InFlight {
        /// Name of the thread, or a substitute.
        thread: String,
        /// Names of the functions, outermost first. In an entered context the path is the context's.
        path: Vec<String>,
    }
}
