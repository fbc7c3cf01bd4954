//! What a report holds: plain owned data, named as in the JSON (schema 1).
//!
//! Sizes are whole bytes. A field that ends in `_mb` repeats a size as a float in MB (1 MB = 2^20 bytes), for people.
//! What is not known is `None` (`null` in JSON), never 0.

/// The version of the JSON layout that this library writes and reads.
pub const SCHEMA_VERSION: u32 = 1;

/// Declares rows: their types, `Serialize`, and with the feature `serde` `Deserialize`.
///
/// `as "name"`: the name in JSON, where it is a word that Rust keeps for itself. `= default`: a field that came later, which
/// older reports do not have.
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
            use crate::report::data::read::{Names, Place, Read};
            use serde_core::de::{Deserialize, Deserializer, MapAccess, SeqAccess, Visitor};

            const NAMES: &[&str] = &[$(data!(@name $field $($json)?)),*];

            struct Fields<'p>(&'p Place<'p>);

            impl<'de> Visitor<'de> for Fields<'_> {
                type Value = $name;

                fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                    f.write_str("an object")
                }

                fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<$name, A::Error> {
                    $(let mut $field: Option<$type> = None;)*
                    while let Some(name) = map.next_key_seed(Names(NAMES))? {
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
                fn read<'de, D: Deserializer<'de>>(from: D, place: &Place<'_>) -> Result<Self, D::Error> {
                    from.deserialize_struct(stringify!($name), NAMES, Fields(place))
                }
            }

            impl<'de> Deserialize<'de> for $name {
                fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                    Self::read(deserializer, &Place::untraced())
                }
            }
        };
    )*};
    (@name $field:ident $json:literal) => { $json };
    (@name $field:ident) => { stringify!($field) };
    (@given $self:ident, $name:expr, $value:ident, default) => { $value.unwrap_or_default() };
    (@given $self:ident, $name:expr, $value:ident,) => { $self.0.given($name, $value)? };
}

#[cfg(feature = "report")]
mod field;
mod functions;
mod live;
#[cfg(all(feature = "report", any(test, feature = "serde")))]
pub(super) mod read;

pub use functions::{
    Budget, CallTreeNode, Distribution, Function, Thread, Unattributed, Violations, Window, WorstCall,
};
pub use live::{Frame, Live, LiveGroup, NetRise};
#[cfg(feature = "report")]
pub(crate) use live::{cause, expected, growth, verdict};

data! {
    /// One report: what the process and each tracked function allocated, freed and still hold.
    ///
    /// The sum of the `self_*` columns over `functions`, plus `unattributed`, equals `totals` to the byte.
    pub struct Report {
        /// The layout of this report: 1.
        schema_version: u32,
        /// Which program this is, and when it ran.
        program: Program,
        /// Which allocator served it.
        allocator: Allocator,
        /// The whole process.
        totals: Totals,
        /// One row for each tracked function that was called.
        functions: Vec<Function>,
        /// What was allocated and freed outside every tracked function.
        unattributed: Unattributed,
        /// The same figures by call path.
        call_tree: Vec<CallTreeNode>,
        /// The same figures by thread; threads that follow each other can share a row.
        threads: Vec<Thread>,
        /// What is allocated and not yet freed.
        live: Live,
        /// jemalloc's own statistics, where it is the inner allocator.
        jemalloc: Option<JemallocStatistics>,
        /// What the operating system says of the process.
        os: Os,
        /// What the profiler itself takes.
        overhead: Overhead,
        /// What is missing from this report, in sentences.
        warnings: Vec<String>,
    }

    /// The program that was profiled.
    pub struct Program {
        /// File name of the executable.
        name: String,
        /// Process id.
        pid: u32,
        /// Id of this profile: the same in all its reports, and in no other's. Other processes judge by it whether the
        /// run is over. Empty in older reports.
        run: String = default,
        /// True for the report with which the profile ends; false for one of a program that goes on, and for older reports.
        is_final: bool as "final" = default,
        /// Name of the machine, if it has one.
        host: Option<String> = default,
        /// Command line arguments, without the program's own name; empty when `[reporting] program_args = false`.
        args: Vec<String>,
        /// When the profile started, RFC 3339, UTC.
        started_at: String,
        /// Seconds from the start of the profile to this report.
        duration_seconds: f64,
    }

    /// The allocator beneath the tracker.
    pub struct Allocator {
        /// Whether the tracker is the program's global allocator. If not, every figure of this report is empty.
        installed: bool,
        /// The allocator that does the work: `system`, `jemalloc`, or a path.
        inner: String,
    }

    /// The figures of the whole process.
    pub struct Totals {
        /// Bytes asked for: every allocation, and the full new size of every successful reallocation.
        allocated_bytes: u64,
        /// How many allocations (a reallocation is one).
        allocated_count: u64,
        /// Bytes given back: every free, and the old size of every successful reallocation.
        deallocated_bytes: u64,
        /// How many frees (a reallocation is one).
        deallocated_count: u64,
        /// Allocated − deallocated, bytes.
        net_bytes: i64,
        /// Allocated − deallocated, blocks.
        net_count: i64,
        /// The highest net, in bytes, correct to `peak_error_bytes`.
        peak_bytes: u64,
        /// How far `peak_bytes` can be off.
        peak_error_bytes: u64,
        /// How many reallocations.
        reallocated_count: u64,
        /// The sum of what reallocations added: max(0, new − old).
        grown_bytes: u64,
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
    pub struct JemallocStatistics {
        /// Allocated by the application.
        allocated: u64,
        /// In active pages.
        active: u64,
        /// In physically resident data pages.
        resident: u64,
        /// In active extents mapped by the allocator.
        mapped: u64,
        /// In virtual memory mappings that were retained rather than given back.
        retained: u64,
        /// Used by the allocator itself.
        metadata: u64,
    }

    /// What the operating system says of the process.
    pub struct Os {
        /// Resident set size now, bytes.
        rss_bytes: Option<u64>,
        /// Highest resident set size so far, bytes.
        peak_rss_bytes: Option<u64>,
    }

    /// Ordinary allocations of the profiler until this report began. Blocks that a report has left to the program are in
    /// `unattributed` instead.
    pub struct ReportingFigures {
        /// Bytes allocated.
        allocated_bytes: u64,
        /// Allocations.
        allocated_count: u64,
        /// The most that one report held at once, bytes.
        peak_bytes: u64,
    }

    /// What the profiler itself takes.
    pub struct Overhead {
        /// System memory that the profiler holds, bytes; in no other figure.
        profiler_bytes: u64,
        /// Ordinary allocations of the profiler: to make and write reports, and of its own thread. In no other figure.
        reporting: ReportingFigures,
        /// Guards that ended on another thread or in a place where their scope was already closed.
        misplaced_guards: u64,
        /// Calls without a scope of their own: too many were open on their thread, or there was no memory. What they
        /// did is charged to their callers. They are in `calls`, unless there was no memory for their call path.
        scopes_not_opened: u64,
        /// Tracked allocations so far whose stack could not be captured: made on the stack of a coroutine or a signal
        /// handler, near the end of a thread's stack, or by code without unwind tables.
        stacks_not_captured: u64,
        /// Tracked allocations so far whose stack found no room among the stacks that are kept.
        stacks_without_room: u64,
        /// Stacks so far that were taken over from the last one and proved different. One in 1024 is looked at.
        stacks_corrected: u64,
    }
}

impl Report {
    /// The functions of which a call went beyond its budget, and how. Empty: every budget was kept, or there is none.
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
