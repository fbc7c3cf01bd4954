//! The rule of one frame: from the registers of a function to those of its caller.

use crate::os::memory::stack_bounds::StackBounds;

/// The registers that unwinding needs, at the moment when a function continues at `address`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[repr(C)]
pub(super) struct Registers {
    pub(super) stack: usize,
    pub(super) address: usize,
    pub(super) frame: usize,
}

/// True if two functions with these registers have the same callers, as far as their registers decide.
#[inline(always)]
pub(super) fn alike(one: Registers, other: Registers, is_frame_used: bool) -> bool {
    one.stack == other.stack && one.address == other.address && (one.frame == other.frame || !is_frame_used)
}

/// The caller's registers, and the addresses from which two of them were read.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Caller {
    pub(super) registers: Registers,
    /// Address of the return address.
    pub(super) address_slot: usize,
    /// Address of the caller's frame pointer; that of the return address, if it is still in its register.
    pub(super) frame_slot: usize,
}

/// The base of the caller's stack pointer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Base {
    Stack,
    Frame,
    /// In memory, relative to the frame pointer: for functions that realign their stack.
    InFrame,
}

/// The fate of a function's frame pointer when its frame is unwound.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Fate {
    /// It is the base of the caller's stack pointer.
    Used,
    /// It is also the caller's frame pointer.
    Kept,
    /// The caller's frame pointer is read from memory.
    #[default]
    Lost,
}

/// The rule of one return address.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct UnwindRule {
    pub(super) base: Base,
    pub(super) offset: i32,
    /// Offset of the saved frame pointer of the caller, in words from the caller's stack pointer.
    pub(super) frame: Option<i16>,
    /// Offset of the saved return address, in words from the caller's stack pointer.
    pub(super) address: i16,
}

/// Offset in a packed rule that means: the frame pointer is unchanged.
const SAME: i16 = i16::MIN;
/// The largest offset of a packed rule: 30 bits including the sign.
const FURTHEST: i32 = (1 << 29) - 1;

impl UnwindRule {
    /// The rule of functions with a frame pointer, which on Apple's systems is every function.
    #[cfg(any(test, target_vendor = "apple"))]
    pub(super) const FRAME_POINTER: UnwindRule =
        UnwindRule { base: Base::Frame, offset: 16, frame: Some(-2), address: -1 };

    /// Packs the rule into one word, never 0; `None`: an offset is too large.
    pub(super) fn pack(self) -> Option<u64> {
        let base = match self.base {
            Base::Stack => 1,
            Base::Frame => 2,
            Base::InFrame => 3,
        };
        if !(-FURTHEST..=FURTHEST).contains(&self.offset) || self.frame == Some(SAME) {
            return None;
        }
        let offset = u64::from((self.offset as u32) << 2);
        let frame = u64::from(self.frame.unwrap_or(SAME) as u16);
        Some(base | offset | frame << 32 | u64::from(self.address as u16) << 48)
    }

    /// The rule in a word; `None`: the stack ends here.
    #[inline(always)]
    pub(super) fn unpack(word: u64) -> Option<UnwindRule> {
        let base = match word & 3 {
            1 => Base::Stack,
            2 => Base::Frame,
            3 => Base::InFrame,
            _ => return None,
        };
        let frame = (word >> 32) as u16 as i16;
        Some(UnwindRule {
            base,
            offset: (word as u32 as i32) >> 2,
            frame: if frame == SAME { None } else { Some(frame) },
            address: (word >> 48) as u16 as i16,
        })
    }

    /// The fate of the frame pointer under the rule in a word.
    #[inline(always)]
    pub(super) fn fate(word: u64) -> Fate {
        match word & 3 {
            // The stack ends, and nobody needs it any more.
            0 => Fate::Lost,
            1 if (word >> 32) as u16 as i16 == SAME => Fate::Kept,
            1 => Fate::Lost,
            _ => Fate::Used,
        }
    }

    /// True if the caller depends on more memory than its two slots.
    #[inline(always)]
    pub(super) fn reads_more(self) -> bool {
        self.base == Base::InFrame
    }

    /// The caller of a function with these registers. `None`: the stack ends here, or does not fit the rule.
    #[inline(always)]
    pub(super) fn apply(self, callee: Registers, stack: &StackMemory) -> Option<Caller> {
        let distance = self.offset as isize as usize;
        let caller = match self.base {
            Base::Stack => callee.stack.wrapping_add(distance),
            Base::Frame => callee.frame.wrapping_add(distance),
            Base::InFrame => stack.word(callee.frame.wrapping_add(distance))?,
        };
        // Each frame is above the last one, so every unwind ends, whatever the tables say.
        if caller <= callee.stack {
            return None;
        }
        let slot = |words: i16| caller.wrapping_add((words as isize * 8) as usize);
        let address_slot = slot(self.address);
        let address = code_address(stack.word(address_slot)?);
        if address == 0 {
            return None;
        }
        let registers = Registers { stack: caller, address, frame: callee.frame };
        match self.frame {
            // Beneath the return address, as in all code, so that one comparison tells if both are in use.
            Some(words) if words <= self.address => {
                let frame_slot = slot(words);
                let frame = stack.word(frame_slot)?;
                let registers = Registers { frame, ..registers };
                Some(Caller { registers, address_slot, frame_slot })
            }
            Some(_) => None,
            None => Some(Caller { registers, address_slot, frame_slot: address_slot }),
        }
    }
}

/// A return address without the signature that aarch64 may put into its upper bits.
#[inline(always)]
pub(super) fn code_address(word: usize) -> usize {
    if cfg!(target_arch = "aarch64") { word & 0x0000_ffff_ffff_ffff } else { word }
}

/// The part of a thread's stack that is in use; nothing else is ever read.
#[derive(Clone, Copy, Debug)]
pub(super) struct StackMemory {
    low: usize,
    high: usize,
}

impl StackMemory {
    /// From the stack pointer to the end of the thread's stack.
    ///
    /// # Safety
    /// `bounds` are those of the calling thread's stack, and its stack pointer is at or below `stack_pointer`, which
    /// lies within them.
    pub(super) unsafe fn above(stack_pointer: usize, bounds: StackBounds) -> Self {
        Self { low: stack_pointer, high: bounds.high.saturating_sub(size_of::<usize>()) }
    }

    /// True if a word at this address is on the stack, and in use.
    #[inline(always)]
    pub(super) fn holds(&self, address: usize) -> bool {
        self.low <= address && address <= self.high
    }

    /// The word at an address; `None`: it is outside.
    #[inline(always)]
    pub(super) fn word(&self, address: usize) -> Option<usize> {
        if !self.holds(address) || !address.is_multiple_of(size_of::<usize>()) {
            return None;
        }
        // SAFETY: aligned, and between this thread's stack pointer and its stack's end (see `above`).
        Some(unsafe { word_at(address) })
    }
}

/// The word at an address of this thread's stack.
///
/// # Safety
/// It is aligned and on this thread's stack: mapped, and changed by this thread alone.
#[inline(always)]
pub(super) unsafe fn word_at(address: usize) -> usize {
    // SAFETY: guaranteed by the caller. Volatile, because the compiler knows no object there.
    unsafe { std::ptr::with_exposed_provenance::<usize>(address).read_volatile() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rule_survives_being_packed() {
        for base in [Base::Stack, Base::Frame, Base::InFrame] {
            for offset in [0, 8, -8, 16, FURTHEST, -FURTHEST] {
                for frame in [None, Some(-2), Some(i16::MAX), Some(SAME + 1), Some(-1), Some(0)] {
                    for address in [-1, 0, 1, i16::MIN, i16::MAX] {
                        let rule = UnwindRule { base, offset, frame, address };
                        assert_eq!(UnwindRule::unpack(rule.pack().unwrap()), Some(rule));
                    }
                }
            }
        }
        assert_eq!(UnwindRule::unpack(0), None);
        assert_eq!(UnwindRule { offset: FURTHEST + 1, ..UnwindRule::FRAME_POINTER }.pack(), None);
        assert_eq!(UnwindRule { frame: Some(SAME), ..UnwindRule::FRAME_POINTER }.pack(), None);
    }

    #[test]
    fn nothing_outside_the_stack_is_read() {
        // A stack of 8 words, of which the last 6 are in use.
        let words: [usize; 8] = [0, 0, 11, 12, 13, 14, 15, 16];
        let low = (&raw const words).expose_provenance();
        let bounds = StackBounds { low, high: low + 64 };
        // SAFETY: not this thread's whole stack but a part of it that is in use.
        let stack = unsafe { StackMemory::above(low + 16, bounds) };
        assert_eq!(stack.word(low + 16), Some(11));
        assert_eq!(stack.word(low + 56), Some(16));
        for outside in [low + 8, low + 64, low + 57, low + 20, 0, usize::MAX, usize::MAX - 7] {
            assert_eq!(stack.word(outside), None, "{outside:#x}");
        }
        let callee = Registers { stack: low + 16, address: 1, frame: low + 32 };
        let caller = UnwindRule::FRAME_POINTER.apply(callee, &stack).unwrap();
        assert_eq!(caller.registers, Registers { stack: low + 48, address: 14, frame: 13 });
        assert_eq!((caller.address_slot, caller.frame_slot), (low + 40, low + 32));
        // Frames only ever lie above one another.
        for frame in [low, low + 8, low + 56, usize::MAX - 3] {
            assert!(UnwindRule::FRAME_POINTER.apply(Registers { frame, ..callee }, &stack).is_none());
        }
    }
}
