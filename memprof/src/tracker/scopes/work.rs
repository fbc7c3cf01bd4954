//! Entry and exit of pieces of work that carry meters.

use super::enter_exit::Open;
use crate::tracker::carried::current::{LabelBits, LeftWork};
use crate::tracker::carried::labels::{LabelId, LabelSet};
use crate::tracker::carried::slot::{Carried, MeterFigures};
use crate::tracker::threads::ledger::Ledger;
use crate::tracker::threads::thread;

/// The presence of this thread in a meter, until this is dropped.
#[derive(Debug)]
pub(crate) struct MeterGuard {
    ledger: &'static Ledger,
    left: LeftWork,
    /// A frame at the node that is charged anyway: it knows the highest net of this thread since the entry.
    open: Option<Open>,
}

/// The presence of this thread in the work of a context, until this is dropped.
#[derive(Debug)]
pub(crate) struct CarriedGuard {
    ledger: &'static Ledger,
    left: Option<LeftWork>,
}

impl MeterGuard {
    /// Enters a meter on this thread. `None`: the thread is over or in the meter already, or profiling is off.
    #[inline(always)]
    pub(crate) fn enter(meter: &Carried) -> Option<Self> {
        let ledger = thread::ledger()?;
        let left = ledger.work().enter_meter(meter, ledger.thread_totals())?;
        Some(Self { ledger, left, open: Open::at_present_node(ledger) })
    }
}

impl Drop for MeterGuard {
    #[inline(always)]
    fn drop(&mut self) {
        // A thread that is over by now has already left it.
        if thread::present().is(self.ledger) || thread::owns(self.ledger) {
            let rise = self.open.and_then(|open| open.close(false, false)).map(|closed| closed.peak);
            self.ledger.work().leave_meter(&mut self.left, rise, self.ledger.thread_totals());
        }
    }
}

impl CarriedGuard {
    /// Enters the work that a context carries. `None`: neither it nor this thread's present work carries anything, or
    /// the thread is over.
    #[inline(always)]
    pub(crate) fn enter(carried: Option<&Carried>, labels: LabelSet) -> Option<Self> {
        let ledger = thread::present().ledger()?;
        let is_plain = carried.is_none() && labels == 0 && ledger.work().is_plain();
        if is_plain { None } else { Some(Self::enter_slow(ledger, carried, labels)) }
    }

    #[inline(never)]
    fn enter_slow(ledger: &'static Ledger, carried: Option<&Carried>, labels: LabelSet) -> Self {
        let left = ledger.work().enter_context(carried, labels, ledger.thread_totals());
        ledger.follow_labels();
        Self { ledger, left: Some(left) }
    }
}

impl Drop for CarriedGuard {
    #[inline]
    fn drop(&mut self) {
        if thread::owns(self.ledger)
            && let Some(left) = self.left.take()
        {
            self.ledger.work().leave_context(left, self.ledger.thread_totals());
            self.ledger.follow_labels();
        }
    }
}

/// The presence of this thread in labelled work, until this is dropped.
#[derive(Debug)]
pub(crate) struct LabelGuard {
    ledger: &'static Ledger,
    before: LabelBits,
}

impl LabelGuard {
    /// Counts a call of a label, and enters it. `None`: there are too many keys, the thread is over, or profiling is
    /// off.
    ///
    /// PERF: the thread-local is read where this is inlined. In a function of a library that is a call, for which
    /// registers are saved.
    #[inline(always)]
    pub(crate) fn begin(key: &str, value: &str) -> Option<Self> {
        match thread::present().ledger() {
            Some(ledger) => Self::begin_on(ledger, key, value),
            None => Self::begin_slow(key, value),
        }
    }

    #[inline(never)]
    fn begin_on(ledger: &'static Ledger, key: &str, value: &str) -> Option<Self> {
        match LabelId::known(key, value) {
            Some(label) => {
                label.count_call();
                Self::enter_on(ledger, label)
            }
            None => Self::begin_slow(key, value),
        }
    }

    #[cold]
    #[inline(never)]
    fn begin_slow(key: &str, value: &str) -> Option<Self> {
        let label = LabelId::of(key, value)?;
        label.count_call();
        Self::enter(label)
    }

    /// Enters work with one more label. `None`: the thread is over, or profiling is off.
    #[inline]
    pub(crate) fn enter(label: LabelId) -> Option<Self> {
        Self::enter_on(thread::ledger()?, label)
    }

    #[inline(always)]
    fn enter_on(ledger: &'static Ledger, label: LabelId) -> Option<Self> {
        match ledger.work().enter_first_label(label, ledger.thread_totals()) {
            Some(()) => {
                ledger.record_labels();
                Some(Self { ledger, before: 0 })
            }
            None => Self::enter_slow(ledger, label),
        }
    }

    #[inline(never)]
    fn enter_slow(ledger: &'static Ledger, label: LabelId) -> Option<Self> {
        let before = ledger.work().enter_label(label, ledger.thread_totals());
        ledger.record_labels();
        Some(Self { ledger, before })
    }

    #[inline(never)]
    fn leave(ledger: &'static Ledger, before: LabelBits) {
        match ledger.work().leave_settled_label(before, ledger.thread_totals()) {
            Some(()) => ledger.follow(before),
            None => Self::leave_slow(ledger, before),
        }
    }

    #[inline(never)]
    fn leave_slow(ledger: &'static Ledger, before: LabelBits) {
        ledger.work().change_labels(before, ledger.thread_totals());
        ledger.follow(before);
    }
}

impl Drop for LabelGuard {
    #[inline(always)]
    fn drop(&mut self) {
        // A thread that is over by now has already left it.
        if thread::present().is(self.ledger) || thread::owns(self.ledger) {
            Self::leave(self.ledger, self.before);
        }
    }
}

/// The meters and labels that the present work of this thread carries.
#[inline(always)]
pub(crate) fn carried_here() -> (Option<Carried>, LabelSet) {
    match thread::present().ledger().map(Ledger::work) {
        Some(work) if !work.is_plain() => (work.carried(), work.labels()),
        _ => (None, 0),
    }
}

/// Adds the work of this thread so far to its meters and labels.
pub(crate) fn settle_here() {
    if let Some(ledger) = thread::present().ledger() {
        ledger.settle_work();
    }
}

impl Carried {
    /// Figures of the innermost meter, with everything that this thread has done until now.
    pub(crate) fn settled_figures(&self) -> MeterFigures {
        settle_here();
        self.figures()
    }
}
