//! The hash of addresses, for the filters and for the table.

/// Multiplier of the hash, odd. Pages, and blocks of one size, lie at equal distances, and each multiplier clusters
/// some distances; the usual one, 2^64 divided by the golden ratio, several. This one is the best of 8,000 random
/// numbers over distances from 16 bytes to 2^23.
const MULTIPLIER: u64 = 0xC13C_3ACE_5DD6_0D51;

/// Numbers of a place: the bits of an address within its page change the lowest 8 bits of it.
pub(crate) const LEAST_PLACES: usize = 256;

/// A number below 2^(64 − `shift`): the highest bits of a product depend on all bits of the key.
#[cfg_attr(not(debug_assertions), inline(always))]
pub(crate) fn spread(key: u64, shift: u32) -> usize {
    (key.wrapping_mul(MULTIPLIER) >> (shift & 63)) as usize
}

/// The place of an address among 2^(64 − `shift`), at least [`LEAST_PLACES`]. Addresses of one page of 4 KiB have
/// neighbouring places, one for 16 bytes, so blocks that are allocated one after the other touch the same cache lines.
///
/// The bits within the page change the lowest ones. Blocks that are 8 bytes apart, which few allocators have, count as
/// if they were in different pages.
#[cfg_attr(not(debug_assertions), inline(always))]
pub(crate) fn place(key: u64, shift: u32) -> usize {
    spread(key & !0xFF7, shift) ^ usize::from((key >> 4) as u8)
}

/// The `choice`-th other place, mostly independent of the first one (double hashing).
pub(crate) fn other_place(key: u64, choice: u32, shift: u32) -> usize {
    let hash = key.wrapping_mul(MULTIPLIER);
    let mixed = (hash ^ (hash >> 29)).wrapping_mul(MULTIPLIER);
    let step = mixed.rotate_left(32) | 1;
    (mixed.wrapping_add(step.wrapping_mul(u64::from(choice))) >> (shift & 63)) as usize
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn blocks_of_a_page_are_neighbours_with_places_of_their_own() {
        for page in [0x5555_0000_1000, 0x7f00_1234_5000] {
            let places: std::collections::HashSet<usize> =
                (0..256).map(|block| place(page + block * 16, 64 - 16)).collect();
            assert_eq!(
                (places.len(), places.iter().map(|place| place / 256).min()),
                (256, places.iter().map(|place| place / 256).max())
            );
        }
    }

    #[test]
    fn every_number_is_below_its_limit() {
        for bits in [8, 19, 32] {
            let (shift, limit) = (64 - bits, 1 << bits);
            for key in [0, 1, 0x1000, 0x7fff_ffff_fff0, u64::MAX].into_iter().chain((0..1000).map(|n| n * 48)) {
                assert!(spread(key, shift) < limit && place(key, shift) < limit);
                assert!((1..16).all(|choice| other_place(key, choice, shift) < limit));
            }
        }
    }
}
