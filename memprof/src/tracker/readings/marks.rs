//! Moments that the program names: a bounded number, in static memory.

use crate::os::clock;
use std::sync::atomic::Ordering::{Acquire, Relaxed, Release};
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize};

/// Limit of the marks of one profile.
pub(crate) const MOST_MARKS: usize = 256;
/// Limit of a name, bytes.
pub(crate) const LONGEST_NAME: usize = 128;
const WORDS: usize = LONGEST_NAME / 8;

/// One mark.
struct MarkSlot {
    /// Time in ticks of the coarse clock; 0: not written yet.
    ticks: AtomicU64,
    length: AtomicUsize,
    words: [AtomicU64; WORDS],
}

/// The marks of a profile.
pub(crate) struct Marks {
    is_open: AtomicBool,
    /// Marks so far, also those beyond the limit.
    count: AtomicUsize,
    slots: [MarkSlot; MOST_MARKS],
}

static MARKS: Marks = Marks::new();

/// A mark, for reports.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct NamedMoment {
    pub(crate) ticks: u64,
    pub(crate) name: String,
}

impl Marks {
    const fn new() -> Self {
        Self {
            is_open: AtomicBool::new(false),
            count: AtomicUsize::new(0),
            slots: [const {
                MarkSlot {
                    ticks: AtomicU64::new(0),
                    length: AtomicUsize::new(0),
                    words: [const { AtomicU64::new(0) }; WORDS],
                }
            }; MOST_MARKS],
        }
    }

    fn open(&self) {
        self.count.store(0, Relaxed);
        self.slots.iter().for_each(|slot| slot.ticks.store(0, Relaxed));
        self.is_open.store(true, Release);
    }

    fn close(&self) {
        self.is_open.store(false, Relaxed);
    }

    fn add(&self, name: &str) {
        if !self.is_open.load(Acquire) {
            return;
        }
        // Checked before it is raised: it cannot wrap.
        if self.count.load(Relaxed) > usize::MAX / 2 {
            return;
        }
        let Some(slot) = self.slots.get(self.count.fetch_add(1, Relaxed)) else { return };
        let length = cut(name, LONGEST_NAME);
        let bytes = name.as_bytes().get(..length).unwrap_or_default();
        for (word, part) in slot.words.iter().zip(bytes.chunks(8)) {
            let mut whole = [0; 8];
            whole.iter_mut().zip(part).for_each(|(to, from)| *to = *from);
            word.store(u64::from_le_bytes(whole), Relaxed);
        }
        slot.length.store(length, Relaxed);
        slot.ticks.store(clock::ticks().max(1), Release);
    }

    /// The marks so far, and the number of those that were one too many. Allocates: for reports.
    fn copy(&self) -> (Vec<NamedMoment>, usize) {
        let count = self.count.load(Relaxed);
        let written = self.slots.iter().take(count).filter_map(|slot| {
            let ticks = Some(slot.ticks.load(Acquire)).filter(|&ticks| ticks > 0)?;
            let bytes: Vec<u8> = slot.words.iter().flat_map(|word| word.load(Relaxed).to_le_bytes()).collect();
            let name = bytes.get(..slot.length.load(Relaxed)).unwrap_or_default();
            Some(NamedMoment { ticks, name: String::from_utf8_lossy(name).into_owned() })
        });
        (written.collect(), count.saturating_sub(MOST_MARKS))
    }
}

/// The end of the longest part of a text that has at most `most` bytes.
fn cut(text: &str, most: usize) -> usize {
    (0..=most.min(text.len())).rev().find(|&end| text.is_char_boundary(end)).unwrap_or(0)
}

/// Begins new marks, or ends them.
pub(crate) fn accept(accepts: bool) {
    if accepts { MARKS.open() } else { MARKS.close() }
}

/// The marks of this profile, and the number of those beyond the limit. Allocates: for reports.
pub(crate) fn marks() -> (Vec<NamedMoment>, usize) {
    MARKS.copy()
}

/// Names this moment in the timeline of the report.
///
/// Cost: a few nanoseconds. It does not allocate, lock or panic, and does nothing without a running profile. A profile
/// has at most 256 marks, and a name at most 128 bytes: the rest of it is cut off, and a warning in the report counts
/// the marks beyond the limit.
///
/// ```
/// # fn build_index() {}
/// build_index();
/// memprof::mark("index built");
/// ```
pub fn mark(name: &str) {
    MARKS.add(name);
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(marks: &Marks) -> Vec<String> {
        marks.copy().0.into_iter().map(|moment| moment.name).collect()
    }

    #[test]
    fn marks_are_kept_in_their_order_and_only_while_a_profile_runs() {
        let marks = Box::new(Marks::new());
        marks.add("before");
        marks.open();
        ["loaded", "", "index built"].into_iter().for_each(|name| marks.add(name));
        marks.close();
        marks.add("after");
        assert_eq!(names(&marks), ["loaded", "", "index built"]);
        let moments = marks.copy().0;
        assert!(moments.windows(2).all(|pair| pair[0].ticks <= pair[1].ticks), "{moments:?}");
        marks.open();
        assert_eq!(names(&marks), [""; 0]);
    }

    #[test]
    fn names_and_their_number_are_bounded() {
        let marks = Box::new(Marks::new());
        marks.open();
        // The 128th byte is in the middle of a letter.
        marks.add(&format!("x{}", "ü".repeat(100)));
        (0..MOST_MARKS + 4).for_each(|number| marks.add(&number.to_string()));
        let (moments, beyond) = marks.copy();
        assert_eq!((moments.len(), beyond), (MOST_MARKS, 5));
        assert_eq!(moments[0].name, format!("x{}", "ü".repeat(63)));
        assert_eq!(moments[MOST_MARKS - 1].name, (MOST_MARKS - 2).to_string());
    }
}
