//! One verdict for a container and its blocks.
//!
//! The buffer of a vector, or the table of a map, grows in few steps, far apart; the blocks inside come one by one. All
//! are made on one call path, so the verdict on the blocks holds for the buffer: it continues with them, and ends when
//! no more of them come.

use super::{FEWEST_BLOCKS, Growth, How, Verdict};

/// Maximum number of blocks of a buffer: an old one may be deallocated a little later than the new one is made.
const MOST_BUFFERS: f64 = 2.0;
/// Bytes of a buffer for each block inside: from a pointer in a full one to a wide entry in one that is half empty.
const LEAST_FOR_EACH: f64 = 8.0;
const MOST_FOR_EACH: f64 = 256.0;

/// A group and its verdict.
#[derive(Clone, Copy, Debug)]
pub(crate) struct JudgedGroup {
    pub(crate) path: usize,
    pub(crate) verdict: Verdict,
    pub(crate) blocks: f64,
    pub(crate) bytes: f64,
    /// Time of the last allocation or enlargement, seconds of the run.
    pub(crate) latest: f64,
}

/// Makes buffers agree with the blocks inside. Readings are `distance` seconds apart.
pub(crate) fn agree(members: &mut [JudgedGroup], distance: f64) {
    let all = members.to_vec();
    for buffer in members.iter_mut().filter(|member| member.blocks <= MOST_BUFFERS) {
        let held = all.iter().filter(|held| buffer.may_hold(held));
        if let Some(verdict) = held.filter_map(|held| buffer.verdict_by(held, distance)).next() {
            buffer.verdict = verdict;
        }
    }
}

impl JudgedGroup {
    fn may_hold(&self, held: &Self) -> bool {
        let for_each = self.bytes / held.blocks.max(1.0);
        self.path == held.path
            && held.blocks >= FEWEST_BLOCKS as f64
            && (LEAST_FOR_EACH..=MOST_FOR_EACH).contains(&for_each)
    }

    /// The buffer's verdict, if the blocks inside have another one.
    fn verdict_by(&self, held: &Self, distance: f64) -> Option<Verdict> {
        match (self.verdict, held.verdict) {
            (Verdict::Kept(_) | Verdict::Recent | Verdict::Unknown, Verdict::Growing(growth)) => {
                let grew = growth.how == How::NewBlocks && self.latest >= growth.from;
                let of_buffer = Growth { how: How::LargerBlocks, last: self.latest, bytes: self.bytes, ..growth };
                grew.then_some(Verdict::Growing(of_buffer))
            }
            (Verdict::Growing(growth), Verdict::Kept(Some(ended))) => {
                let is_over = growth.how == How::LargerBlocks && self.latest <= ended.last + distance;
                is_over.then_some(Verdict::Kept(Some(Growth { last: growth.last.min(ended.last), ..growth })))
            }
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn growth(how: How, last: f64) -> Growth {
        Growth { how, from: 0.1, last, bytes: 1e5 }
    }

    /// The verdict on a buffer of so many bytes beside 1,000 blocks.
    fn buffer(bytes: f64, latest: f64, own: Verdict, of_blocks: Verdict) -> Verdict {
        let blocks = JudgedGroup { path: 1, verdict: of_blocks, blocks: 1_000.0, bytes: 1e5, latest: 9.0 };
        let buffer = JudgedGroup { path: 1, verdict: own, blocks: 1.0, bytes, latest };
        let mut on_other_path = [buffer, JudgedGroup { path: 2, ..blocks }];
        agree(&mut on_other_path, 0.3);
        assert_eq!(on_other_path[0].verdict, own);
        let mut members = [blocks, buffer];
        agree(&mut members, 0.3);
        assert_eq!(members[0].verdict, of_blocks);
        members[1].verdict
    }

    #[test]
    fn a_buffer_grows_with_what_it_holds() {
        let growing = Verdict::Growing(growth(How::NewBlocks, 9.9));
        for own in [Verdict::Recent, Verdict::Kept(None), Verdict::Unknown] {
            let verdict = buffer(8_192.0, 8.0, own, growing);
            assert!(verdict.growth().is_some_and(|growth| growth.how == How::LargerBlocks && growth.last == 8.0));
            // Too small or too large to be its buffer, or older than the growth.
            assert_eq!(buffer(4_000.0, 8.0, own, growing), own);
            assert_eq!(buffer(1e6, 8.0, own, growing), own);
            assert_eq!(buffer(8_192.0, 0.05, own, growing), own);
        }
        assert_eq!(buffer(8_192.0, 8.0, Verdict::KeptSinceStart, growing), Verdict::KeptSinceStart);
    }

    #[test]
    fn a_buffer_of_what_is_kept_grows_no_more() {
        let (own, kept) = (growth(How::LargerBlocks, 7.9), Verdict::Kept(Some(growth(How::NewBlocks, 8.0))));
        assert_eq!(buffer(8_192.0, 7.9, Verdict::Growing(own), kept), Verdict::Kept(Some(own)));
        // It was enlarged later: something else is in it.
        assert_eq!(buffer(8_192.0, 8.5, Verdict::Growing(own), kept), Verdict::Growing(own));
        // A group in balance says nothing about its buffer.
        assert_eq!(buffer(8_192.0, 7.9, Verdict::Growing(own), Verdict::Kept(None)), Verdict::Growing(own));
    }
}
