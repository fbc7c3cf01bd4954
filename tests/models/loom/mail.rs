//! How a thread hears of its scopes that end elsewhere.

use crate::mailbox_words::MailboxWords;
use crate::with_few_preemptions;
use loom::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use loom::thread;

/// A ledger's words, and what its owner compares with each allocation.
struct Mail {
    words: MailboxWords,
    slots: Vec<AtomicU64>,
    threshold: AtomicU64,
}

const AWAKE: u64 = 0;

impl Mail {
    fn new(slots: usize) -> &'static Self {
        let words = MailboxWords { upto: AtomicUsize::new(0) };
        let slots = (0..slots).map(|_| AtomicU64::new(0)).collect();
        Box::leak(Box::new(Self { words, slots, threshold: AtomicU64::new(1) }))
    }

    fn wake(&self) {
        self.threshold.store(AWAKE, Ordering::Relaxed);
    }

    fn put(&self, word: u64) {
        self.words.put(&self.slots, word, || self.wake());
    }

    /// As `Ledger::publish`: at any time, not only when woken.
    fn arm(&self) {
        self.words.arm(|| self.threshold.store(1, Ordering::Relaxed), || self.wake());
    }

    /// An allocation: it does nothing, or takes all words.
    fn allocate(&self, taken: &mut Vec<Option<u64>>) {
        if self.threshold.load(Ordering::Relaxed) == AWAKE {
            self.words.take(&self.slots, |word| taken.push(word));
            self.arm();
        }
    }
}

/// Threads leave a word each, while the owner publishes and allocates. After they have ended, its next allocation finds
/// the rest.
fn words(number: u64, slots: usize) -> Vec<Option<u64>> {
    let mail = Mail::new(slots);
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
