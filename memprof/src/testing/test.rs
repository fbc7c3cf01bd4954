//! Runs the tests with `#[memprof::test]`.

use super::failure::{Failure, allocated_words, by_allocated, by_net};
use super::leaks::left;
use super::run::{MeasuredRun, begin, run, run_async};
use crate::profile::ReportingGuard;
use crate::size;
use crate::tracker::{Measurement, Reading, Workers};

/// Arguments of the attribute, sizes in bytes.
#[derive(Clone, Copy, Debug, Default)]
pub struct TestLimits {
    /// `max_allocated = "…"`
    pub max_allocated: Option<u64>,
    /// `max_peak = "…"`
    pub max_peak: Option<u64>,
    /// `max_net = "…"`
    pub max_net: Option<u64>,
    /// `max_count = …`
    pub max_count: Option<u64>,
    /// `no_leaks`
    pub no_leaks: bool,
    /// True if the test's runtime has threads of its own.
    pub has_workers: bool,
}

/// Violations of a test that has ended.
#[derive(Debug)]
#[must_use]
pub struct TestVerdict(pub(super) Option<Failure>);

/// An async test that is about to run.
#[derive(Debug)]
pub struct Started {
    limits: TestLimits,
    workers: Option<Workers>,
    measurement: Measurement,
}

impl TestLimits {
    /// Runs the body of a test.
    #[track_caller]
    pub fn run<R>(self, body: impl FnOnce() -> R) -> (R, TestVerdict) {
        let workers = self.workers();
        // Before the measurement ends: it has the only reading that is possible at a time.
        let ((value, others), run) = run(self.no_leaks, || (body(), workers.map(Workers::end)));
        (value, self.verdict(run, others))
    }

    /// Begins an async test, before its body.
    #[track_caller]
    pub fn start(self) -> Started {
        Started { limits: self, workers: self.workers(), measurement: begin(self.no_leaks) }
    }

    pub(super) fn is_empty(&self) -> bool {
        let limits = [self.max_allocated, self.max_peak, self.max_net, self.max_count];
        limits.iter().all(Option::is_none) && !self.no_leaks
    }

    pub(super) fn workers(self) -> Option<Workers> {
        self.has_workers.then(Workers::begin).flatten()
    }

    pub(super) fn verdict(self, mut run: MeasuredRun, others: Option<Reading>) -> TestVerdict {
        let _scope = ReportingGuard::begin();
        let by_others = others.and_then(by_others);
        if let Some(defect) = run.defect() {
            return TestVerdict(Some(Failure(defect)));
        }
        if self.is_empty() {
            // Without limits the test prints its figures, to help choose limits.
            let net = size::exact(run.sum.net_bytes());
            println!("memprof: {}, net {net}, peak {}", allocated_words(&run), size::exact(run.peak));
        }
        let beyond = |figure: u64, limit: Option<u64>| limit.filter(|limit| figure > *limit);
        if let Some(by_others) = &by_others {
            println!("memprof: {by_others}");
        }
        let mut failures = Vec::new();
        let bytes = beyond(run.sum.allocated.bytes, self.max_allocated);
        let count = beyond(run.sum.allocated.count, self.max_count);
        if bytes.is_some() || count.is_some() {
            let bytes = bytes.map(|limit| format!("max_allocated is {}", size::exact(limit)));
            let count = count.map(|limit| format!("max_count is {}", size::plural(limit, "block")));
            let limits: Vec<String> = bytes.into_iter().chain(count).collect();
            let (limits, functions) = (limits.join(", "), by_allocated(&mut run));
            failures.push(format!("memprof: {}; {limits}{functions}", allocated_words(&run)));
        }
        if let Some(limit) = beyond(run.peak, self.max_peak) {
            let (peak, limit) = (size::exact(run.peak), size::exact(limit));
            failures.push(format!(
                "memprof: the peak was {peak}; max_peak is {limit}; allocated by:{}",
                by_allocated(&mut run)
            ));
        }
        if let Some(limit) = beyond(run.sum.net_bytes().max(0) as u64, self.max_net) {
            let (net, limit) = (size::exact(run.sum.net_bytes()), size::exact(limit));
            failures.push(format!("memprof: the net is {net}; max_net is {limit}{}", by_net(&mut run)));
        }
        if self.no_leaks {
            failures.extend(left(&mut run));
            if let Some(by_others) = &by_others {
                failures.push(format!(
                    "memprof: {by_others}, so no_leaks cannot check them; give their tasks the test's `memprof::Context`, or use the \
                     current-thread runtime, `#[tokio::test(flavor = \"current_thread\")]`"
                ));
            }
        } else if !failures.is_empty()
            && let Some(by_others) = by_others
        {
            failures.push(format!("memprof: {by_others}"));
        }
        TestVerdict((!failures.is_empty()).then(|| Failure(failures.join("\n"))))
    }
}

/// Figures of the runtime's other threads meanwhile; `None` if they allocated nothing.
pub(super) fn by_others(sum: Reading) -> Option<String> {
    (sum.allocated.count > 0).then(|| {
        let blocks = size::plural(sum.allocated.count, "block");
        format!("{} in {blocks} by other threads, outside this measurement", size::exact(sum.allocated.bytes))
    })
}

impl Started {
    /// Runs the body of an async test.
    pub async fn run<F: Future>(self, body: F) -> (F::Output, TestVerdict) {
        let Self { limits, workers, measurement } = self;
        let ended = async move { (body.await, workers.map(Workers::end)) };
        let ((value, others), run) = run_async(measurement, ended).await;
        (value, limits.verdict(run, others))
    }
}

impl TestVerdict {
    /// Panics if the test has violated a limit, unless it has failed by itself.
    ///
    /// # Panics
    /// If a limit is exceeded, or blocks are left behind.
    #[track_caller]
    pub fn check(self, has_failed: bool) {
        if let Some(failure) = self.0.filter(|_| !has_failed) {
            failure.panic(format_args!(""));
        }
    }
}
