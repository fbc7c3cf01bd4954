//! A short text that is written once and read by all threads.

use std::sync::atomic::Ordering::{Acquire, Relaxed, Release};
use std::sync::atomic::{AtomicU32, AtomicU64};

const WORDS: usize = 16;

/// Length of no text.
const NO_TEXT: u32 = u32::MAX;

/// The text of a key or a value, in words.
#[derive(Debug)]
pub(super) struct LabelText {
    /// Bytes of the text; `NO_TEXT` if there is none yet. Set last.
    length: AtomicU32,
    hash: AtomicU32,
    words: [AtomicU64; WORDS],
}

/// A text of at most 16 bytes: its length, and two words. PERF: comparing it needs no loop.
#[derive(Clone, Copy)]
pub(super) struct ShortText {
    length: usize,
    first: u64,
    last: u64,
}

impl ShortText {
    /// `None`: the text is longer.
    #[inline(always)]
    pub(super) fn of(text: &str) -> Option<Self> {
        let bytes = text.as_bytes();
        let (first, last) = match (bytes.first_chunk::<8>(), bytes.last_chunk::<8>()) {
            (Some(first), Some(last)) if bytes.len() <= 16 => (u64::from_le_bytes(*first), u64::from_le_bytes(*last)),
            (Some(_), _) => return None,
            _ => match (bytes.first_chunk::<4>(), bytes.last_chunk::<4>()) {
                (Some(first), Some(last)) => (u32::from_le_bytes(*first).into(), u32::from_le_bytes(*last).into()),
                _ => (few_bytes(bytes), 0),
            },
        };
        Some(Self { length: bytes.len(), first, last })
    }

    #[inline(always)]
    pub(super) fn hash(self) -> u32 {
        (mix(mix(self.length as u64, self.first), self.last) >> 32) as u32
    }
}

impl LabelText {
    /// Limit of the bytes of a text.
    pub(super) const MOST_BYTES: usize = WORDS * 8;

    pub(super) const fn new() -> Self {
        Self { length: AtomicU32::new(NO_TEXT), hash: AtomicU32::new(0), words: [const { AtomicU64::new(0) }; WORDS] }
    }

    /// Makes zeroed memory no text, before any other thread can see it.
    pub(super) fn clear(&self) {
        self.length.store(NO_TEXT, Relaxed);
    }

    /// Sets the text, once.
    pub(super) fn set(&self, text: &str, hash: u32) {
        let short = ShortText::of(text).map(|short| [short.first, short.last]);
        let long = short.is_none().then(|| all_words(text.as_bytes()));
        for (word, value) in self.words.iter().zip(short.into_iter().flatten().chain(long.into_iter().flatten())) {
            word.store(value, Relaxed);
        }
        self.hash.store(hash, Relaxed);
        // Release: whoever sees the length sees the text.
        self.length.store(text.len() as u32, Release);
    }

    #[inline(always)]
    fn has_length(&self, length: usize) -> bool {
        self.length.load(Acquire) as usize == length
    }

    /// True if it is this text.
    #[inline(always)]
    pub(super) fn is_short(&self, text: ShortText) -> bool {
        self.has_length(text.length)
            && self.words[0].load(Relaxed) == text.first
            && self.words[1].load(Relaxed) == text.last
    }

    /// True if it is this text.
    pub(super) fn is(&self, text: &str, hash: u32) -> bool {
        match ShortText::of(text) {
            Some(short) => self.is_short(short),
            None => {
                self.has_length(text.len())
                    && self.hash.load(Relaxed) == hash
                    && self
                        .words
                        .iter()
                        .zip(all_words(text.as_bytes()))
                        .all(|(word, value)| word.load(Relaxed) == value)
            }
        }
    }

    /// A copy of the text.
    pub(super) fn to_text(&self) -> String {
        let length = match self.length.load(Acquire) {
            NO_TEXT => 0,
            length => (length as usize).min(Self::MOST_BYTES),
        };
        let mut bytes: Vec<u8> = self.words.iter().flat_map(|word| word.load(Relaxed).to_le_bytes()).collect();
        // The second word of a text of two words ends with the last byte of the text.
        match length {
            4..8 => drop(bytes.drain(4..16 - length)),
            8..=16 => drop(bytes.drain(8..24 - length)),
            _ => {}
        }
        bytes.truncate(length);
        String::from_utf8_lossy(&bytes).into_owned()
    }

    pub(super) fn hash(text: &str) -> u32 {
        match ShortText::of(text) {
            Some(short) => short.hash(),
            None => (all_words(text.as_bytes()).fold(text.len() as u64, mix) >> 32) as u32,
        }
    }
}

#[inline(always)]
fn mix(hash: u64, word: u64) -> u64 {
    (hash.rotate_left(23) ^ word).wrapping_mul(0x9E37_79B9_7F4A_7C15)
}

/// A text of at most three bytes in one word.
#[inline(always)]
fn few_bytes(bytes: &[u8]) -> u64 {
    match *bytes {
        [] => 0,
        [a] => u64::from(a),
        [a, b] => u64::from(a) | u64::from(b) << 8,
        [a, b, c, ..] => u64::from(a) | u64::from(b) << 8 | u64::from(c) << 16,
    }
}

/// A text of any length in words, the last one filled up with zeros.
fn all_words(bytes: &[u8]) -> impl Iterator<Item = u64> {
    let (whole, rest) = bytes.as_chunks::<8>();
    let rest = (!rest.is_empty()).then(|| rest.iter().rev().fold(0, |word, byte| word << 8 | u64::from(*byte)));
    whole.iter().map(|bytes| u64::from_le_bytes(*bytes)).chain(rest)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_is_itself_and_no_other() {
        let alphabet: String = ('a'..='z').cycle().take(128).collect();
        let mut texts: Vec<String> = (0..=128).map(|length| alphabet[..length].to_owned()).collect();
        texts.extend(
            [
                "docs",
                "docsd",
                "dododo",
                "nine char",
                "nine chaR",
                "ä",
                "ß€",
                "\0",
                "\0\0",
                "\0\0\0\0",
                "\0\0\0\0\0",
                "aaaa",
                "aaaaa",
                "aaaaaaa",
                "aaaaaaaa",
                "aaaaaaaaa",
                "aaaaaaaaaaaaaaaa",
                "aaaaaaaaaaaaaaaaa",
            ]
            .map(str::to_owned),
        );
        for one in &texts {
            let text = LabelText::new();
            text.set(one, LabelText::hash(one));
            assert_eq!(&text.to_text(), one);
            for other in &texts {
                assert_eq!(text.is(other, LabelText::hash(other)), one == other, "{one} {other}");
                // Also if all hashes were equal.
                assert_eq!(text.is(other, LabelText::hash(one)), one == other, "{one} {other}");
            }
        }
    }
}
