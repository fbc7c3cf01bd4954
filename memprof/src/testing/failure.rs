//! Assertions about allocated bytes, and their failure messages.

use super::figures::MeasuredFunction;
use super::outcome::Compare;
use super::run::{MeasuredRun, run};
use crate::printable::Printable;
use crate::profile::ReportingGuard;
use crate::size;
use crate::sorted;
use std::fmt;

/// Limit of functions in a failure message.
pub(super) const NAMED: usize = 10;

/// A failed assertion.
#[derive(Debug)]
pub struct Failure(pub(super) String);

impl Failure {
    /// Fails the test, with the user's message first.
    ///
    /// # Panics
    /// Always.
    #[track_caller]
    pub fn panic(self, message: fmt::Arguments<'_>) -> ! {
        match message.as_str() {
            Some("") => panic!("{}", self.0),
            _ => panic!("{message}\n{}", self.0),
        }
    }
}

/// Runs `work` and compares its allocated bytes with a limit.
#[track_caller]
pub fn allocated<R>(compare: Compare, limit: u64, work: impl FnOnce() -> R) -> (R, Option<Failure>) {
    let (value, mut run) = run(false, work);
    let holds = compare.holds(run.sum.allocated.bytes, limit);
    if holds && run.ended.missed() == 0 {
        return (value, None);
    }
    let _scope = ReportingGuard::begin();
    if let Some(defect) = run.defect() {
        return (value, Some(Failure(defect)));
    }
    let text = format!(
        "memprof: {}; expected {} {}{}",
        allocated_words(&run),
        compare.words(),
        size::exact(limit),
        by_allocated(&mut run)
    );
    (value, Some(Failure(text)))
}

pub(super) fn allocated_words(run: &MeasuredRun) -> String {
    let sum = &run.sum;
    let blocks = size::plural(sum.allocated.count, "block");
    format!("allocated {} in {blocks}", size::exact(sum.allocated.bytes))
}

/// The functions that allocated most, one line each.
pub(super) fn by_allocated(run: &mut MeasuredRun) -> String {
    lines(run.functions().iter().filter(|function| function.allocated_count > 0))
}

/// The functions with the highest net, one line each.
pub(super) fn by_net(run: &mut MeasuredRun) -> String {
    let mut functions = run.functions();
    sorted::by_key(&mut functions, |function| std::cmp::Reverse(function.net_bytes));
    lines(functions.iter().filter(|function| function.net_bytes > 0).map(|function| {
        let MeasuredFunction { name, file, line, net_bytes, .. } = function;
        let (name, place) = (Printable(name), super::figures::place(file, *line));
        format!("net {}  {name}{place}", size::exact(*net_bytes))
    }))
}

/// Indented lines, up to the limit of a failure message.
pub(super) fn lines<T: fmt::Display>(rows: impl Iterator<Item = T>) -> String {
    let mut text = String::new();
    let mut more = 0u64;
    for (index, row) in rows.enumerate() {
        if index < NAMED {
            text.push_str(&format!("\n  {row}"));
        } else {
            more += 1;
        }
    }
    if more > 0 {
        text.push_str(&format!("\n  and {} more", size::plural(more, "function")));
    }
    text
}
