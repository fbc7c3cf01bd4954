//! Measurements of closures and futures.

use super::figures::{Measured, MeasuredFunction};
use crate::profile::ReportingGuard;
use crate::scope::site_name;
use crate::size;
use crate::sorted;
use crate::tracker::{self, AT_ONCE, Ended, MeasuredSpan, Measurement, Reading, Refused, Site};
use std::collections::HashMap;
use std::future::poll_fn;
use std::panic::Location;
use std::pin::pin;

/// Name of the row for which no tracked function was the innermost one.
pub(super) const OUTSIDE: &str = "(outside tracked functions)";

/// A finished measurement, before it is put into words.
pub(super) struct MeasuredRun {
    pub(super) ended: Ended,
    pub(super) sum: Reading,
    pub(super) peak: u64,
}

/// Measures a closure. Its value is in [`Measured::value`].
///
/// Cost: two passes over the call paths of every thread, and a table of the earlier counts of its own call paths: some
/// microseconds in a usual test binary. The list of functions in the result is allocated after the closure, and is part
/// of an enclosing measurement.
///
/// ```
/// # #[global_allocator]
/// # static ALLOC: memprof::AllocationTracker = memprof::AllocationTracker::system();
/// let measured = memprof::testing::measure(|| std::hint::black_box(vec![7u8; 1000]));
/// assert_eq!((measured.allocated_bytes, measured.net_bytes, measured.peak_bytes), (1000, 1000, 1000));
/// println!("{measured}");
/// ```
///
/// # Panics
/// If nothing can be measured: without the tracker as global allocator (the message shows the two lines that install
/// it), with `enabled = false`, or with more than 64 measurements at once. Also if work that belongs to the measurement
/// could not be counted.
#[track_caller]
pub fn measure<R>(work: impl FnOnce() -> R) -> Measured<R> {
    let (value, run) = run(false, work);
    measured(value, run, Location::caller())
}

/// Measures a future: its polls and its drop, on any thread. As [`measure`], from this call on.
///
/// Other work of the runtime, such as the tasks that the future spawns, is not included; see the page on
/// [testing](super).
///
/// ```
/// # #[global_allocator]
/// # static ALLOC: memprof::AllocationTracker = memprof::AllocationTracker::system();
/// # let runtime = tokio::runtime::Runtime::new()?;
/// # runtime.block_on(async {
/// let measured = memprof::testing::measure_async(async { std::hint::black_box(vec![7u8; 1000]).len() }).await;
/// assert_eq!((measured.value, measured.allocated_bytes, measured.net_bytes), (1000, 1000, 0));
/// # });
/// # Ok::<(), std::io::Error>(())
/// ```
///
/// # Panics
/// As [`measure`].
#[track_caller]
pub fn measure_async<F: Future>(future: F) -> impl Future<Output = Measured<F::Output>> + use<F> {
    let (measurement, place) = (begin(false), Location::caller());
    async move {
        let (value, run) = run_async(measurement, future).await;
        measured(value, run, place)
    }
}

/// Begins a measurement, or panics with the reason why it cannot.
#[track_caller]
pub(super) fn begin(leaks: bool) -> Measurement {
    match Measurement::begin(leaks) {
        Ok(measurement) => measurement,
        Err(refused) => panic!("memprof: nothing can be measured: {}", words(refused)),
    }
}

#[track_caller]
pub(super) fn run<R>(leaks: bool, work: impl FnOnce() -> R) -> (R, MeasuredRun) {
    let measurement = begin(leaks);
    let mut span = MeasuredSpan::default();
    let inside = measurement.enter(&mut span);
    let value = work();
    drop(inside);
    (value, MeasuredRun::new(measurement, span))
}

pub(super) async fn run_async<F: Future>(measurement: Measurement, future: F) -> (F::Output, MeasuredRun) {
    let mut span = MeasuredSpan::default();
    let value = within(&measurement, &mut span, future).await;
    (value, MeasuredRun::new(measurement, span))
}

/// Polls a future within a measurement.
#[allow(clippy::redundant_async_block, reason = "it is what drops the future when it is done")]
pub(super) async fn within<F: Future>(measurement: &Measurement, span: &mut MeasuredSpan, future: F) -> F::Output {
    // Dropped by the poll that ends it, and so within the measurement.
    let mut future = pin!(async move { future.await });
    poll_fn(|context| {
        let _inside = measurement.enter(span);
        future.as_mut().poll(context)
    })
    .await
}

impl MeasuredRun {
    pub(super) fn new(measurement: Measurement, span: MeasuredSpan) -> Self {
        let mut ended = measurement.end();
        let sum = ended.sum();
        Self { ended, sum, peak: span.peak.max(0) as u64 }
    }

    /// Message if the measurement is incomplete.
    pub(super) fn defect(&self) -> Option<String> {
        let missed = self.ended.missed();
        (missed > 0).then(|| {
            format!(
                "memprof: some work of this measurement could not be counted ({}): its thread had too many call paths \
                 or open scopes, or had ended",
                size::plural(missed, "time")
            )
        })
    }

    /// Each function's own figures.
    pub(super) fn functions(&mut self) -> Vec<MeasuredFunction> {
        let mut sums: HashMap<usize, (Option<&'static Site>, Reading)> = HashMap::new();
        self.ended.each(|site, reading| {
            if reading.is_used() {
                let sum = &mut sums.entry(key(site)).or_insert((site, Reading::default())).1;
                *sum = sum.plus(&reading);
            }
        });
        let mut functions: Vec<MeasuredFunction> = sums
            .into_values()
            .map(|(site, own)| {
                let (name, file, line) = name(site);
                MeasuredFunction {
                    name,
                    file,
                    line,
                    allocated_bytes: own.allocated.bytes,
                    allocated_count: own.allocated.count,
                    deallocated_bytes: own.deallocated.bytes,
                    deallocated_count: own.deallocated.count,
                    net_bytes: own.net_bytes(),
                }
            })
            .collect();
        sorted::by(&mut functions, |a, b| b.allocated_bytes.cmp(&a.allocated_bytes).then_with(|| a.name.cmp(&b.name)));
        functions
    }
}

/// Identity of a function.
pub(super) fn key(site: Option<&'static Site>) -> usize {
    site.map_or(0, |site| std::ptr::from_ref(site).addr())
}

/// Name, file and line of a function.
pub(super) fn name(site: Option<&'static Site>) -> (String, String, u32) {
    match site {
        Some(site) => (site_name::path(site).with_trait, site.file.to_owned(), site.line),
        None => (OUTSIDE.to_owned(), String::new(), 0),
    }
}

fn measured<R>(value: R, mut run: MeasuredRun, place: &'static Location<'static>) -> Measured<R> {
    let scope = ReportingGuard::begin();
    let functions = run.functions();
    let defect = run.defect();
    let MeasuredRun { ended, sum, peak } = run;
    // Returns the measurement's slot before anything can panic.
    drop((ended, scope));
    if let Some(defect) = defect {
        panic!("{defect}; measured at {place}");
    }
    Measured {
        value,
        allocated_bytes: sum.allocated.bytes,
        allocated_count: sum.allocated.count,
        deallocated_bytes: sum.deallocated.bytes,
        deallocated_count: sum.deallocated.count,
        net_bytes: sum.net_bytes(),
        net_count: sum.net_count(),
        peak_bytes: peak,
        reallocated_count: sum.reallocations.reallocated_count,
        grown_bytes: sum.reallocations.grown_bytes,
        functions,
    }
}

fn words(refused: Refused) -> String {
    match refused {
        Refused::NotInstalled => {
            "the tracker is not installed; put these two lines into the test binary (the file in tests/, or \
             lib.rs or main.rs below #[cfg(test)]):\n\n    #[global_allocator]\n    static ALLOC: \
             memprof::AllocationTracker = memprof::AllocationTracker::system();\n"
                .to_owned()
        }
        Refused::Off => {
            "profiling is off on this thread: a profile was started with `enabled = false`, or the thread is \
             ending"
                .to_owned()
        }
        Refused::AllTaken => format!(
            "{AT_ONCE} measurements are running, or have ended while a thread was still working in them; run fewer at \
             once, and wait for the threads that a measurement starts"
        ),
        Refused::TooManyPaths => format!(
            "this thread has reached the limit of call paths ({}); measure in a separate thread or process",
            tracker::MAX_NODES
        ),
        Refused::Sampled => {
            "the running profile records only a sample of the live blocks, so single blocks cannot be checked; \
             set `sample_interval_bytes = 1` and a larger `max_tracked_allocations`"
                .to_owned()
        }
        Refused::NoMemory => "the system has no memory for it".to_owned(),
    }
}
