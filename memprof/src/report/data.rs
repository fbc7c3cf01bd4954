//! Contents of a report: plain owned data, named as in the JSON (schema 1).
//!
//! Sizes are whole bytes. A field that ends in `_mb` repeats a size as a float in MB (1 MB = 2^20 bytes), for people.
//! An unknown figure is `None` (`null` in JSON), never 0.

/// Version of the JSON layout that this library writes and reads.
///
/// ```
/// let text = memprof::Report::default().to_json();
/// assert!(text.contains("\"schema_version\": 0"), "an empty report has no version");
/// assert_eq!(memprof::report::data::SCHEMA_VERSION, 1);
/// ```
pub const SCHEMA_VERSION: u32 = 1;

/// Declares rows: their types, `Serialize`, and `Deserialize` with the feature `serde`.
///
/// `as "name"`: the name in JSON, if it is a Rust keyword. `= default`: a later field, which older reports lack.
macro_rules! data {
    ($($(#[$meta:meta])* pub struct $name:ident {
        $($(#[$field_meta:meta])* $field:ident: $type:ty $(as $json:literal)? $(= $missing:ident)?,)*
    })*) => {$(
        $(#[$meta])*
        #[derive(Clone, Debug, Default, PartialEq)]
        #[non_exhaustive]
        pub struct $name {
            $(
                $(#[$field_meta])*
                pub $field: $type,
            )*
        }

        #[cfg(feature = "report")]
        const _: () = {
            use crate::report::data::field::{Field, Fields, Row, Value};
            use serde_core::{Serialize, Serializer};

            impl Row for $name {
                fn name(&self) -> &'static str {
                    stringify!($name)
                }

                fn with_fields(&self, take: &mut dyn FnMut(&Fields<'_>)) {
                    take(&[$((data!(@name $field $($json)?), &self.$field),)*]);
                }
            }

            impl Field for $name {
                fn value(&self) -> Value<'_> {
                    Value::Row(self)
                }
            }

            impl Serialize for $name {
                fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                    Value::Row(self).serialize(serializer)
                }
            }
        };

        #[cfg(all(feature = "report", any(test, feature = "serde")))]
        const _: () = {
            use crate::report::data::read::{FieldNames, ReportPlace, Read};
            use serde_core::de::{Deserialize, Deserializer, MapAccess, SeqAccess, Visitor};

            const NAMES: &[&str] = &[$(data!(@name $field $($json)?)),*];

            struct FieldVisitor<'p>(&'p ReportPlace<'p>);

            impl<'de> Visitor<'de> for FieldVisitor<'_> {
                type Value = $name;

                fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                    f.write_str("an object")
                }

                fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<$name, A::Error> {
                    $(let mut $field: Option<$type> = None;)*
                    while let Some(name) = map.next_key_seed(FieldNames(NAMES))? {
                        match name {
                            $(Some(data!(@name $field $($json)?)) => {
                                self.0.read_value(data!(@name $field $($json)?), &mut $field, &mut map)?;
                            })*
                            // A field of a later version.
                            _ => drop(map.next_value::<serde_core::de::IgnoredAny>()?),
                        }
                    }
                    Ok($name { $($field: data!(@given self, data!(@name $field $($json)?), $field, $($missing)?),)* })
                }

                fn visit_seq<A: SeqAccess<'de>>(self, mut sequence: A) -> Result<$name, A::Error> {
                    self.0.check_order::<A::Error>(&self)?;
                    Ok($name { $($field: self.0.next_item(data!(@name $field $($json)?), &mut sequence)?,)* })
                }
            }

            impl Read for $name {
                fn read<'de, D: Deserializer<'de>>(from: D, place: &ReportPlace<'_>) -> Result<Self, D::Error> {
                    from.deserialize_struct(stringify!($name), NAMES, FieldVisitor(place))
                }
            }

            impl<'de> Deserialize<'de> for $name {
                fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                    Self::read(deserializer, &ReportPlace::untraced())
                }
            }
        };
    )*};
    (@name $field:ident $json:literal) => { $json };
    (@name $field:ident) => { stringify!($field) };
    (@given $self:ident, $name:expr, $value:ident, default) => { $value.unwrap_or_default() };
    (@given $self:ident, $name:expr, $value:ident,) => { $self.0.given($name, $value)? };
}

mod at_limit;
#[cfg(feature = "report")]
pub(crate) mod field;
mod findings;
mod functions;
mod labels;
mod live;
mod merged;
mod peak;
#[cfg(all(feature = "report", any(test, feature = "serde")))]
pub(super) mod read;
mod settings;
mod timeline;

pub use at_limit::AtLimit;
#[cfg(feature = "report")]
#[cfg_attr(not(feature = "profiling"), allow(unused_imports))]
pub(crate) use at_limit::reason;
pub use findings::Finding;
pub use functions::{
    Budget, CallTreeNode, Distribution, Function, Items, LargeFuture, Thread, Unattributed, Violations, Window,
    WorstCall,
};
pub use labels::LabelRow;
pub use live::{Frame, Live, LiveGroup, NetRise};
#[cfg(feature = "report")]
pub(crate) use live::{cause, expected, growth, verdict};
pub use merged::{Merged, MergedTimeline, TestRow};
pub use peak::{InFlight, PeakFunction, PeakPicture};
pub use settings::Settings;
pub use timeline::{Timeline, TimelineMark, TimelinePoint};

data! {
    /// One report: the allocated, deallocated and live memory of the process and of each tracked function.
    ///
    /// The sum of the `self_*` columns over `functions`, plus `unattributed`, equals `totals` to the byte.
    ///
    /// ```
    /// let mut config = memprof::Config::default();
    /// config.memory_profiling.dump_on_exit = false; // No files.
    /// let report = memprof::Profiler::start(config)?.report();
    /// let own: u64 = report.functions.iter().map(|function| function.self_allocated_bytes).sum();
    /// assert_eq!(own + report.unattributed.self_allocated_bytes, report.totals.allocated_bytes);
    /// # Ok::<(), memprof::Error>(())
    /// ```
    pub struct Report {
        /// Layout of this report: 1.
        schema_version: u32,
        /// The program, and the time of the run.
        program: Program,
        /// The allocator beneath the tracker.
        allocator: Allocator,
        /// Sentences that a user can act on, worst first. Empty if there is nothing to say, and in older reports.
        findings: Vec<Finding> = default,
        /// Figures of the whole process.
        totals: Totals,
        /// One row for each tracked function that was called.
        functions: Vec<Function>,
        /// Memory allocated and deallocated outside every tracked function.
        unattributed: Unattributed,
        /// Memory of labelled work, by key and value. Each key divides the same memory. Empty without labels, and in
        /// older reports.
        labels: Vec<LabelRow> = default,
        /// The same figures by call path.
        call_tree: Vec<CallTreeNode>,
        /// The same figures by thread. Threads that do not overlap can share a row.
        threads: Vec<Thread>,
        /// Live memory: allocated and not yet deallocated.
        live: Live,
        /// jemalloc's own statistics, if it is the inner allocator.
        jemalloc: Option<JemallocStatistics>,
        /// The operating system's figures of the process.
        os: Os,
        /// Memory at a threshold of `[limits]`, in a report that was written because of it. `None` in any other report.
        limit: Option<AtLimit> = default,
        /// The course of the run. `None` with `timeline_points = 0`, and in older reports.
        timeline: Option<Timeline> = default,
        /// The heap at its highest. `None` without a picture of it, with `peak_step_percent = 0`, and in older reports.
        peak: Option<PeakPicture> = default,
        /// Configuration of the run. `None` in older reports.
        settings: Option<Settings> = default,
        /// The reports of which this one is the sum. `None` in a report of one process, and in older reports.
        merged: Option<Merged> = default,
        /// Memory of each test, written by `cargo memprof test`. Empty in any other report.
        tests: Vec<TestRow> = default,
        /// Figures that were the same in several runs, such as `totals.allocated_bytes` or
        /// `shop::search.self_allocated_bytes`, written by `cargo memprof run --repeat`. Empty in any other report.
        repeats: Vec<String> = default,
        /// Cost of the profiler itself.
        overhead: Overhead,
        /// Gaps in this report, in sentences.
        warnings: Vec<String>,
    }

    /// The program that was profiled.
    ///
    /// ```
    /// # let report = memprof::Report::default();
    /// if !report.program.is_final {
    ///     println!("{} is still running, since {}", report.program.name, report.program.started_at);
    /// }
    /// ```
    pub struct Program {
        /// File name of the executable.
        name: String,
        /// Process id.
        pid: u32,
        /// Id of this profile: the same in all its reports and different in those of any other profile. Other processes
        /// use it to judge if the run is over. Empty in older reports.
        run: String = default,
        /// True in the last report of a profile; false in a report of a program that continues, and in older reports.
        is_final: bool as "final" = default,
        /// Name of the machine, if it has one.
        host: Option<String> = default,
        /// Version of the program's package. `None` without `#[memprof::main]`, and in older reports.
        version: Option<String> = default,
        /// Build id of the executable, which the linker gives it. `None` if it has none, and in older reports.
        build: Option<String> = default,
        /// Command line arguments without the program's own name. Empty with `[reporting] program_args = false`.
        args: Vec<String>,
        /// Start of the profile, RFC 3339, UTC.
        started_at: String,
        /// Seconds from the start of the profile to this report.
        duration_seconds: f64,
    }

    /// The allocator beneath the tracker.
    ///
    /// ```
    /// # let report = memprof::Report::default();
    /// if !report.allocator.installed {
    ///     println!("nothing was counted: the global allocator is not memprof's");
    /// }
    /// ```
    pub struct Allocator {
        /// True if the tracker is the program's global allocator. If not, every figure of this report is empty.
        installed: bool,
        /// The inner allocator: `system`, `jemalloc`, or a path.
        inner: String,
        /// Bytes in use, as the inner allocator counts: the live heap, what C code has allocated from the same
        /// allocator, and its own overhead. `None` if it does not tell, and in older reports.
        in_use_bytes: Option<u64> = default,
        /// Free memory that the inner allocator holds, bytes. Some of it may not be resident. `None` likewise.
        held_bytes: Option<u64> = default,
        /// Source of the two: `glibc mallinfo2` or `jemalloc`.
        held_source: Option<String> = default,
    }

    /// The figures of the whole process.
    ///
    /// ```
    /// # let totals = memprof::Report::default().totals;
    /// println!("peak {:.1} MB, {} blocks live", totals.peak_mb, totals.net_count);
    /// assert_eq!(totals.net_bytes, totals.allocated_bytes as i64 - totals.deallocated_bytes as i64);
    /// ```
    pub struct Totals {
        /// Bytes asked for: every allocation, and the full new size of every successful reallocation.
        allocated_bytes: u64,
        /// Allocations (a reallocation counts as one).
        allocated_count: u64,
        /// Bytes given back: every free, and the old size of every successful reallocation.
        deallocated_bytes: u64,
        /// Frees (a reallocation counts as one).
        deallocated_count: u64,
        /// Allocated − deallocated, bytes.
        net_bytes: i64,
        /// Allocated − deallocated, blocks.
        net_count: i64,
        /// Highest net in bytes, correct to `peak_error_bytes`.
        peak_bytes: u64,
        /// Error bound of `peak_bytes`.
        peak_error_bytes: u64,
        /// Reallocations.
        reallocated_count: u64,
        /// Growth by reallocations: the sum of max(0, new − old).
        grown_bytes: u64,
        /// Sum of the old sizes of the reallocations that grew: the most that growing moved.
        copied_bytes: u64 = default,
        /// `allocated_bytes` in MB.
        allocated_mb: f64,
        /// `deallocated_bytes` in MB.
        deallocated_mb: f64,
        /// `net_bytes` in MB.
        net_mb: f64,
        /// `peak_bytes` in MB.
        peak_mb: f64,
    }

    /// jemalloc's own statistics, bytes (see `stats.*` in its manual).
    ///
    /// ```
    /// # let report = memprof::Report::default();
    /// if let Some(jemalloc) = &report.jemalloc {
    ///     println!("{} bytes in pages, {} of them in blocks", jemalloc.resident, jemalloc.allocated);
    /// }
    /// ```
    pub struct JemallocStatistics {
        /// Allocated by the application.
        allocated: u64,
        /// In active pages.
        active: u64,
        /// In physically resident data pages.
        resident: u64,
        /// In active extents mapped by the allocator.
        mapped: u64,
        /// In virtual memory mappings that were retained instead of returned.
        retained: u64,
        /// Used by the allocator itself.
        metadata: u64,
    }

    /// The operating system's figures of the process.
    ///
    /// ```
    /// # let report = memprof::Report::default();
    /// if let Some(rss) = report.os.rss_bytes {
    ///     println!("{} bytes are not the heap's", rss as i64 - report.totals.net_bytes);
    /// }
    /// ```
    pub struct Os {
        /// Resident set size now, bytes.
        rss_bytes: Option<u64>,
        /// Highest resident set size so far, bytes.
        peak_rss_bytes: Option<u64>,
        /// Resident anonymous pages: heap, stacks, private copies of files' pages. `None` if the system does not tell,
        /// and in older reports.
        anonymous_bytes: Option<u64> = default,
        /// Resident pages of files, which the system can drop when it needs memory. `None` likewise.
        file_bytes: Option<u64> = default,
        /// Resident pages of shared memory. `None` likewise.
        shared_bytes: Option<u64> = default,
        /// Resident stacks of the program's threads, as far as they have allocated. They are part of `anonymous_bytes`.
        /// `None` likewise.
        stack_bytes: Option<u64> = default,
        /// Lowest limit of the process's memory.
        limit_bytes: Option<u64> = default,
        /// Source of `limit_bytes`: `cgroup v2 memory.max`, `cgroup v1 memory.limit_in_bytes`, `RLIMIT_AS`,
        /// `RLIMIT_DATA` or `physical memory`.
        limit_source: Option<String> = default,
    }

    /// Ordinary allocations of the profiler before this report began. Blocks of earlier reports that the program still
    /// holds are in `unattributed` instead.
    ///
    /// ```
    /// # let report = memprof::Report::default();
    /// let reporting = &report.overhead.reporting;
    /// println!("reports took {} bytes so far, at most {} at once", reporting.allocated_bytes, reporting.peak_bytes);
    /// ```
    pub struct ReportingFigures {
        /// Bytes allocated.
        allocated_bytes: u64,
        /// Allocations.
        allocated_count: u64,
        /// Peak of one report, bytes.
        peak_bytes: u64,
    }

    /// Cost of the profiler itself.
    ///
    /// ```
    /// # let report = memprof::Report::default();
    /// println!("the profiler takes {} KB", report.overhead.profiler_bytes / 1024);
    /// ```
    pub struct Overhead {
        /// System memory of the profiler, bytes; in no other figure.
        profiler_bytes: u64,
        /// Ordinary allocations of the profiler, to make and write reports and for its own thread; in no other figure.
        reporting: ReportingFigures,
        /// Guards that were dropped on another thread or after their scope had been closed.
        misplaced_guards: u64,
        /// Calls without a scope of their own: too many were open on their thread, or there was no memory. Their bytes
        /// are charged to their callers. They are in `calls`, unless there was no memory for their call path.
        scopes_not_opened: u64,
        /// Recorded allocations so far whose stack could not be captured: made on the stack of a coroutine or a signal
        /// handler, near the end of a thread's stack, or by code without unwind tables.
        stacks_not_captured: u64,
        /// Recorded allocations so far without a stack because the stack table was full.
        stacks_without_room: u64,
        /// Stacks so far that were reused from the previous capture and proved wrong. One in 1024 is checked.
        stacks_corrected: u64,
    }
}

impl Report {
    /// Functions with calls that exceeded their budget, and the violations. Empty if no budget was exceeded.
    ///
    /// ```
    /// # let report = memprof::Report::default();
    /// for (function, violations) in report.violations() {
    ///     eprintln!("{}: {} calls beyond their budget", function.name, violations.count);
    /// }
    /// assert_eq!(report.violations().count(), 0);
    /// ```
    pub fn violations(&self) -> impl Iterator<Item = (&Function, &Violations)> {
        self.functions.iter().filter_map(|function| {
            let violations = function.violations.as_ref().filter(|violations| violations.count > 0)?;
            Some((function, violations))
        })
    }
}
