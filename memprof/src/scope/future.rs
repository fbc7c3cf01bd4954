//! Futures that enter a scope on each poll and on drop: the future of a tracked `async fn`, and one that runs in a
//! context.

use super::violation;
use crate::tracker::{self, Closed, Figures, FutureSize, Kept, Moment, Node, Open, ScopeKind, Site, Within, add_items};
use std::fmt;
use std::marker::PhantomData;
use std::mem::{ManuallyDrop, MaybeUninit};
use std::pin::Pin;
use std::task::{Context, Poll};

/// A future whose polls and drop are charged to a site.
///
/// One call lasts from the first poll to completion or drop. The future may move between threads between polls.
///
/// The future is a plain field, without a wrapper: each further type would make chains of tracked futures reach the
/// compiler's recursion limit sooner. So two other drops enclose its own: `Tracked::drop` enters the scope and runs
/// first, and the drop of the field after the future leaves it.
///
/// `R` is the future's output. As a parameter it tells the compiler the output before it knows the future.
#[must_use = "futures do nothing unless you `.await` or poll them"]
pub struct Tracked<F, R, W: FirstPoll = ()> {
    future: F,
    /// Declared after the future, so dropped after it.
    last: Bookkeeping<W>,
    output: PhantomData<fn(R) -> R>,
}

/// Everything but the user's future. It is dropped after that, and then ends the call.
#[derive(Debug)]
struct Bookkeeping<W: FirstPoll> {
    site: &'static Site,
    call: Call,
    /// Zero-sized unless the function has `window = "process"`.
    window: W,
    /// The scope and the enclosing measurement, kept while the future is dropped: in that state it is initialized.
    kept: MaybeUninit<Kept>,
}

/// The call so far.
#[derive(Debug)]
struct Call {
    status: Status,
    /// Initialized, but for [`MADE`] and [`OFF`].
    sums: MaybeUninit<Sums>,
}

/// Figures of the polls so far.
#[derive(Clone, Copy, Debug)]
struct Sums {
    /// Bytes allocated.
    allocated: u64,
    /// Number of allocations.
    count: u64,
    /// Net bytes.
    net: i64,
    /// Maximum of the net of the earlier polls + the highest net within a poll.
    peak: i64,
}

impl Sums {
    const ZERO: Sums = Sums { allocated: 0, count: 0, net: 0, peak: 0 };

    fn peak(&self) -> u64 {
        self.peak.max(0) as u64
    }
}

/// The state of a future, and facts about it.
#[derive(Clone, Copy, Debug)]
#[repr(C, align(8))]
struct Status {
    /// The measurement that the future was made in, if it records what the future does.
    within: Within,
    state: u8,
    /// 1: the future holds nothing once it has finished.
    is_block: u8,
    _unused: u8,
}

/// State: the call has begun, within another call of the same site on its thread.
const RUNNING: u8 = 0;
/// State: the call has begun, within no other call of the same site.
const OUTERMOST: u8 = 1;
/// State: the future was polled or is being dropped, but could not begin a call.
const NOT_BEGUN: u8 = 2;
/// State: the future was never polled.
const MADE: u8 = 3;
const FINISHED: u8 = 4;
/// State: the future was made where profiling is off, and its call is not tracked.
const OFF: u8 = 5;
/// Added to the others while the user's future is dropped in a scope.
const DROPPING: u8 = 8;

impl Status {
    /// The status of a future that is made here.
    #[inline(always)]
    fn new(is_block: bool) -> Self {
        let present = tracker::present();
        let made = |state, within| Self { within, state, is_block: is_block.into(), _unused: 0 }.in_one_word();
        if present.is_off() {
            return made(OFF, Within::NOWHERE);
        }
        match Within::here_on(present) {
            None => made(MADE, Within::NOWHERE),
            Some(within) => made(MADE, within),
        }
    }

    /// The same. PERF: as a word, which fills a future with one store.
    #[inline(always)]
    fn in_one_word(self) -> Self {
        // SAFETY: both types are eight bytes, each of which may have any value.
        unsafe { std::mem::transmute::<u64, Self>(std::mem::transmute::<Self, u64>(self)) }
    }

    /// True if the drop of the future does nothing.
    #[inline(always)]
    fn is_over(&self) -> bool {
        self.is_block != 0 && self.state == FINISHED
    }
}

impl<F: Future<Output = R>, R> Tracked<F, R> {
    /// Wraps a future.
    #[inline]
    pub fn new(site: &'static Site, future: F) -> Self {
        Self::begin(site, future)
    }
}

impl<F: Future<Output = R>, R> Tracked<F, R, Windowed> {
    /// Wraps the future of a function with `window = "process"`.
    #[inline]
    pub fn windowed(site: &'static Site, future: F) -> Self {
        Self::begin(site, future)
    }
}

impl<F: Future<Output = R>, R> Tracked<F, R, Counted<()>> {
    /// Wraps the future of a function with items.
    #[inline]
    pub fn counted(site: &'static Site, future: F) -> Self {
        Self::begin(site, future)
    }
}

impl<F: Future<Output = R>, R> Tracked<F, R, Counted<Windowed>> {
    /// Wraps the future of a function with items and `window = "process"`.
    #[inline]
    pub fn counted_windowed(site: &'static Site, future: F) -> Self {
        Self::begin(site, future)
    }
}

impl<F: Future<Output = R>, R, W: FirstPoll> Tracked<F, R, Counted<W>> {
    /// The same future, whose call begins with this number of items.
    #[inline]
    pub fn with_items(mut self, items: usize) -> Self {
        self.last.window.items = items as u64;
        self
    }
}

impl<F, R, W: FirstPoll> Tracked<F, R, W> {
    /// Wraps any future.
    #[inline(always)]
    fn begin(site: &'static Site, future: F) -> Self {
        Self::with_status(site, future, Status::new(false))
    }

    /// Wraps an async block, which holds nothing once it has finished: the compiler has dropped what it captured by
    /// then.
    #[inline(always)]
    pub(super) fn of_block(site: &'static Site, future: F) -> Self {
        Self::with_status(site, future, Status::new(true))
    }

    #[inline(always)]
    fn with_status(site: &'static Site, future: F, status: Status) -> Self {
        if const { FutureSize::is_noted::<F>() } && status.state != OFF {
            site.future.begin(size_of::<F>());
        }
        let call = Call { status, sums: MaybeUninit::uninit() };
        let last = Bookkeeping { site, call, window: W::default(), kept: MaybeUninit::uninit() };
        Self { future, last, output: PhantomData }
    }
}

impl<F: fmt::Debug, R, W: FirstPoll + fmt::Debug> fmt::Debug for Tracked<F, R, W> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Tracked").field("future", &self.future).field("last", &self.last).finish()
    }
}

/// Storage for the moment of a future's first poll and for the items of its call, or none.
pub trait FirstPoll: Default {
    #[doc(hidden)]
    fn start(&mut self) {}
    #[doc(hidden)]
    fn started(&self) -> Windowed {
        Windowed::default()
    }
    /// True if the items of the call are stored.
    #[doc(hidden)]
    const COUNTS: bool = false;
    #[doc(hidden)]
    fn items(&mut self) -> Option<&mut u64> {
        None
    }
}

impl FirstPoll for () {}

/// The items of the call so far, beside `W`.
#[derive(Clone, Copy, Debug, Default)]
pub struct Counted<W> {
    items: u64,
    window: W,
}

impl<W: FirstPoll> FirstPoll for Counted<W> {
    const COUNTS: bool = true;

    fn start(&mut self) {
        self.window.start();
    }

    fn started(&self) -> Windowed {
        self.window.started()
    }

    fn items(&mut self) -> Option<&mut u64> {
        Some(&mut self.items)
    }
}

/// Allocated and deallocated bytes of the process at the first poll, once that has happened.
#[derive(Clone, Copy, Debug, Default)]
pub struct Windowed(Moment);

impl FirstPoll for Windowed {
    fn start(&mut self) {
        self.0 = Moment::now();
    }

    fn started(&self) -> Windowed {
        *self
    }
}

/// A scope that is open for one poll. It closes on drop, so that it also ends when the poll panics.
struct PollScope<'a> {
    call: &'a mut Call,
    open: Option<Open>,
}

/// Adds the items that are said in one poll to those of the call, on drop: also when the poll panics.
struct Counting<'a> {
    open: Open,
    node: &'static Node,
    around: u64,
    items: &'a mut u64,
}

impl<'a> Counting<'a> {
    fn begin(
        open: Option<Open>,
        node: Option<&'static Node>,
        window: &'a mut impl FirstPoll,
        is_first: bool,
    ) -> Option<Self> {
        let (open, node) = open.zip(node)?;
        let items = window.items()?;
        let counting = Self { open, node, around: open.ledger.begin_items(node), items };
        if is_first && *counting.items > 0 {
            add_items(std::mem::take(counting.items), true);
        }
        Some(counting)
    }
}

impl Drop for Counting<'_> {
    fn drop(&mut self) {
        let said = self.open.ledger.end_items(self.node, self.around);
        *self.items = self.items.saturating_add(said);
    }
}

impl PollScope<'_> {
    /// Closes it after a poll that has not panicked. PERF: without its address, so that it stays in registers.
    #[inline(always)]
    fn close(self) {
        let open = self.open;
        ManuallyDrop::new(self).call.close(open, false);
    }
}

/// Only when the poll panics.
impl Drop for PollScope<'_> {
    #[cold]
    fn drop(&mut self) {
        self.call.close(self.open, true);
    }
}

impl Call {
    /// The figures of the polls so far.
    #[inline(always)]
    fn sums(&mut self) -> &mut Sums {
        debug_assert!(self.status.state != MADE && self.status.state != OFF);
        // SAFETY: only the ends of scopes ask for them. Whoever opens one calls `prepare` before it can end.
        unsafe { self.sums.assume_init_mut() }
    }

    /// Initializes the figures before the first scope of the call ends.
    #[inline(always)]
    fn prepare(&mut self) {
        if self.status.state == MADE {
            self.sums = MaybeUninit::new(Sums::ZERO);
            self.status.state = NOT_BEGUN;
        }
    }

    /// The first poll begins the call, in the node of this thread. True: it may be the first.
    #[inline]
    fn begin(&mut self, node: Option<&'static Node>, window: &mut impl FirstPoll) -> bool {
        // PERF: one comparison at all other polls.
        if self.status.state <= OUTERMOST {
            return false;
        }
        self.prepare();
        if let (NOT_BEGUN, Some(node)) = (self.status.state, node) {
            node.count_call();
            self.status.state = if node.is_open_once() { OUTERMOST } else { RUNNING };
            window.start();
        }
        true
    }

    /// Closes the scope of a poll or of the drop, and adds its figures. Returns the node that was charged.
    #[inline]
    fn close(&mut self, open: Option<Open>, panicking: bool) -> Option<&'static Node> {
        let open = open?;
        match open.close_on_fast_path(tracker::present(), false) {
            Some(closed) => Some(self.add(&Closed { panicked: panicking, ..closed })),
            None => self.close_slow(open, panicking),
        }
    }

    #[cold]
    #[inline(never)]
    fn close_slow(&mut self, open: Open, panicking: bool) -> Option<&'static Node> {
        open.close_slow(panicking).map(|closed| self.add(&closed))
    }

    /// Adds the figures of a scope, as those of the thread are added: without a look for an overflow.
    #[inline(always)]
    fn add(&mut self, closed: &Closed) -> &'static Node {
        let sums = self.sums();
        sums.peak = sums.peak.max(sums.net.wrapping_add(closed.peak));
        sums.net = sums.net.wrapping_add(closed.net);
        sums.allocated = sums.allocated.wrapping_add(closed.allocated);
        sums.count = sums.count.wrapping_add(closed.count);
        if closed.panicked {
            closed.node.count_panic();
        }
        closed.node
    }

    /// Ends the call. It may end on another thread and in another node than it began; the report sums them. Returns the
    /// figures of a call that exceeded its budget.
    #[inline]
    fn finish(
        &mut self,
        site: &'static Site,
        open: Option<Open>,
        node: Option<&'static Node>,
        window: &mut impl FirstPoll,
    ) -> Option<Figures> {
        if self.status.state > OUTERMOST {
            return None;
        }
        let (open, node) = open.zip(node)?;
        node.finish();
        let outermost = self.status.state == OUTERMOST;
        self.status.state = FINISHED;
        let sums = self.sums();
        open.record(node, outermost, sums.allocated, sums.peak);
        let items = window.items().map_or(0, |items| *items);
        if items > 0 && outermost {
            open.ledger.record_items(node, sums.peak(), items);
        }
        let limits = site.limits.as_ref().filter(|_| outermost)?;
        let Sums { allocated, count, net, .. } = *sums;
        let figures = Figures { allocated, count, peak: sums.peak(), net, items };
        limits.check(open, node, figures, Some(window.started().0)).then_some(figures)
    }
}

impl<W: FirstPoll> Bookkeeping<W> {
    /// Enters the scope in which the future is dropped.
    #[inline(never)]
    fn enter(&mut self) {
        self.call.prepare();
        let entered = self.call.status.within.enter();
        let kept = Kept::new(entered, Open::here(self.site, ScopeKind::Poll));
        if kept.is_something() {
            self.kept = MaybeUninit::new(kept);
            self.call.status.state |= DROPPING;
        }
    }

    /// Leaves the scope in which the future was dropped. PERF: a function of its own, so that a drop saves no registers
    /// where profiling is off.
    #[inline(never)]
    fn leave(&mut self) {
        self.call.status.state &= !DROPPING;
        // SAFETY: the state was `DROPPING`, which `enter` sets together with this.
        let kept = unsafe { self.kept.assume_init() };
        let _entered = kept.measurement();
        let open = kept.scope();
        let node = self.call.close(open, std::thread::panicking());
        // A drop never panics, whatever the budget says.
        self.call.finish(self.site, open, node, &mut self.window);
    }
}

impl<F: Future<Output = R>, R, W: FirstPoll> Future for Tracked<F, R, W> {
    type Output = R;

    #[inline]
    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<R> {
        // SAFETY: the future is not moved: it is only accessed through the `Pin` that is made here, and dropped in
        // place. The other fields are not pinned.
        let (last, future) = unsafe {
            let this = self.get_unchecked_mut();
            (&mut this.last, Pin::new_unchecked(&mut this.future))
        };
        let Bookkeeping { site, call, window, .. } = last;
        let site = *site;
        if call.status.state == OFF {
            return future.poll(context);
        }
        let _entered = call.status.within.enter();
        let (open, node) = Open::for_poll(site);
        let scope = PollScope { call, open };
        let is_first = scope.call.begin(node, window);
        let counting = if W::COUNTS { Counting::begin(open, node, window, is_first) } else { None };
        let polled = future.poll(context);
        drop(counting);
        scope.close();
        if polled.is_ready()
            && let Some(figures) = call.finish(site, open, node, window)
        {
            violation::panic_if_asked(site, figures);
        }
        polled
    }
}

impl<F, R, W: FirstPoll> Drop for Tracked<F, R, W> {
    /// Enters the scope in which the future is dropped: cancelled half-way, or finished but not empty. Then the user's
    /// future drops its locals, and the [bookkeeping](Bookkeeping) ends the call.
    #[inline]
    fn drop(&mut self) {
        if self.last.call.status.state == OFF {
            return;
        }
        if const { FutureSize::is_noted::<F>() } {
            self.last.site.future.end();
        }
        if !self.last.call.status.is_over() {
            self.last.enter();
        }
    }
}

impl<W: FirstPoll> Drop for Bookkeeping<W> {
    #[inline]
    fn drop(&mut self) {
        if self.call.status.state >= DROPPING {
            self.leave();
        }
    }
}

/// A future that is polled and dropped in a piece of work.
#[must_use = "futures do nothing unless you `.await` or poll them"]
#[derive(Debug)]
pub(super) struct InWork<F, W: Enter> {
    work: W,
    /// Dropped by hand, in the work.
    future: ManuallyDrop<F>,
}

/// A piece of work that a thread enters until it drops the guard.
pub(super) trait Enter {
    type Guard;
    fn enter(&self) -> Self::Guard;

    /// Enters it for a poll of a future.
    #[inline]
    fn enter_to_poll(&self) -> Self::Guard {
        self.enter()
    }
}

impl<F, W: Enter> InWork<F, W> {
    pub(super) fn new(work: W, future: F) -> Self {
        Self { work, future: ManuallyDrop::new(future) }
    }
}

impl<F: Future, W: Enter> Future for InWork<F, W> {
    type Output = F::Output;

    #[inline]
    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<F::Output> {
        // SAFETY: the future is not moved: it is only accessed through the `Pin` that is made here, and dropped in
        // place. The other field is not pinned.
        let (work, future) = unsafe {
            let this = self.get_unchecked_mut();
            (&this.work, Pin::new_unchecked(&mut *this.future))
        };
        let _entered = work.enter_to_poll();
        future.poll(context)
    }
}

impl<F, W: Enter> Drop for InWork<F, W> {
    #[inline]
    fn drop(&mut self) {
        let _entered = self.work.enter();
        // SAFETY: nothing uses the future after its drop, and it is dropped once: by us, in place, as pinning requires.
        unsafe { ManuallyDrop::drop(&mut self.future) };
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_future_grows_by_at_most_64_bytes() {
        assert!(size_of::<Tracked<[u8; 128], ()>>() <= 128 + 56);
        assert!(size_of::<Tracked<[u8; 128], (), Windowed>>() <= 128 + 72);
        assert!(size_of::<Tracked<[u8; 128], (), Counted<()>>>() <= 128 + 64);
        assert!(size_of::<Tracked<[u8; 128], (), Counted<Windowed>>>() <= 128 + 80);
    }
}
