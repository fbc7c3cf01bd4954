//! Programs of any shape: how they are generated, and how they run.

use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::pin::Pin;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context as Task, Poll};
use std::thread::{self, JoinHandle};

use memprof::{Context, track_memory};
use memprof_tests::{Block, poll};
use proptest::prelude::*;

use crate::book::{Call, CallScope, ContextScope, PathId, PollScope, here};
use crate::reference::REFUSED;

/// One step of a program. Numbers say which of what there is.
#[derive(Clone, Debug)]
pub(crate) enum Step {
    Allocate(usize),
    Zeroed(usize),
    Aligned(usize),
    Reallocate(usize, usize),
    Refused(usize),
    Free(usize),
    /// One of the three functions.
    Call(usize, Steps),
    Block(Steps),
    /// Catches what is raised in it.
    Try(Steps),
    Raise,
    Capture,
    InContext(usize, Steps),
    /// On a thread of its own, which is joined at the end of the program.
    Spawn(Steps),
    /// The same beneath the function that spawned it.
    SpawnHere(Steps),
    /// Makes a future that takes so many polls.
    Make(usize, Arc<Vec<Vec<Step>>>),
    /// The same, which goes on in the context where it was made.
    MakeHere(usize, Arc<Vec<Vec<Step>>>),
    Poll(usize),
    /// On a thread of its own.
    PollElsewhere(usize),
    DropFuture(usize),
}

type Steps = Arc<Vec<Step>>;

/// Programs of up to some hundred steps.
pub(crate) fn strategy() -> impl Strategy<Value = Vec<Step>> {
    let size = || prop_oneof![8 => 1usize..2_000, 1 => 2_000usize..300_000];
    let number = || 0usize..1_000;
    let simple = prop_oneof![
        8 => size().prop_map(Step::Allocate),
        2 => size().prop_map(Step::Zeroed),
        1 => (1usize..2_000).prop_map(Step::Aligned),
        3 => (number(), size()).prop_map(|(which, size)| Step::Reallocate(which, size)),
        1 => number().prop_map(Step::Refused),
        6 => number().prop_map(Step::Free),
        1 => Just(Step::Raise),
        2 => Just(Step::Capture),
        6 => number().prop_map(Step::Poll),
        2 => number().prop_map(Step::PollElsewhere),
        2 => number().prop_map(Step::DropFuture),
    ];
    let step = simple.prop_recursive(6, 120, 8, move |inner| {
        let steps = || proptest::collection::vec(inner.clone(), 0..8);
        let polls = || proptest::collection::vec(steps(), 0..4).prop_map(Arc::new);
        prop_oneof![
            8 => (0usize..3, steps()).prop_map(|(site, steps)| Step::Call(site, Arc::new(steps))),
            3 => steps().prop_map(|steps| Step::Block(Arc::new(steps))),
            2 => steps().prop_map(|steps| Step::Try(Arc::new(steps))),
            3 => (number(), steps()).prop_map(|(which, steps)| Step::InContext(which, Arc::new(steps))),
            2 => steps().prop_map(|steps| Step::Spawn(Arc::new(steps))),
            2 => steps().prop_map(|steps| Step::SpawnHere(Arc::new(steps))),
            3 => (4usize..6, polls()).prop_map(|(site, steps)| Step::Make(site, steps)),
            2 => (4usize..6, polls()).prop_map(|(site, steps)| Step::MakeHere(site, steps)),
        ]
    });
    proptest::collection::vec(step, 1..60)
}

type Boxed = Pin<Box<dyn Future<Output = ()> + Send>>;

/// Data that all threads of the program share. Its memory is counted like everything else.
struct Pool<T>(Mutex<Vec<T>>);

impl<T> Pool<T> {
    const fn new() -> Self {
        Self(Mutex::new(Vec::new()))
    }

    fn all(&self) -> MutexGuard<'_, Vec<T>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn put(&self, thing: T) {
        self.all().push(thing);
    }

    fn take(&self, which: usize) -> Option<T> {
        let mut all = self.all();
        if all.is_empty() { None } else { Some(which % all.len()).map(|index| all.swap_remove(index)) }
    }

    fn take_all(&self) -> Vec<T> {
        std::mem::take(&mut *self.all())
    }
}

static BLOCKS: Pool<Block> = Pool::new();
static FUTURES: Pool<Boxed> = Pool::new();
static CONTEXTS: Pool<(Context, PathId)> = Pool::new();
static THREADS: Pool<JoinHandle<()>> = Pool::new();

/// Blocks that live on when a program has ended.
const KEPT: usize = 200;

static STEPS: AtomicU64 = AtomicU64::new(0);
static SPAWNED: AtomicU64 = AtomicU64::new(0);
static POLLS: AtomicU64 = AtomicU64::new(0);
static PANICS: AtomicU64 = AtomicU64::new(0);

/// The work done so far.
pub(crate) fn done() -> String {
    let [steps, spawned, polls, panics] = [&STEPS, &SPAWNED, &POLLS, &PANICS].map(|count| count.load(Relaxed));
    format!("{steps} steps, {spawned} threads, {polls} polls, {panics} panics caught")
}

/// Runs a program, and waits for all that it has started.
pub(crate) fn run_to_the_end(program: &[Step]) {
    // What is raised ends one step, not the whole of it.
    program.iter().for_each(|one| catch(|| step(one)));
    while let Some(thread) = THREADS.take(0) {
        let _ = thread.join();
    }
    drop((FUTURES.take_all(), CONTEXTS.take_all()));
    while BLOCKS.all().len() > KEPT {
        drop(BLOCKS.take(7));
    }
}

fn catch(work: impl FnOnce()) {
    if catch_unwind(AssertUnwindSafe(work)).is_err() {
        PANICS.fetch_add(1, Relaxed);
    }
}

#[track_memory(name = "reference: a")]
fn a(steps: &[Step]) {
    let _scope = CallScope::of(0);
    run(steps);
}

#[track_memory(name = "reference: b")]
fn b(steps: &[Step]) {
    let _scope = CallScope::of(1);
    run(steps);
}

#[track_memory(name = "reference: c")]
fn c(steps: &[Step]) {
    let _scope = CallScope::of(2);
    run(steps);
}

fn block(steps: &[Step]) {
    let _guard = memprof::scope!("reference: block");
    let _scope = CallScope::of(3);
    run(steps);
}

#[track_memory(name = "reference: future x")]
async fn x(work: Work) {
    work.await;
}

#[track_memory(name = "reference: future y")]
async fn y(work: Work) {
    work.await;
}

/// The work of a future, a part of it with each poll. It tells the reference its path.
struct Work {
    site: usize,
    context: Option<PathId>,
    /// Until it is dropped.
    polls: Option<Arc<Vec<Vec<Step>>>>,
    next: usize,
    held: Option<Block>,
    call: Call,
}

impl Future for Work {
    type Output = ();

    fn poll(self: Pin<&mut Self>, _: &mut Task<'_>) -> Poll<()> {
        let this = self.get_mut();
        let _context = this.context.map(ContextScope::at);
        let _scope = PollScope::of_poll(this.site, &mut this.call);
        let Some(steps) = this.polls.as_ref().and_then(|polls| polls.get(this.next)) else { return Poll::Ready(()) };
        this.next += 1;
        this.held = Some(Block::new(10 * this.next));
        run(steps);
        Poll::Pending
    }
}

impl Drop for Work {
    fn drop(&mut self) {
        {
            let _context = self.context.map(ContextScope::at);
            let _scope = PollScope::of_drop(self.site, &mut self.call);
            drop((self.held.take(), self.polls.take()));
        }
        self.call.end(self.site);
    }
}

fn make(site: usize, polls: &Arc<Vec<Vec<Step>>>, is_here: bool) -> Boxed {
    let context = is_here.then(Context::current);
    let path = is_here.then(here);
    // What it has taken before it is polled is freed where it is dropped.
    let held = Some(Block::new(25));
    let work = Work { site, context: path, polls: Some(Arc::clone(polls)), next: 0, held, call: Call::default() };
    match (site, context) {
        (4, None) => Box::pin(x(work)),
        (4, Some(context)) => Box::pin(context.wrap_future(x(work))),
        (_, None) => Box::pin(y(work)),
        (_, Some(context)) => Box::pin(context.wrap_future(y(work))),
    }
}

fn poll_one(which: usize) {
    let Some(mut future) = FUTURES.take(which) else { return };
    POLLS.fetch_add(1, Relaxed);
    // One that panics is dropped by the panic.
    if poll(future.as_mut()).is_pending() {
        FUTURES.put(future);
    }
}

fn spawn(work: impl FnOnce() + Send + 'static) {
    SPAWNED.fetch_add(1, Relaxed);
    THREADS.put(thread::spawn(work));
}

fn run(steps: &[Step]) {
    steps.iter().for_each(step);
}

fn step(step: &Step) {
    STEPS.fetch_add(1, Relaxed);
    match step {
        Step::Allocate(size) => BLOCKS.put(Block::new(*size)),
        Step::Zeroed(size) => BLOCKS.put(Block::zeroed(*size, 8).unwrap()),
        Step::Aligned(size) => BLOCKS.put(Block::aligned(*size, 256).unwrap()),
        Step::Reallocate(which, size) => {
            if let Some(mut block) = BLOCKS.take(*which) {
                assert!(block.resize(*size));
                BLOCKS.put(block);
            }
        }
        Step::Refused(which) => {
            assert!(Block::aligned(REFUSED, 8).is_none() && Block::zeroed(REFUSED, 64).is_none());
            assert!(Vec::<u8>::new().try_reserve_exact(REFUSED).is_err());
            if let Some(mut block) = BLOCKS.take(*which) {
                assert!(!block.resize(REFUSED));
                BLOCKS.put(block);
            }
        }
        Step::Free(which) => drop(BLOCKS.take(*which)),
        Step::Call(site, steps) => [a, b, c][*site](steps),
        Step::Block(steps) => block(steps),
        Step::Try(steps) => catch(|| run(steps)),
        // Without a word on stderr.
        Step::Raise => resume_unwind(Box::new(())),
        Step::Capture => CONTEXTS.put((Context::current(), here())),
        Step::InContext(which, steps) => {
            let Some((context, path)) = CONTEXTS.take(*which) else { return };
            context.scope(|| {
                let _scope = ContextScope::at(path);
                run(steps);
            });
            CONTEXTS.put((context, path));
        }
        Step::Spawn(steps) => {
            let steps = Arc::clone(steps);
            spawn(move || run(&steps));
        }
        Step::SpawnHere(steps) => {
            let (steps, path) = (Arc::clone(steps), here());
            spawn(Context::current().wrap(move || {
                let _scope = ContextScope::at(path);
                // Dropped before the scope ends.
                let steps = steps;
                run(&steps);
            }));
        }
        Step::Make(site, polls) => FUTURES.put(make(*site, polls, false)),
        Step::MakeHere(site, polls) => FUTURES.put(make(*site, polls, true)),
        Step::Poll(which) => poll_one(*which),
        Step::PollElsewhere(which) => {
            let which = *which;
            spawn(move || poll_one(which));
        }
        Step::DropFuture(which) => drop(FUTURES.take(*which)),
    }
}
