//! Models of what threads share without a lock: how a ledger passes from a finished thread to the next one, why two
//! passes make a consistent snapshot, how a thread hears of its scopes that end elsewhere, how a slot of the live table is
//! swept, freed and copied at the same time, and how frees come to ask another filter. loom tries every order of the atomic
//! operations that the memory model allows.
//!
//! The modules are the library's own files, compiled against loom's atomics.
#![allow(missing_docs, dead_code)]

mod sync {
    pub(super) use loom::sync::atomic::Ordering::{AcqRel, Acquire, Relaxed, Release, SeqCst};
    pub(super) use loom::sync::atomic::{AtomicI64, AtomicPtr, AtomicU8, AtomicU32, AtomicU64, AtomicUsize, fence};
}

#[path = "../../memprof/src/tracker/counters.rs"]
mod counters;
#[path = "../../memprof/src/live/filter.rs"]
mod filter;
#[path = "../../memprof/src/tracker/inbox.rs"]
mod inbox;
#[path = "../../memprof/src/live/prefetch.rs"]
mod prefetch;
#[path = "../../memprof/src/live/record.rs"]
mod record;
#[path = "../../memprof/src/tracker/registry.rs"]
mod registry;
#[path = "../../memprof/src/live/room.rs"]
mod room;
#[path = "../../memprof/src/live/slot.rs"]
mod slot;

use counters::{Counters, Flow};
use filter::{Asked, Filter};
use inbox::Inbox;
use loom::cell::UnsafeCell;
use loom::sync::atomic::{AtomicBool, AtomicPtr, AtomicU8, AtomicU32, AtomicU64, AtomicUsize, Ordering};
use loom::thread;
use record::{Drawn, Record};
use registry::{Listed, Place, Registry};
use room::Room;
use slot::{Entry, Taken};

/// A ledger in small: shared counters, and something that its owner alone may touch.
struct Ledger {
    place: Place<Ledger>,
    counters: Counters,
    owned: UnsafeCell<u32>,
}

// SAFETY: `owned` is touched by the thread that has taken the ledger; that this excludes all others is what the models
// check.
unsafe impl Sync for Ledger {}

impl Listed for Ledger {
    fn place(&self) -> &Place<Ledger> {
        &self.place
    }
}

impl Ledger {
    fn new() -> &'static Self {
        let place = Place { next: AtomicPtr::new(std::ptr::null_mut()), state: AtomicU32::new(0) };
        Box::leak(Box::new(Self { place, counters: zero(), owned: UnsafeCell::new(0) }))
    }

    fn use_as_owner(&self) {
        // SAFETY: as for `Sync`. loom reports a second thread in here.
        self.owned.with_mut(|owned| unsafe { *owned += 1 });
    }
}

fn zero() -> Counters {
    Counters {
        allocated_bytes: AtomicU64::new(0),
        allocated_count: AtomicU64::new(0),
        deallocated_bytes: AtomicU64::new(0),
        deallocated_count: AtomicU64::new(0),
    }
}

fn registry() -> &'static Registry<Ledger> {
    Box::leak(Box::new(Registry { head: AtomicPtr::new(std::ptr::null_mut()), free: AtomicU32::new(0) }))
}

fn take(registry: &'static Registry<Ledger>) -> &'static Ledger {
    registry.adopt().unwrap_or_else(|| {
        let ledger = Ledger::new();
        registry.add(ledger);
        ledger
    })
}

/// What a thread does with its ledger from its first allocation to its end.
fn live_and_die(registry: &'static Registry<Ledger>) {
    let ledger = take(registry);
    ledger.use_as_owner();
    ledger.counters.allocated(1);
    registry.release(ledger);
}

#[test]
fn a_ledger_has_one_owner_at_a_time_and_keeps_what_was_counted() {
    loom::model(|| {
        let registry = registry();
        // One ledger is free to begin with: both threads are after it.
        live_and_die(registry);
        let threads = [(); 2].map(|()| thread::spawn(move || live_and_die(registry)));
        for thread in threads {
            thread.join().unwrap();
        }
        let all: Vec<_> = registry.iter().collect();
        assert!(!all.is_empty() && all.len() <= 2, "never more ledgers than threads at once");
        assert_eq!(all.iter().map(|ledger| ledger.counters.read_allocated().count).sum::<u64>(), 3);
    });
}

#[test]
fn one_thread_after_the_other_needs_one_ledger() {
    loom::model(|| {
        let registry = registry();
        for _ in 0..3 {
            thread::spawn(move || live_and_die(registry)).join().unwrap();
        }
        assert_eq!(registry.iter().count(), 1);
    });
}

/// How a reporter reads.
type Reader = fn(&'static Registry<Ledger>) -> (Flow, Flow);

fn sum(registry: &'static Registry<Ledger>, read: fn(&Counters) -> Flow) -> Flow {
    registry.iter().map(|ledger| read(&ledger.counters)).fold(Flow::default(), Flow::plus)
}

fn frees_first(registry: &'static Registry<Ledger>) -> (Flow, Flow) {
    let freed = sum(registry, Counters::read_deallocated);
    (sum(registry, Counters::read_allocated), freed)
}

fn ledger_by_ledger(registry: &'static Registry<Ledger>) -> (Flow, Flow) {
    registry.iter().fold((Flow::default(), Flow::default()), |(allocated, freed), ledger| {
        (allocated.plus(ledger.counters.read_allocated()), freed.plus(ledger.counters.read_deallocated()))
    })
}

/// A thread that begins just now allocates a block and hands it to another, which was there already and frees it;
/// meanwhile a third thread reports. (Not the main thread: loom 0.7 does not try all orders of what the main thread reads
/// while others run.)
fn block_handed_over(read: Reader) {
    loom::model(move || {
        let registry = registry();
        let handed_over: &'static AtomicBool = Box::leak(Box::new(AtomicBool::new(false)));
        let older = take(registry);
        let allocates = thread::spawn(move || {
            take(registry).counters.allocated(8);
            handed_over.store(true, Ordering::Release);
        });
        let frees = thread::spawn(move || {
            if handed_over.load(Ordering::Acquire) {
                older.counters.deallocated(8);
            }
        });
        let reports = thread::spawn(move || {
            let (allocated, freed) = read(registry);
            assert!(allocated.bytes >= freed.bytes && allocated.count >= freed.count, "{allocated:?} {freed:?}");
        });
        for thread in [allocates, frees, reports] {
            thread.join().unwrap();
        }
    });
}

#[test]
fn a_snapshot_in_two_passes_never_shows_more_freed_than_allocated() {
    block_handed_over(frees_first);
}

#[test]
#[should_panic(expected = "Flow")]
fn one_pass_would_show_more_freed_than_allocated() {
    block_handed_over(ledger_by_ledger);
}

/// A live table in small: one slot, and how many records were inserted and settled.
struct Table {
    place: AtomicU64,
    entry: Entry,
    inserted: AtomicU32,
    settled: AtomicU32,
}

/// The one block that there is.
const BLOCK: usize = 0x1000;
/// What a sweep discards, and what it keeps.
const DEAD: Record = record(1);
const ALIVE: Record = record(2);

const fn record(number: u64) -> Record {
    Record {
        size: number,
        owner: number as usize,
        ticks: number,
        drawn: Drawn::CERTAIN,
        stack: number as u32,
        grown: number as u32,
    }
}

impl Table {
    /// With the record that a sweep discards.
    fn new() -> &'static Self {
        let entry = Entry {
            size: AtomicU64::new(0),
            owner: AtomicUsize::new(0),
            ticks: AtomicU64::new(0),
            stack: AtomicU64::new(0),
        };
        let (place, zero) = (AtomicU64::new(0), || AtomicU32::new(0));
        let table: &Self = Box::leak(Box::new(Self { place, entry, inserted: zero(), settled: zero() }));
        table.insert(DEAD);
        table
    }

    fn insert(&self, record: Record) {
        if slot::claim(&self.place) {
            self.inserted.fetch_add(1, Ordering::Relaxed);
            slot::fill(&self.place, &self.entry, slot::key(BLOCK), record);
        }
    }

    fn settle(&self) {
        self.settled.fetch_add(1, Ordering::Relaxed);
    }

    /// As the table does before the block is freed.
    fn forget(&self) {
        let key = slot::key(BLOCK);
        let found = slot::holds(&self.place, key) && slot::take(&self.place, key);
        if found
            || (slot::may_hold(&self.place, key) && matches!(slot::take_from_sweep(&self.place, key), Taken::Yes(_)))
        {
            self.settle();
        }
    }

    /// As the table's sweep.
    fn sweep(&self) {
        if slot::read(&self.place, &self.entry).is_none_or(|(_, record)| record == ALIVE) {
            return;
        }
        let Some(key) = slot::look(&self.place) else { return };
        let survives = self.entry.load() == ALIVE;
        if survives && slot::keep(&self.place, key) {
            return;
        }
        if !survives {
            slot::discard(&self.place);
        }
        self.settle();
    }

    /// Records that should be there now.
    fn left(&self) -> u32 {
        self.inserted.load(Ordering::Relaxed) - self.settled.load(Ordering::Relaxed)
    }

    fn found(&self) -> Option<Record> {
        slot::read(&self.place, &self.entry).map(|(_, record)| record)
    }
}

fn in_threads(threads: impl IntoIterator<Item = Box<dyn FnOnce() + Send>>) {
    let threads: Vec<_> = threads.into_iter().map(thread::spawn).collect();
    threads.into_iter().for_each(|thread| thread.join().unwrap());
}

#[test]
fn a_record_that_is_swept_and_freed_at_once_is_settled_once() {
    with_few_preemptions(|| {
        let table = Table::new();
        in_threads([
            Box::new(|| table.sweep()) as Box<dyn FnOnce() + Send>,
            Box::new(|| table.sweep()),
            Box::new(|| table.forget()),
        ]);
        assert_eq!((table.left(), table.found()), (0, None));
        table.insert(ALIVE);
        assert_eq!(table.found(), Some(ALIVE), "the slot can be used again");
    });
}

#[test]
fn a_sweep_never_discards_the_record_of_the_next_block_at_the_address() {
    with_few_preemptions(|| {
        let table = Table::new();
        in_threads([
            Box::new(|| table.sweep()) as Box<dyn FnOnce() + Send>,
            Box::new(|| {
                table.forget();
                table.insert(ALIVE);
            }),
        ]);
        // While the sweep looks the slot is not free, and the insert takes another.
        let inserted = table.inserted.load(Ordering::Relaxed) == 2;
        assert_eq!(table.found(), inserted.then_some(ALIVE));
        assert_eq!(table.left(), u32::from(inserted));
    });
}

#[test]
fn a_block_that_is_freed_under_a_sweep_leaves_no_record() {
    with_few_preemptions(|| {
        let table = Table::new();
        in_threads([
            Box::new(|| table.sweep()) as Box<dyn FnOnce() + Send>,
            Box::new(|| {
                table.forget();
                table.insert(ALIVE);
                table.forget();
            }),
        ]);
        assert_eq!((table.left(), table.found()), (0, None));
    });
}

#[test]
fn a_copy_is_one_record_or_the_other() {
    with_few_preemptions(|| {
        let table = Table::new();
        in_threads([
            Box::new(|| assert!([None, Some(DEAD), Some(ALIVE)].contains(&table.found()))) as Box<dyn FnOnce() + Send>,
            Box::new(|| {
                table.forget();
                table.insert(ALIVE);
            }),
        ]);
    });
}

/// The entries of a filter, aligned as the table has them.
#[repr(align(4096))]
struct Entries<const N: usize>([AtomicU8; N]);

impl<const N: usize> Entries<N> {
    fn filter() -> Filter {
        let entries: &Self = Box::leak(Box::new(Self(std::array::from_fn(|_| AtomicU8::new(0)))));
        Filter::over(entries.0.as_ptr(), N)
    }
}

/// A table of one slot with both filters.
struct Filtered {
    table: &'static Table,
    whole: Filter,
    short: Filter,
    asked: Asked,
    room: Room,
}

// SAFETY: the filters' entries are leaked, and only reached through atomics.
unsafe impl Sync for Filtered {}

const MAX: u64 = 1;

impl Filtered {
    fn new() -> &'static Self {
        let (whole, short) = (Entries::<256>::filter(), Entries::<2>::filter());
        let asked = Asked::new(&whole);
        let table = Table::new();
        table.forget();
        Box::leak(Box::new(Self { table, whole, short, asked, room: Room::new(MAX) }))
    }

    /// As an exact table does. False: there is no room, or the table is a sample.
    fn insert_exact(&self) -> bool {
        let key = slot::key(BLOCK);
        let has_room = self.room.take_exact();
        if has_room {
            assert!(self.whole.add(self.whole.index(key)));
            assert!(slot::claim(&self.table.place));
            slot::fill(&self.table.place, &self.table.entry, key, ALIVE);
        }
        has_room
    }

    fn settle(&self, key: u64) {
        let index = self.whole.index(slot::plain(key));
        self.whole.subtract(index);
        if slot::is_listed(key) {
            self.short.subtract(index.of_short());
            self.room.give_back_listed();
        } else {
            self.room.give_back();
        }
    }

    fn forget(&self) {
        let key = slot::key(BLOCK);
        if self.asked.may_hold(key)
            && slot::may_hold(&self.table.place, key)
            && let Taken::Yes(key) = slot::take_from_sweep(&self.table.place, key)
        {
            self.settle(key);
        }
    }

    /// As a sweep that leaves the record.
    fn list(&self) {
        let Some(key) = slot::look(&self.table.place) else { return };
        let lists = !slot::is_listed(key) && self.short.add(self.whole.index(slot::plain(key)).of_short());
        if lists {
            self.room.list();
        }
        let listed = if lists { slot::listed(key) } else { key };
        if !slot::keep_as(&self.table.place, key, listed) {
            self.settle(listed);
        }
    }

    fn choose(&self) {
        let asked = self.asked.look();
        let seen = self.room.look();
        if seen.is_sampled && seen.unlisted(MAX) == 0 {
            self.asked.change(asked, &self.short);
        }
    }

    /// As for the next profile, of a table without records.
    fn begin(&self) {
        self.asked.close(&self.whole);
        self.room.mark_sampled(false);
        self.asked.open(&self.whole);
    }

    fn is_empty(&self) -> bool {
        let seen = self.room.look();
        self.table.found().is_none() && (seen.room, seen.listed) == (MAX as i64, 0)
    }
}

#[test]
fn a_block_is_found_whichever_filter_is_asked_when_it_is_freed() {
    with_few_preemptions(|| {
        let table = Filtered::new();
        in_threads([
            Box::new(|| {
                table.insert_exact();
                table.forget();
            }) as Box<dyn FnOnce() + Send>,
            Box::new(|| {
                table.room.mark_sampled(true);
                table.list();
                table.choose();
            }),
        ]);
        assert!(table.is_empty());
    });
}

#[test]
fn whoever_asks_the_short_filter_sees_what_others_have_listed() {
    with_few_preemptions(|| {
        let table = Filtered::new();
        assert!(table.insert_exact());
        table.room.mark_sampled(true);
        in_threads([
            Box::new(|| table.list()) as Box<dyn FnOnce() + Send>,
            Box::new(|| table.choose()),
            Box::new(|| table.forget()),
        ]);
        assert!(table.is_empty());
    });
}

#[test]
fn two_sweeps_list_a_record_once() {
    with_few_preemptions(|| {
        let table = Filtered::new();
        assert!(table.insert_exact());
        table.room.mark_sampled(true);
        in_threads([
            Box::new(|| table.list()) as Box<dyn FnOnce() + Send>,
            Box::new(|| table.list()),
            Box::new(|| table.forget()),
        ]);
        assert!(table.is_empty());
    });
}

#[test]
fn what_an_exact_table_holds_after_a_sample_is_found() {
    with_few_preemptions(|| {
        let table = Filtered::new();
        table.room.mark_sampled(true);
        in_threads([
            Box::new(|| table.choose()) as Box<dyn FnOnce() + Send>,
            Box::new(|| table.begin()),
            Box::new(|| {
                table.insert_exact();
                table.forget();
            }),
        ]);
        assert!(table.is_empty());
    });
}

/// A ledger's inbox, and what its owner compares with each allocation.
struct Mail {
    inbox: Inbox,
    places: Vec<AtomicU64>,
    threshold: AtomicU64,
}

const AWAKE: u64 = 0;

impl Mail {
    fn new(places: usize) -> &'static Self {
        let inbox = Inbox { upto: AtomicUsize::new(0) };
        let places = (0..places).map(|_| AtomicU64::new(0)).collect();
        Box::leak(Box::new(Self { inbox, places, threshold: AtomicU64::new(1) }))
    }

    fn wake(&self) {
        self.threshold.store(AWAKE, Ordering::Relaxed);
    }

    fn put(&self, word: u64) {
        self.inbox.put(&self.places, word, || self.wake());
    }

    /// As `Ledger::publish`: at any time, not only when woken.
    fn arm(&self) {
        self.inbox.arm(|| self.threshold.store(1, Ordering::Relaxed), || self.wake());
    }

    /// What an allocation does: nothing, or it takes all there is.
    fn allocate(&self, taken: &mut Vec<Option<u64>>) {
        if self.threshold.load(Ordering::Relaxed) == AWAKE {
            self.inbox.take(&self.places, |word| taken.push(word));
            self.arm();
        }
    }
}

/// Threads leave a word each, while the owner publishes and allocates. When all are over, its next allocation finds what is
/// left.
fn words(number: u64, places: usize) -> Vec<Option<u64>> {
    let mail = Mail::new(places);
    let threads: Vec<_> = (1..=number).map(|word| thread::spawn(move || mail.put(word))).collect();
    // Not the main thread: see above.
    let owner = thread::spawn(move || {
        let mut taken = Vec::new();
        mail.arm();
        mail.allocate(&mut taken);
        taken
    });
    let mut taken = owner.join().unwrap();
    threads.into_iter().for_each(|thread| thread.join().unwrap());
    mail.allocate(&mut taken);
    taken.sort();
    taken
}

#[test]
fn the_owner_hears_of_a_scope_that_ended_elsewhere() {
    loom::model(|| assert_eq!(words(1, 1), [Some(1)]));
}

/// All orders would take minutes.
fn with_few_preemptions(model: impl Fn() + Send + Sync + 'static) {
    let mut builder = loom::model::Builder::new();
    builder.preemption_bound = Some(2);
    builder.check(model);
}

#[test]
fn the_owner_hears_of_each_scope_that_ended_elsewhere_once() {
    with_few_preemptions(|| assert_eq!(words(2, 2), [Some(1), Some(2)]));
}

#[test]
fn the_owner_hears_that_it_has_not_heard_of_all() {
    with_few_preemptions(|| {
        let taken = words(2, 1);
        assert!(taken.iter().flatten().count() == 2 || taken.contains(&None), "{taken:?}");
    });
}
