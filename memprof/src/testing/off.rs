//! The same names without the feature `profiling`: closures run, and nothing is counted or checked.

use super::figures::Measured;
use super::outcome::Compare;
use std::fmt;

/// Runs `work`; all figures are 0, because nothing is counted without the feature `profiling`.
#[inline]
pub fn measure<R>(work: impl FnOnce() -> R) -> Measured<R> {
    measured(work())
}

/// Awaits `future`; all figures are 0, because nothing is counted without the feature `profiling`.
#[inline]
pub async fn measure_async<F: Future>(future: F) -> Measured<F::Output> {
    measured(future.await)
}

fn measured<R>(value: R) -> Measured<R> {
    Measured {
        value,
        allocated_bytes: 0,
        allocated_count: 0,
        deallocated_bytes: 0,
        deallocated_count: 0,
        net_bytes: 0,
        net_count: 0,
        peak_bytes: 0,
        reallocated_count: 0,
        grown_bytes: 0,
        functions: Vec::new(),
    }
}

/// No failure exists: assertions check nothing.
#[derive(Debug)]
pub enum Failure {}

impl Failure {
    /// Never called.
    pub fn panic(self, _message: fmt::Arguments<'_>) -> ! {
        match self {}
    }
}

/// Runs `work`.
#[inline]
pub fn allocated<R>(_compare: Compare, _limit: u64, work: impl FnOnce() -> R) -> (R, Option<Failure>) {
    (work(), None)
}

/// Name of a baseline, which nothing is compared with.
#[derive(Clone, Copy, Debug)]
pub struct BaselineOf<'n> {
    /// The user's name.
    pub name: &'n str,
    /// Path of the module.
    pub module: &'static str,
    /// Folder of the package.
    pub package: Option<&'static str>,
}

/// Runs `work`.
#[inline]
pub fn baseline<R>(_of: BaselineOf<'_>, work: impl FnOnce() -> R) -> (R, Option<Failure>) {
    (work(), None)
}

/// Runs `work`.
#[inline]
pub fn leaks<R>(work: impl FnOnce() -> R) -> Option<Failure> {
    drop(work());
    None
}
