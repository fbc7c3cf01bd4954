//! The reference's call paths and calls, and the interface by which it learns the current path of a thread.

use std::sync::Mutex;

use crate::reference::{Frame, Stack, with_stack};

/// The functions, blocks and futures of the programs.
pub(crate) const SITES: [&str; 6] =
    ["reference: a", "reference: b", "reference: c", "reference: block", "reference: future x", "reference: future y"];

/// A path has no site twice: 1,956 paths of six sites, and the root.
pub(crate) const MAX_PATHS: usize = 1957;
pub(crate) const ROOT: PathId = 0;

/// Which call path it is.
pub(crate) type PathId = usize;

/// Figures of the recorded calls of a site: the smallest and the largest.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Spread {
    pub(crate) allocated: (u64, u64),
    pub(crate) peak: (u64, u64),
}

pub(crate) struct Book {
    /// The caller's path, and the site.
    paths: [(PathId, usize); MAX_PATHS],
    len: usize,
    pub(crate) calls: [u64; MAX_PATHS],
    pub(crate) panicked: [u64; SITES.len()],
    pub(crate) spreads: [Option<Spread>; SITES.len()],
}

static BOOK: Mutex<Book> = Mutex::new(Book {
    paths: [(ROOT, 0); MAX_PATHS],
    len: 1,
    calls: [0; MAX_PATHS],
    panicked: [0; SITES.len()],
    spreads: [None; SITES.len()],
});

/// With what is known; `work` neither allocates nor panics.
pub(crate) fn with_book<R>(work: impl FnOnce(&mut Book) -> R) -> R {
    work(&mut BOOK.lock().unwrap())
}

impl Book {
    pub(crate) fn paths(&self) -> std::ops::Range<PathId> {
        ROOT + 1..self.len
    }

    pub(crate) fn site(&self, path: PathId) -> usize {
        self.paths[path].1
    }

    /// The names on a path, outermost first.
    pub(crate) fn names(&self, path: PathId) -> Vec<&'static str> {
        let mut names = Vec::new();
        let mut next = path;
        while next != ROOT {
            names.insert(0, SITES[self.paths[next].1]);
            next = self.paths[next].0;
        }
        names
    }

    /// The path of a call of a site: the path that contains it already, else a longer one.
    fn step(&mut self, from: PathId, site: usize) -> PathId {
        let mut above = from;
        while above != ROOT {
            if self.paths[above].1 == site {
                return above;
            }
            above = self.paths[above].0;
        }
        let known = (ROOT + 1..self.len).find(|&path| self.paths[path] == (from, site));
        known.unwrap_or_else(|| {
            self.paths[self.len] = (from, site);
            self.len += 1;
            self.len - 1
        })
    }
}

/// Figures of a call so far. That of a future continues with each poll.
#[derive(Default)]
pub(crate) struct Call {
    has_begun: bool,
    outermost: bool,
    allocated: u64,
    net: i64,
    highest: i64,
}

impl Call {
    fn begin(&mut self, path: PathId, outermost: bool) {
        if !self.has_begun {
            (self.has_begun, self.outermost) = (true, outermost);
            with_book(|book| book.calls[path] += 1);
        }
    }

    fn add(&mut self, frame: Frame) {
        self.highest = self.highest.max(self.net + frame.highest);
        self.net += frame.net;
        self.allocated += frame.allocated;
    }

    /// The call is over. Of a recursion, the outermost one counts.
    pub(crate) fn end(&self, site: usize) {
        if !self.has_begun || !self.outermost {
            return;
        }
        let peak = self.highest as u64;
        with_book(|book| {
            let both = |(least, most): (u64, u64), value: u64| (least.min(value), most.max(value));
            let spread = book.spreads[site]
                .get_or_insert(Spread { allocated: (self.allocated, self.allocated), peak: (peak, peak) });
            *spread = Spread { allocated: both(spread.allocated, self.allocated), peak: both(spread.peak, peak) };
        });
    }
}

/// Goes where a call of the site leads; also whether no other call of it is open there.
fn enter(site: usize) -> (PathId, bool) {
    with_stack(|stack| {
        let path = with_book(|book| book.step(stack.path(), site));
        let outermost = stack.is_outermost(site);
        stack.push(path, Some(site));
        (path, outermost)
    })
}

/// Leaves it, perhaps by a panic.
fn leave(site: usize, was_panicking: bool) -> Frame {
    if std::thread::panicking() && !was_panicking {
        with_book(|book| book.panicked[site] += 1);
    }
    with_stack(Stack::pop)
}

/// A call, or a block, from its begin to its end. It opens after the tracker's scope and ends before it; in between
/// nothing is allocated.
pub(crate) struct CallScope {
    site: usize,
    call: Call,
    was_panicking: bool,
}

impl CallScope {
    pub(crate) fn of(site: usize) -> Self {
        let mut call = Call::default();
        let (path, outermost) = enter(site);
        call.begin(path, outermost);
        Self { site, call, was_panicking: std::thread::panicking() }
    }
}

impl Drop for CallScope {
    fn drop(&mut self) {
        self.call.add(leave(self.site, self.was_panicking));
        self.call.end(self.site);
    }
}

/// One poll of a future, or its drop.
pub(crate) struct PollScope<'a> {
    site: usize,
    call: &'a mut Call,
    was_panicking: bool,
}

impl<'a> PollScope<'a> {
    pub(crate) fn of_poll(site: usize, call: &'a mut Call) -> Self {
        let (path, outermost) = enter(site);
        call.begin(path, outermost);
        Self { site, call, was_panicking: std::thread::panicking() }
    }

    pub(crate) fn of_drop(site: usize, call: &'a mut Call) -> Self {
        enter(site);
        Self { site, call, was_panicking: std::thread::panicking() }
    }
}

impl Drop for PollScope<'_> {
    fn drop(&mut self) {
        self.call.add(leave(self.site, self.was_panicking));
    }
}

/// A context that was entered.
pub(crate) struct ContextScope(());

impl ContextScope {
    pub(crate) fn at(path: PathId) -> Self {
        with_stack(|stack| stack.push(path, None));
        Self(())
    }
}

impl Drop for ContextScope {
    fn drop(&mut self) {
        with_stack(Stack::pop);
    }
}

/// Current path of this thread.
pub(crate) fn here() -> PathId {
    with_stack(|stack| stack.path())
}
