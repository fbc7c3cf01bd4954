//! Labels as numbers: keys and values, their counters, and the sets of labels that work carries.
//!
//! Looking up a label neither allocates nor locks. A new key or value is entered by one thread at a time; the others
//! wait for that. Nothing is ever removed, so that the counters never fall.

use super::text::{LabelText, ShortText};
use crate::live;
use crate::os::memory::pages;
use crate::os::threads::thread_word::{self, thread_words};
use std::ptr::null_mut;
use std::sync::atomic::Ordering::{AcqRel, Acquire, Relaxed, Release};
use std::sync::atomic::{AtomicBool, AtomicPtr, AtomicU8, AtomicU32, AtomicU64};
use std::time::Duration;

/// Limit of keys.
pub(crate) const MAX_KEYS: usize = 8;
/// The limit that `max_label_values` can set.
pub(crate) const MOST_VALUES: usize = 250;
/// Number of the value that stands for all values beyond the limits.
const OTHER: u8 = 255;
/// Its text.
pub(crate) const OTHER_TEXT: &str = "other";
/// Values of a key by their numbers; 0 is none.
const NUMBERS: usize = 256;
/// Places of the values by the highest bits of the hash of their texts. At least as many again are empty.
const PLACES: usize = 512;
const PLACE_BITS: u32 = PLACES.ilog2();
/// Sets of labels. Number 0 is the empty set.
const SETS: usize = 1 << 16;
/// Sets that a search visits.
const SEARCH: usize = 256;
/// Attempts to enter a new text while another thread does: with a spin, a yield, and a millisecond between them. After
/// the last one the text is left out: the other thread may never go on.
const SPINS: u32 = 100;
const YIELDS: u32 = 100;
const SLEEPS: u32 = 500;

static KEYS: [LabelKey; MAX_KEYS] = [const { LabelKey::new() }; MAX_KEYS];
/// Number of keys.
static KEY_COUNT: AtomicU32 = AtomicU32::new(0);
/// Limit of the values of a key, without `other`.
static MAX_VALUES: AtomicU32 = AtomicU32::new(64);
/// True while a thread enters a new text.
static IS_WRITING: AtomicBool = AtomicBool::new(false);
/// Sets by their numbers: a byte for each key, with the number of its value.
static SETS_BY_NUMBER: AtomicPtr<AtomicU64> = AtomicPtr::new(null_mut());
/// Labels that were left out because of their key.
static LEFT_OUT_KEYS: AtomicU64 = AtomicU64::new(0);
/// Labels that were left out because there are too many sets.
static LEFT_OUT_SETS: AtomicU64 = AtomicU64::new(0);

/// One key, with its values.
struct LabelKey {
    text: LabelText,
    number: AtomicU8,
    /// Number of values, without `other`.
    count: AtomicU32,
    /// Numbers of values by the hash of their texts.
    places: [AtomicU8; PLACES],
    /// The values by their numbers; null until the key is used.
    values: AtomicPtr<LabelValue>,
}

/// One value of a key, with the counters of the work that carries it.
#[repr(C, align(64))]
pub(crate) struct LabelValue {
    pub(crate) calls: AtomicU64,
    pub(crate) allocated: AtomicU64,
    pub(crate) deallocated: AtomicU64,
    /// The set of this label alone, as `live::label_bits` has it; 0: not known yet.
    alone: AtomicU64,
    /// Numbers of the key and of the value, set before any other thread can see the value.
    key: AtomicU8,
    number: AtomicU8,
    text: LabelText,
}

/// A label. PERF: a reference, so that its counters are found without a search.
#[derive(Clone, Copy)]
pub(crate) struct LabelId(&'static LabelValue);

impl std::fmt::Debug for LabelId {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("LabelId").field(&self.0.text).finish()
    }
}

/// Number of a set of labels; 0: the empty one.
pub(crate) type LabelSet = u16;

impl LabelKey {
    const fn new() -> Self {
        Self {
            text: LabelText::new(),
            number: AtomicU8::new(0),
            count: AtomicU32::new(0),
            places: [const { AtomicU8::new(0) }; PLACES],
            values: AtomicPtr::new(null_mut()),
        }
    }

    #[inline(always)]
    fn value(&'static self, number: u8) -> Option<&'static LabelValue> {
        let values = self.values.load(Acquire);
        if values.is_null() {
            return None;
        }
        // SAFETY: `make_values` stores a mapping of `NUMBERS` zeroed values, which are all atomics; never unmapped.
        Some(unsafe { &*values.add(usize::from(number)) })
    }

    /// Reserves the values, unless that was done. For one thread at a time.
    fn make_values(&'static self, number: u8) -> Option<()> {
        if self.values.load(Acquire).is_null() {
            let made = pages::reserve(NUMBERS * size_of::<LabelValue>());
            if made.is_null() {
                return None;
            }
            self.values.store(made.cast(), Release);
        }
        self.value(0)?.text.clear();
        let other = self.value(OTHER)?;
        other.key.store(number, Relaxed);
        other.number.store(OTHER, Relaxed);
        Some(())
    }

    /// The value whose text `is` the one with this hash, and else the empty place for it.
    #[inline(always)]
    fn find(&'static self, hash: u32, is: impl Fn(&LabelText) -> bool) -> Result<LabelId, usize> {
        let mut place = (hash >> (u32::BITS - PLACE_BITS)) as usize;
        // There are more places than values.
        loop {
            let number = self.places.get(place).map_or(0, |number| number.load(Acquire));
            // PERF: before the place is known not to be empty. Value 0 has no text.
            if let Some(value) = self.value(number)
                && is(&value.text)
            {
                return Ok(LabelId(value));
            }
            if number == 0 {
                return Err(place);
            }
            place = (place + 1) % PLACES;
        }
    }

    /// The value with this text, which is entered if necessary.
    fn label(&'static self, text: &str) -> Option<LabelId> {
        if text.len() > LabelText::MOST_BYTES {
            return self.other();
        }
        let hash = LabelText::hash(text);
        self.find(hash, |value| value.is(text, hash)).ok().or_else(|| self.enter(text, hash))
    }

    fn other(&'static self) -> Option<LabelId> {
        self.value(OTHER).map(LabelId)
    }

    fn is_full(&self) -> bool {
        self.count.load(Relaxed) >= MAX_VALUES.load(Relaxed)
    }

    fn enter(&'static self, text: &str, hash: u32) -> Option<LabelId> {
        if self.is_full() || text == OTHER_TEXT {
            return self.other();
        }
        let entered = writing(|| match self.find(hash, |value| value.is(text, hash)) {
            Ok(label) => Some(label),
            Err(_) if self.is_full() => None,
            Err(place) => {
                let number = self.count.load(Relaxed) as u8 + 1;
                let (value, place) = self.value(number).zip(self.places.get(place))?;
                value.key.store(self.number.load(Relaxed), Relaxed);
                value.number.store(number, Relaxed);
                value.text.set(text, hash);
                self.count.store(number.into(), Relaxed);
                // Release: whoever sees the number sees the text.
                place.store(number, Release);
                Some(LabelId(value))
            }
        });
        entered.flatten().or_else(|| self.other())
    }
}

thread_words! {
    /// `WRITES` while this thread enters a new text.
    static IS_WRITER;
}
/// No value of a thread that has no word.
const WRITES: usize = thread_word::WITHOUT_SLOT + 1;

/// Runs `work` on one thread at a time. `None`: another thread is at it for long, or a signal handler has interrupted
/// this thread at it.
fn writing<R>(work: impl FnOnce() -> R) -> Option<R> {
    if IS_WRITER.get() == WRITES {
        return None;
    }
    let begins = || IS_WRITING.compare_exchange(false, true, Acquire, Relaxed).is_ok();
    (0..SPINS + YIELDS + SLEEPS).find(|&tries| {
        IS_WRITER.set(WRITES);
        let begun = begins();
        if !begun {
            IS_WRITER.set(0);
            wait(tries);
        }
        begun
    })?;
    let done = work();
    IS_WRITING.store(false, Release);
    IS_WRITER.set(0);
    Some(done)
}

fn wait(tries: u32) {
    if tries < SPINS {
        std::hint::spin_loop();
    } else if tries < SPINS + YIELDS {
        std::thread::yield_now();
    } else {
        std::thread::sleep(Duration::from_millis(1));
    }
}

/// In a forked child: the thread that was entering a text may not exist.
pub(crate) fn recover() {
    IS_WRITING.store(false, Release);
    IS_WRITER.set(0);
}

/// Sets the limit of the values of a key. Values that exist stay.
pub(crate) fn limit_values(max: usize) {
    MAX_VALUES.store(max.min(MOST_VALUES) as u32, Relaxed);
}

/// Labels that were left out so far.
pub(crate) fn left_out() -> u64 {
    LEFT_OUT_KEYS.load(Relaxed).saturating_add(left_out_sets())
}

/// Labels that were left out because there are too many sets: records may lack them.
pub(crate) fn left_out_sets() -> u64 {
    LEFT_OUT_SETS.load(Relaxed)
}

fn find_key(text: &str, hash: u32) -> Option<&'static LabelKey> {
    KEYS.iter().find(|key| key.text.is(text, hash))
}

fn enter_key(text: &str, hash: u32) -> Option<&'static LabelKey> {
    if text.len() > LabelText::MOST_BYTES {
        return None;
    }
    let entered = writing(|| {
        find_key(text, hash).or_else(|| {
            let number = KEY_COUNT.load(Relaxed);
            let key = KEYS.get(number as usize)?;
            sets_or_make()?;
            key.number.store(number as u8, Relaxed);
            key.make_values(number as u8)?;
            key.text.set(text, hash);
            KEY_COUNT.store(number + 1, Release);
            Some(key)
        })
    });
    entered.flatten()
}

impl LabelId {
    /// The label of this key and value, if it is in use already and both are short. PERF: it makes no calls, so that no
    /// registers have to be saved.
    #[inline(always)]
    pub(crate) fn known(key: &str, value: &str) -> Option<Self> {
        let key = ShortText::of(key)?;
        let key = KEYS.iter().find(|known| known.text.is_short(key))?;
        let value = ShortText::of(value)?;
        key.find(value.hash(), |known| known.is_short(value)).ok()
    }

    /// The label of this key and value. `None`: there are too many keys, or the system has no memory.
    pub(crate) fn of(key: &str, value: &str) -> Option<Self> {
        let hash = LabelText::hash(key);
        match find_key(key, hash).or_else(|| enter_key(key, hash)) {
            Some(key) => key.label(value),
            None => {
                LEFT_OUT_KEYS.fetch_add(1, Relaxed);
                None
            }
        }
    }

    /// Numbers of the key and the value.
    pub(crate) fn numbers(self) -> (u8, u8) {
        (self.0.key.load(Relaxed), self.0.number.load(Relaxed))
    }

    /// Counts a piece of work with this label.
    #[inline(always)]
    pub(crate) fn count_call(self) {
        self.0.calls.fetch_add(1, Relaxed);
    }

    /// The set of this label alone, as `live::label_bits` has it, if it is known.
    #[inline(always)]
    pub(crate) fn alone(self) -> Option<u64> {
        Some(self.0.alone.load(Relaxed)).filter(|&alone| alone != 0)
    }

    /// The set with this label, which replaces another value of its key.
    pub(crate) fn with(self, set: LabelSet) -> LabelSet {
        let shift = u32::from(self.0.key.load(Relaxed)) * 8;
        let word = word(set) & !(0xFF << shift) | u64::from(self.0.number.load(Relaxed)) << shift;
        let Some(number) = number_of(word) else {
            LEFT_OUT_SETS.fetch_add(1, Relaxed);
            return set;
        };
        if set == 0 {
            self.0.alone.store(live::label_bits(number), Relaxed);
        }
        number
    }
}

fn sets() -> Option<&'static [AtomicU64]> {
    let start = SETS_BY_NUMBER.load(Acquire);
    if start.is_null() {
        return None;
    }
    // SAFETY: `sets_or_make` stores a mapping of `SETS` zeroed words, never unmapped.
    Some(unsafe { std::slice::from_raw_parts(start, SETS) })
}

/// The sets, reserved if necessary; for one thread at a time.
fn sets_or_make() -> Option<()> {
    if sets().is_none() {
        let made = pages::reserve(SETS * size_of::<AtomicU64>());
        if made.is_null() {
            return None;
        }
        SETS_BY_NUMBER.store(made.cast(), Release);
    }
    Some(())
}

/// The values of a set: a byte for each key.
#[inline]
fn word(set: LabelSet) -> u64 {
    if set == 0 { 0 } else { sets().and_then(|sets| sets.get(usize::from(set))).map_or(0, |word| word.load(Relaxed)) }
}

/// Number of the set with these values, which is entered if necessary. `None`: there are too many.
#[inline]
fn number_of(word: u64) -> Option<LabelSet> {
    let sets = sets()?;
    let first = word.wrapping_mul(0x9E37_79B9_7F4A_7C15) >> 48;
    for step in 0..SEARCH {
        let number = (first as usize + step) % SETS;
        // The empty set.
        if number == 0 {
            continue;
        }
        let place = sets.get(number)?;
        let found = match place.load(Relaxed) {
            0 => place.compare_exchange(0, word, AcqRel, Relaxed).err().unwrap_or(word),
            found => found,
        };
        if found == word {
            return Some(number as LabelSet);
        }
    }
    None
}

/// Adds the bytes of a thread to every label of a set.
pub(super) fn add(set: LabelSet, allocated: u64, deallocated: u64) {
    for LabelId(value) in of_set(set) {
        // The allocation first, for the reader.
        value.allocated.fetch_add(allocated, Relaxed);
        value.deallocated.fetch_add(deallocated, Release);
    }
}

/// The labels of a set.
pub(crate) fn of_set(set: LabelSet) -> impl Iterator<Item = LabelId> {
    let numbers = KEYS.iter().zip(word(set).to_le_bytes());
    numbers.filter(|&(_, number)| number != 0).filter_map(|(key, number)| key.value(number)).map(LabelId)
}

/// All labels that were in use, with their texts and counters.
pub(crate) fn all() -> impl Iterator<Item = (LabelId, String, String, &'static LabelValue)> {
    let count = KEY_COUNT.load(Acquire) as usize;
    KEYS.iter().take(count).flat_map(|key| {
        let numbers = 1..=key.count.load(Acquire).min(MOST_VALUES as u32) as u8;
        numbers.chain([OTHER]).filter_map(|number| {
            let value = key.value(number)?;
            let text = if number == OTHER { OTHER_TEXT.to_owned() } else { value.text.to_text() };
            Some((LabelId(value), key.text.to_text(), text, value))
        })
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::Barrier;

    #[test]
    fn a_new_text_waits_for_another_one_but_not_for_its_own_thread() {
        let other = |label: Option<LabelId>| label.expect("a key").numbers().1 == OTHER;
        let begun = Barrier::new(2);
        assert!(!other(LabelId::of("waits", "first")));
        std::thread::scope(|threads| {
            threads.spawn(|| {
                let written = writing(|| {
                    begun.wait();
                    std::thread::sleep(Duration::from_millis(30));
                    // As in a signal handler.
                    assert!(!other(LabelId::of("waits", "first")) && other(LabelId::of("waits", "handler")));
                });
                assert_eq!(written, Some(()));
            });
            begun.wait();
            assert!(!other(LabelId::of("waits", "second")));
        });
        assert!(!other(LabelId::of("waits", "handler")));
    }
}
