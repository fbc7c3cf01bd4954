//! The same names without the feature `profiling`: programs compile unchanged, nothing is counted, and no code remains.

#[cfg(not(feature = "report"))]
use crate::Format;
use crate::config::Loaded;
use crate::{Error, MemoryStats, Report, Written};

/// One annotated function or named block: empty.
#[derive(Debug)]
pub struct Site;

impl Site {
    /// A site without contents.
    pub const fn named(_name: &'static str, _file: &'static str, _line: u32) -> Self {
        Self
    }
}

/// A guard without a scope.
#[must_use = "a scope ends when its guard is dropped: bind it with `let _scope = …`"]
#[derive(Debug)]
pub struct Guard(());

/// Opens no scope.
#[inline(always)]
pub fn enter_block(_site: &'static Site) -> Guard {
    Guard(())
}

/// A context without contents, because the feature `profiling` is off.
#[derive(Clone, Debug)]
pub struct Context(());

impl Context {
    /// Captures nothing.
    #[inline(always)]
    pub fn current() -> Self {
        Self(())
    }

    /// Returns this context.
    #[inline(always)]
    #[must_use = "the label belongs to the context that is returned"]
    pub fn with_label(self, _key: &str, _value: &str) -> Self {
        self
    }

    /// Calls `work`.
    #[inline(always)]
    pub fn scope<R>(&self, work: impl FnOnce() -> R) -> R {
        work()
    }

    /// Returns `work`.
    #[inline(always)]
    pub fn wrap<F, R>(&self, work: F) -> impl FnOnce() -> R + use<F, R>
    where
        F: FnOnce() -> R,
    {
        work
    }

    /// Returns `work`.
    #[inline(always)]
    pub fn wrap_fn<F, A, R>(&self, work: F) -> impl Fn(A) -> R + use<F, A, R>
    where
        F: Fn(A) -> R,
    {
        work
    }

    /// Returns `work`.
    #[inline(always)]
    pub fn wrap_fn2<F, A, B, R>(&self, work: F) -> impl Fn(A, B) -> R + use<F, A, B, R>
    where
        F: Fn(A, B) -> R,
    {
        work
    }

    /// Returns `future`.
    #[inline(always)]
    pub fn wrap_future<F: Future>(&self, future: F) -> impl Future<Output = F::Output> + use<F> {
        future
    }
}

/// Calls `work`.
#[inline(always)]
pub fn labelled<R>(_key: &str, _value: &str, work: impl FnOnce() -> R) -> R {
    work()
}

/// A label without contents.
#[inline(always)]
pub fn label(_key: &str, _value: &str) -> Label {
    Label(())
}

/// A label without contents, because the feature `profiling` is off.
#[derive(Clone, Debug)]
pub struct Label(());

impl Label {
    /// Returns `future`.
    #[inline(always)]
    pub fn wrap_future<F: Future>(&self, future: F) -> impl Future<Output = F::Output> + use<F> {
        future
    }
}

/// A meter that counts nothing, because the feature `profiling` is off.
#[derive(Clone, Debug, Default)]
pub struct Meter(());

impl Meter {
    /// A meter without contents.
    #[inline(always)]
    pub fn new() -> Self {
        Self(())
    }

    /// Calls `work`.
    #[inline(always)]
    pub fn run<R>(&self, work: impl FnOnce() -> R) -> R {
        work()
    }

    /// Returns `future`.
    #[inline(always)]
    pub fn wrap_future<F: Future>(&self, future: F) -> impl Future<Output = F::Output> + use<F> {
        future
    }

    /// 0.
    #[inline(always)]
    pub fn allocated(&self) -> u64 {
        0
    }

    /// 0.
    #[inline(always)]
    pub fn net(&self) -> i64 {
        0
    }

    /// 0.
    #[inline(always)]
    pub fn peak(&self) -> u64 {
        0
    }

    /// False.
    #[inline(always)]
    pub fn is_over(&self, _bytes: u64) -> bool {
        false
    }
}

/// Returns `future`.
#[inline(always)]
pub fn track<F: Future>(_name: &'static str, future: F) -> impl Future<Output = F::Output> + use<F> {
    future
}

/// Does nothing.
#[inline(always)]
pub fn mark(_name: &str) {}

/// Does nothing: nothing is counted without the feature `profiling`.
#[inline(always)]
pub fn items(_count: usize) {}

/// All zero: nothing is counted without the feature `profiling`.
#[inline(always)]
pub fn memory_stats() -> MemoryStats {
    MemoryStats::default()
}

/// A profile that records nothing, because the feature `profiling` is off.
#[derive(Debug)]
#[must_use = "a profile ends when its `Profiler` is dropped: bind it with `let profiler = …`"]
pub struct Profiler(());

impl Profiler {
    /// Starts nothing.
    ///
    /// # Errors
    /// None.
    #[inline(always)]
    pub fn start(_config: impl Into<Loaded>) -> Result<Profiler, Error> {
        Ok(Profiler(()))
    }

    /// An empty report.
    pub fn report(&self) -> Report {
        Report::default()
    }

    /// Writes nothing.
    ///
    /// # Errors
    /// Always [`Error::NotRunning`].
    pub fn finish(self) -> Result<Written, Error> {
        Err(Error::NotRunning)
    }
}

/// Writes nothing.
///
/// # Errors
/// Always [`Error::NotRunning`].
pub fn write_report() -> Result<Written, Error> {
    Err(Error::NotRunning)
}

/// Ends the process with a status.
pub fn exit(code: i32) -> ! {
    std::process::exit(code)
}

#[cfg(not(feature = "report"))]
impl Report {
    /// An empty object: nothing is recorded without the feature `profiling`.
    pub fn to_json(&self) -> String {
        "{}".to_owned()
    }

    /// Writes the text of [`Report::to_json`] and a line end.
    ///
    /// # Errors
    /// The error of `out`.
    pub fn write_json(&self, mut out: impl std::io::Write) -> std::io::Result<()> {
        out.write_all(b"{}\n")
    }

    /// Nothing: no format is written without the feature `report`.
    pub fn to_format(&self, _format: Format) -> Vec<u8> {
        Vec::new()
    }

    /// Writes nothing.
    ///
    /// # Errors
    /// None.
    pub fn write_format(&self, _format: Format, _out: impl std::io::Write) -> std::io::Result<()> {
        Ok(())
    }
}
