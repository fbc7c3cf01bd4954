//! Identity of a module's build, for modules in which the linker has left none.

/// A loaded part of a module's file: address in the file, bytes in memory, bytes in the file.
pub(crate) type LoadedPart = [u64; 3];

/// A hash of the loaded parts and of the index of functions.
pub(crate) fn content(parts: impl Iterator<Item = LoadedPart>, index: &[u8]) -> u64 {
    let mut hash = index.len() as u64;
    let mut add = |word: u64| hash = (hash.rotate_left(5) ^ word).wrapping_mul(0x9E37_79B9_7F4A_7C15);
    parts.flatten().for_each(&mut add);
    let (words, rest) = index.as_chunks::<8>();
    words.iter().for_each(|word| add(u64::from_ne_bytes(*word)));
    rest.iter().for_each(|byte| add(u64::from(*byte)));
    hash
}

#[cfg(test)]
mod tests {
    use super::content;

    #[test]
    fn each_part_and_each_byte_counts() {
        let index: Vec<u8> = (0..21).collect();
        let of = |part, index: &[u8]| content([part, [9, 9, 9]].into_iter(), index);
        let first = of([1, 2, 3], &index);
        assert_eq!(first, of([1, 2, 3], &index));
        assert!(first != of([1, 2, 4], &index) && first != of([1, 2, 3], &index[1..]));
        for position in 0..index.len() {
            let mut other = index.clone();
            other[position] ^= 1;
            assert!(first != of([1, 2, 3], &other), "{position}");
        }
    }
}
