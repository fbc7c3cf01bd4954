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
        let bytes = text.as_bytes();
        let short = two_words(bytes).map(|(first, last)| [first, last]);
        let long = short.is_none().then(|| all_words(bytes));
        for (word, value) in self.words.iter().zip(short.into_iter().flatten().chain(long.into_iter().flatten())) {
            word.store(value, Relaxed);
        }
        self.hash.store(hash, Relaxed);
        self.length.store(text.len() as u32, Relaxed);
    }

    /// True if it is this text.
    #[inline(always)]
    pub(super) fn is(&self, text: &str, hash: u32) -> bool {
        if self.hash.load(Relaxed) != hash || self.length.load(Relaxed) as usize != text.len() {
            return false;
        }
        match two_words(text.as_bytes()) {
            Some((first, last)) => self.words[0].load(Relaxed) == first && self.words[1].load(Relaxed) == last,
            None => self.is_long(text),
        }
    }

    #[cold]
    #[inline(never)]
    fn is_long(&self, text: &str) -> bool {
        self.words.iter().zip(all_words(text.as_bytes())).all(|(word, value)| word.load(Relaxed) == value)
    }

    /// A copy of the text.
    pub(super) fn to_text(&self) -> String {
        let length = (self.length.load(Relaxed) as usize).min(Self::MOST_BYTES);
        let mut bytes: Vec<u8> = self.words.iter().flat_map(|word| word.load(Relaxed).to_le_bytes()).collect();
        // The second word of a text of two words ends with the last byte of the text.
        if (9..=16).contains(&length) {
            bytes.drain(8..24 - length);
        }
        bytes.truncate(length);
        String::from_utf8_lossy(&bytes).into_owned()
    }

    #[inline(always)]
    pub(super) fn hash(text: &str) -> u32 {
        match two_words(text.as_bytes()) {
            Some((first, last)) => (mix(mix(text.len() as u64, first), last) >> 32) as u32,
            None => Self::hash_of_long(text),
        }
    }

    #[cold]
    #[inline(never)]
    fn hash_of_long(text: &str) -> u32 {
        (all_words(text.as_bytes()).fold(text.len() as u64, mix) >> 32) as u32
    }
}

#[inline(always)]
fn mix(hash: u64, word: u64) -> u64 {
    (hash.rotate_left(23) ^ word).wrapping_mul(0x9E37_79B9_7F4A_7C15)
}

/// A text of at most 16 bytes in two words: its first 8 bytes, and its last 8 bytes if it has more. PERF: no loop, but
/// over at most 3 bytes.
#[inline(always)]
fn two_words(bytes: &[u8]) -> Option<(u64, u64)> {
    match (bytes.first_chunk::<8>(), bytes.last_chunk::<8>()) {
        (Some(first), Some(_)) if bytes.len() == 8 => Some((u64::from_le_bytes(*first), 0)),
        (Some(first), Some(last)) if bytes.len() <= 16 => Some((u64::from_le_bytes(*first), u64::from_le_bytes(*last))),
        (Some(_), _) => None,
        _ => Some((few_bytes(bytes), 0)),
    }
}

/// A text of fewer than 8 bytes in one word.
#[inline(always)]
fn few_bytes(bytes: &[u8]) -> u64 {
    let (low, rest) = match bytes.split_first_chunk::<4>() {
        Some((first, rest)) => (u64::from(u32::from_le_bytes(*first)), rest),
        None => (0, bytes),
    };
    let shift = if rest.len() == bytes.len() { 0 } else { 32 };
    let high = match rest {
        [] => 0,
        [a] => u64::from(*a),
        [a, b] => u64::from(*a) | u64::from(*b) << 8,
        [a, b, c, ..] => u64::from(*a) | u64::from(*b) << 8 | u64::from(*c) << 16,
    };
    low | high << shift
}

/// A text of any length in words, the last one filled up with zeros.
fn all_words(bytes: &[u8]) -> impl Iterator<Item = u64> {
    let (whole, rest) = bytes.as_chunks::<8>();
    whole.iter().map(|bytes| u64::from_le_bytes(*bytes)).chain((!rest.is_empty()).then(|| few_bytes(rest)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_is_itself_and_no_other() {
        let alphabet: String = ('a'..='z').cycle().take(128).collect();
        let mut texts: Vec<String> = (0..=128).map(|length| alphabet[..length].to_owned()).collect();
        texts.extend(["docs", "nine char", "nine chaR", "ä", "ß€", "\0", "\0\0"].map(str::to_owned));
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
