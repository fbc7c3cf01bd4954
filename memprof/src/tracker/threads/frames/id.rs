//! The id of an open scope, which its guard holds: that of its frame, or all that is known of a scope without one.

use crate::tracker::paths::node::Node;

/// Bytes of a frame.
pub(crate) const FRAME: usize = 64;
const _: () = assert!(FRAME.is_multiple_of(8), "an id has three bits to spare");

/// The identity of a frame: its offset from the bottom of the stack in bytes, and a serial number. One word, so that an
/// exit needs one comparison.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(align(8))]
pub(crate) struct FrameId(pub(crate) u64);

impl FrameId {
    /// Id of frames without a guard: no frame has this offset.
    pub(crate) const NOBODYS: FrameId = FrameId(u64::MAX);

    /// Unused low bits of the offset in a word: the thread was panicking; the word is not empty.
    const PANICKING: u64 = 1;
    const IS_ID: u64 = 2;
    /// Set in a frame above which calls without a frame were opened: it ends on the slow path.
    const MARKED: u64 = 1;
    /// Set in the id of a scope without a frame: no frame has so large an offset.
    const FRAMELESS: u64 = 1 << 31;

    #[inline(always)]
    pub(crate) fn offset(self) -> usize {
        self.0 as u32 as usize
    }

    /// The id as a word, never 0, that also says if the thread was panicking when the scope ended.
    #[inline(always)]
    pub(crate) fn word(self, panicking: bool) -> u64 {
        self.0 | Self::IS_ID | if panicking { Self::PANICKING } else { 0 }
    }

    /// Id of a scope without a frame: its node, and the facts that its end needs. The lowest three bits are unused.
    pub(crate) fn frameless(node: &'static Node, is_call: bool, panicking: bool) -> Self {
        let node = std::ptr::from_ref(node).expose_provenance() as u64 / align_of::<Node>() as u64;
        let facts = node << 2 | u64::from(is_call) << 1 | u64::from(panicking);
        Self((facts >> 28) << 32 | Self::FRAMELESS | (facts << 3 & (Self::FRAMELESS - 1)))
    }

    /// The scope that [`frameless`](Self::frameless) has packed; `None`: the scope has a frame.
    pub(crate) fn without_frame(self) -> Option<Frameless> {
        if self.0 & Self::FRAMELESS == 0 {
            return None;
        }
        let facts = (self.0 >> 32) << 28 | (self.0 & (Self::FRAMELESS - 1)) >> 3;
        let node = std::ptr::with_exposed_provenance::<Node>((facts >> 2) as usize * align_of::<Node>());
        // SAFETY: `frameless` was given this node, and nodes are never freed. No other id has this bit: no frame has so
        // large an offset.
        let node = unsafe { &*node };
        Some(Frameless { node, is_call: facts & 2 != 0, panicking_at_entry: facts & 1 != 0 })
    }

    /// True if the frame ends on the slow path.
    pub(crate) fn is_marked(self) -> bool {
        self.0 & Self::MARKED != 0
    }

    /// The id with the mark.
    pub(crate) fn marked(self) -> Self {
        Self(self.0 | Self::MARKED)
    }

    /// The id without the mark, as its guard holds it.
    pub(crate) fn unmarked(self) -> Self {
        Self(self.0 & !Self::MARKED)
    }

    /// The id that [`word`](Self::word) has packed, and if the thread was panicking.
    #[inline(always)]
    pub(crate) fn from_word(word: u64) -> (Self, bool) {
        (Self(word & !(Self::IS_ID | Self::PANICKING)), word & Self::PANICKING != 0)
    }
}

/// An open scope without a frame, for which there was no memory.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Frameless {
    pub(crate) node: &'static Node,
    pub(crate) is_call: bool,
    pub(crate) panicking_at_entry: bool,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_id_of_a_scope_without_a_frame_says_what_its_end_has_to_know() {
        let node: &'static Node = Box::leak(Box::new(Node::root()));
        for (is_call, panicking) in [(false, false), (false, true), (true, false), (true, true)] {
            let id = FrameId::frameless(node, is_call, panicking);
            for (word, was_panicking) in [(id.word(false), false), (id.word(true), true)] {
                let (back, panicking_at_end) = FrameId::from_word(word);
                assert_eq!((back, panicking_at_end), (id, was_panicking));
            }
            assert!(id.offset() > 1 << 30 && id.0.trailing_zeros() >= 3);
            let frameless = id.without_frame().expect("it has no frame");
            assert!(std::ptr::eq(frameless.node, node));
            assert_eq!((frameless.is_call, frameless.panicking_at_entry), (is_call, panicking));
        }
        assert!(FrameId(5 << 32 | 640).without_frame().is_none());
    }

    #[test]
    fn the_id_of_a_frame_survives_its_word_and_its_mark() {
        for offset in [0, FRAME as u64, 640 * FRAME as u64] {
            for serial in [1, 5, u64::from(u32::MAX)] {
                let id = FrameId(serial << 32 | offset);
                for panicking in [false, true] {
                    assert!(id.word(panicking) != 0);
                    assert_eq!(FrameId::from_word(id.word(panicking)), (id, panicking));
                }
                let marked = id.marked();
                assert_eq!((id.is_marked(), marked.is_marked(), marked.unmarked()), (false, true, id));
                assert_eq!((id.offset(), id.without_frame().is_none()), (offset as usize, true));
            }
        }
    }
}
