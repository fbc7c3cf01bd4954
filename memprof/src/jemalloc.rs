//! jemalloc as the inner allocator: its options and its statistics.
//!
//! Each function takes the name of the inner allocator, as in reports, and does nothing if that is not jemalloc: the
//! profiler calls them with and without the feature `jemalloc`.

#[cfg(feature = "jemalloc")]
pub use tikv_jemallocator::Jemalloc;

#[cfg(feature = "profiling")]
use crate::{config, report::data::JemallocStatistics};

/// Name of jemalloc as an inner allocator.
#[cfg(feature = "profiling")]
pub(crate) const NAME: &str = "jemalloc";

/// Sets jemalloc's options, and returns a warning for each that cannot apply.
///
/// `abort_on_oom` is not included: the tracker implements it for every inner allocator. An option that is false leaves
/// jemalloc as it is, so that settings of `_RJEM_MALLOC_CONF` stay in effect.
#[cfg(feature = "profiling")]
pub(crate) fn apply(options: &config::Jemalloc, inner: &str) -> Vec<String> {
    let mut warnings = Vec::new();
    let mut warn = |key: &str, reason: &str| warnings.push(format!("[jemalloc] {key} has no effect: {reason}"));
    if inner == NAME {
        if options.background_thread
            && let Err(reason) = control::start_background_threads()
        {
            warn("background_thread", &reason);
        }
    } else {
        let reason = format!("the inner allocator is {inner}; choose #[memprof::main(allocator = jemalloc)]");
        for (key, wanted) in [("background_thread", options.background_thread), ("stats_print", options.stats_print)] {
            if wanted {
                warn(key, &reason);
            }
        }
    }
    warnings
}

/// jemalloc's current figures; `None` if it is not the inner allocator.
///
/// Advances jemalloc's epoch, which locks and merges the statistics of every arena: once per report.
#[cfg(feature = "profiling")]
pub(crate) fn statistics(inner: &str) -> Option<JemallocStatistics> {
    if inner == NAME { control::statistics() } else { None }
}

/// jemalloc's own statistics as text, for a file beside the reports; `None` if it is not the inner allocator.
#[cfg(feature = "profiling")]
pub(crate) fn stats_print(inner: &str) -> Option<Vec<u8>> {
    if inner == NAME { control::stats_print() } else { None }
}

#[cfg(all(feature = "profiling", feature = "jemalloc"))]
mod control {
    use tikv_jemalloc_ctl::{background_thread, epoch, stats, stats_print};

    use crate::report::data::JemallocStatistics;

    pub(super) fn start_background_threads() -> Result<(), String> {
        let failed = |error| format!("jemalloc has no background threads on this platform ({error})");
        background_thread::write(true).map_err(failed)?;
        match background_thread::read() {
            Ok(true) => Ok(()),
            Ok(false) => Err(String::from("jemalloc did not switch it on")),
            Err(error) => Err(failed(error)),
        }
    }

    pub(super) fn statistics() -> Option<JemallocStatistics> {
        epoch::advance().ok()?;
        let bytes = |figure: tikv_jemalloc_ctl::Result<usize>| figure.ok().and_then(|bytes| u64::try_from(bytes).ok());
        Some(JemallocStatistics {
            allocated: bytes(stats::allocated::read())?,
            active: bytes(stats::active::read())?,
            resident: bytes(stats::resident::read())?,
            mapped: bytes(stats::mapped::read())?,
            retained: bytes(stats::retained::read())?,
            metadata: bytes(stats::metadata::read())?,
        })
    }

    pub(super) fn stats_print() -> Option<Vec<u8>> {
        let mut text = Vec::new();
        stats_print::stats_print(&mut text, stats_print::Options::default()).ok()?;
        Some(text)
    }
}

/// Without the feature no inner allocator is jemalloc, so none of this is reached.
#[cfg(all(feature = "profiling", not(feature = "jemalloc")))]
mod control {
    use crate::report::data::JemallocStatistics;

    pub(super) fn start_background_threads() -> Result<(), String> {
        Err(String::from("memprof was built without its feature `jemalloc`"))
    }

    pub(super) fn statistics() -> Option<JemallocStatistics> {
        None
    }

    pub(super) fn stats_print() -> Option<Vec<u8>> {
        None
    }
}

#[cfg(all(test, feature = "profiling"))]
#[allow(unsafe_code, reason = "the test calls the allocator itself")]
mod tests {
    use super::*;

    fn all() -> config::Jemalloc {
        config::Jemalloc { background_thread: true, abort_on_oom: true, stats_print: true }
    }

    #[test]
    fn another_allocator_is_a_warning_for_each_option_that_is_set() {
        assert_eq!(
            apply(&all(), "system"),
            ["background_thread", "stats_print"].map(|key| format!(
                "[jemalloc] {key} has no effect: the inner allocator is system; \
                 choose #[memprof::main(allocator = jemalloc)]"
            ))
        );
        assert_eq!(apply(&config::Jemalloc::default(), "system"), Vec::<String>::new());
        assert_eq!((statistics("system"), stats_print("system")), (None, None));
    }

    #[cfg(not(feature = "jemalloc"))]
    #[test]
    fn without_the_feature_nothing_is_claimed() {
        assert_eq!(apply(&all(), NAME).len(), 1);
        assert_eq!((statistics(NAME), stats_print(NAME)), (None, None));
    }

    /// The test binary has another global allocator, so jemalloc is called directly.
    #[cfg(feature = "jemalloc")]
    #[test]
    fn the_statistics_are_of_now() {
        use std::alloc::{GlobalAlloc, Layout};
        const BYTES: u64 = 32 << 20;
        let layout = Layout::from_size_align(BYTES as usize, 16).unwrap();
        let before = statistics(NAME).unwrap();
        // SAFETY: the layout is not of size zero.
        let block = unsafe { Jemalloc.alloc_zeroed(layout) };
        let during = statistics(NAME).unwrap();
        // SAFETY: the block is from this allocator and this layout, and is not used any more.
        unsafe { Jemalloc.dealloc(block, layout) };
        let after = statistics(NAME).unwrap();
        // Not to the byte: jemalloc itself allocates in other tests of this process.
        assert!(during.allocated > before.allocated + BYTES / 2, "{before:?} {during:?}");
        assert!(after.allocated + BYTES / 2 < during.allocated, "{during:?} {after:?}");
        assert!(during.allocated <= during.active && during.active <= during.mapped, "{during:?}");
        assert!(during.metadata > 0 && during.resident > 0);
    }

    #[cfg(feature = "jemalloc")]
    #[test]
    fn the_text_is_what_jemalloc_prints() {
        let text = String::from_utf8(stats_print(NAME).unwrap()).unwrap();
        assert!(text.starts_with("___ Begin jemalloc statistics ___"), "{text}");
        assert!(text.trim_end().ends_with("--- End jemalloc statistics ---"), "{text}");
        assert!(text.contains("Allocated: "), "{text}");
    }

    #[cfg(all(feature = "jemalloc", target_os = "linux"))]
    #[test]
    fn background_threads_run_once_asked_for() {
        use tikv_jemalloc_ctl::background_thread;
        assert_eq!(apply(&config::Jemalloc::default(), NAME), Vec::<String>::new());
        assert!(!background_thread::read().unwrap(), "false leaves jemalloc as it was");
        assert_eq!(apply(&all(), NAME), Vec::<String>::new());
        assert!(background_thread::read().unwrap());
        background_thread::write(false).unwrap();
    }
}
