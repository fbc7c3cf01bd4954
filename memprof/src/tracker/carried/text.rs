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
        let (whole, last) = parts(text.as_bytes());
        let words = whole.iter().map(|bytes| u64::from_le_bytes(*bytes)).chain([last]);
        for (word, value) in self.words.iter().zip(words) {
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
        let (whole, last) = parts(text.as_bytes());
        let mut words = self.words.iter();
        for bytes in whole {
            if words.next().is_none_or(|word| word.load(Relaxed) != u64::from_le_bytes(*bytes)) {
                return false;
            }
        }
        // A text of whole words only has no other last word.
        words.next().is_none_or(|word| word.load(Relaxed) == last)
    }

    /// A copy of the text.
    pub(super) fn to_text(&self) -> String {
        let length = (self.length.load(Relaxed) as usize).min(Self::MOST_BYTES);
        let mut bytes: Vec<u8> = self.words.iter().flat_map(|word| word.load(Relaxed).to_le_bytes()).collect();
        let whole = length / 8 * 8;
        let last = self.words.get(length / 8).map_or(0, |word| word.load(Relaxed)).to_le_bytes();
        for (at, byte) in (whole..length).zip(last.iter().skip(if length > 8 { 8 - (length - whole) } else { 0 })) {
            if let Some(place) = bytes.get_mut(at) {
                *place = *byte;
            }
        }
        bytes.truncate(length);
        String::from_utf8_lossy(&bytes).into_owned()
    }

    #[inline(always)]
    pub(super) fn hash(text: &str) -> u32 {
        const ODD: u64 = 0x9E37_79B9_7F4A_7C15;
        let (whole, last) = parts(text.as_bytes());
        let mut hash = text.len() as u64;
        for bytes in whole {
            hash = (hash.rotate_left(23) ^ u64::from_le_bytes(*bytes)).wrapping_mul(ODD);
        }
        ((hash.rotate_left(23) ^ last).wrapping_mul(ODD) >> 32) as u32
    }
}

/// The whole words of a text, and one more: the last 8 bytes, or all if there are fewer. PERF: no loop over bytes.
#[inline(always)]
fn parts(bytes: &[u8]) -> (&[[u8; 8]], u64) {
    let (whole, rest) = bytes.as_chunks::<8>();
    let last = match (rest, bytes.last_chunk::<8>()) {
        ([], _) => 0,
        (_, Some(last)) => u64::from_le_bytes(*last),
        ([a, b, c, d, rest @ ..], None) => {
            let high = rest.iter().rev().fold(0, |word, &byte| word << 8 | u64::from(byte));
            u64::from(u32::from_le_bytes([*a, *b, *c, *d])) | high << 32
        }
        (few, None) => few.iter().rev().fold(0, |word, &byte| word << 8 | u64::from(byte)),
    };
    (whole, last)
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
