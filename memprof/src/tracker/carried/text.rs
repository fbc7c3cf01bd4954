//! A short text that is written once and read by all threads.

use std::sync::atomic::Ordering::Relaxed;
use std::sync::atomic::{AtomicU32, AtomicU64};

const WORDS: usize = 16;

/// The text of a key or a value, in words.
#[derive(Debug)]
pub(super) struct LabelText {
    length: AtomicU32,
    hash: AtomicU32,
    words: [AtomicU64; WORDS],
}

impl LabelText {
    /// Limit of the bytes of a text.
    pub(super) const MOST_BYTES: usize = WORDS * 8;

    pub(super) const fn new() -> Self {
        Self { length: AtomicU32::new(0), hash: AtomicU32::new(0), words: [const { AtomicU64::new(0) }; WORDS] }
    }

    /// Sets the text, once, before any other thread can see it.
    pub(super) fn set(&self, text: &str, hash: u32) {
        for (word, value) in self.words.iter().zip(words(text)) {
            word.store(value, Relaxed);
        }
        self.hash.store(hash, Relaxed);
        self.length.store(text.len() as u32, Relaxed);
    }

    /// True if it is this text.
    #[inline]
    pub(super) fn is(&self, text: &str, hash: u32) -> bool {
        self.hash.load(Relaxed) == hash
            && self.length.load(Relaxed) as usize == text.len()
            && self.words.iter().zip(words(text)).all(|(word, value)| word.load(Relaxed) == value)
    }

    /// A copy of the text.
    pub(super) fn to_text(&self) -> String {
        let bytes: Vec<u8> = self.words.iter().flat_map(|word| word.load(Relaxed).to_le_bytes()).collect();
        let length = (self.length.load(Relaxed) as usize).min(bytes.len());
        String::from_utf8_lossy(bytes.get(..length).unwrap_or_default()).into_owned()
    }

    #[inline]
    pub(super) fn hash(text: &str) -> u32 {
        let mix = |hash: u64, word: u64| (hash.rotate_left(23) ^ word).wrapping_mul(0x9E37_79B9_7F4A_7C15);
        let hash = words(text).fold(text.len() as u64, mix);
        (hash >> 32) as u32
    }
}

/// The bytes of a text in words, the last one filled up with zeros.
#[inline]
fn words(text: &str) -> impl Iterator<Item = u64> {
    let (whole, rest) = text.as_bytes().as_chunks::<8>();
    let rest = (!rest.is_empty()).then(|| rest.iter().rev().fold(0, |word, &byte| word << 8 | u64::from(byte)));
    whole.iter().map(|bytes| u64::from_le_bytes(*bytes)).chain(rest)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_is_itself_and_no_other() {
        let texts = ["", "a", "docs", "eight ch", "nine char", "nine chaR", &"x".repeat(128), &"x".repeat(127)];
        for one in texts {
            let text = LabelText::new();
            text.set(one, LabelText::hash(one));
            assert_eq!(text.to_text(), one);
            for other in texts {
                assert_eq!(text.is(other, LabelText::hash(other)), one == other, "{one} {other}");
            }
        }
    }
}
