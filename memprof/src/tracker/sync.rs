//! The atomics that threads share, and counters with one writer. The loom models compile `counters`, `mailbox_words`,
//! `measurement_slot` and `registry` against loom's atomics instead.

pub(crate) use std::sync::atomic::Ordering::{AcqRel, Acquire, Relaxed, Release, SeqCst};
pub(crate) use std::sync::atomic::{AtomicPtr, AtomicU32, AtomicU64, AtomicUsize, fence};

/// Adds to a counter of the present thread, a 64-bit field of `$owner`. A signal handler of the thread may add to it as
/// well, between any two instructions, so on x86_64 this is one instruction, in debug builds too. There every store is
/// a release; on other processors `$order` says if it is one.
macro_rules! add {
    ($owner:expr, $Owner:ty, $field:ident, 1, $order:ident) => {
        $crate::tracker::sync::add!(@ $owner, $Owner, $field, 1, $order, "inc qword ptr [{owner} + {field}]",)
    };
    ($owner:expr, $Owner:ty, $field:ident, $by:expr, $order:ident) => {
        $crate::tracker::sync::add!(
            @ $owner, $Owner, $field, $by, $order, "add qword ptr [{owner} + {field}], {by}", by = in(reg) { let by: u64 = $by; by },
        )
    };
    (@ $owner:expr, $Owner:ty, $field:ident, $by:expr, $order:ident, $instruction:literal, $($operand:tt)*) => {{
        let owner: &$Owner = $owner;
        #[cfg(all(target_arch = "x86_64", not(miri)))]
        // SAFETY: the field is a valid `u64`, which this thread alone writes to.
        unsafe {
            std::arch::asm!(
                $instruction,
                owner = in(reg) std::ptr::from_ref(owner),
                field = const std::mem::offset_of!($Owner, $field),
                $($operand)*
                options(nostack)
            );
        }
        #[cfg(any(not(target_arch = "x86_64"), miri))]
        $crate::tracker::sync::OneWriter::add(&owner.$field, $by, std::sync::atomic::Ordering::$order);
    }};
}
pub(crate) use add;

/// True if `$value` is at least a threshold of the present thread, a 64-bit atomic field of `$owner`, which is read
/// relaxed. PERF: on x86_64 it is compared where it is. The compiler loads an atomic into a register first.
macro_rules! reaches {
    ($value:expr, $owner:expr, $Owner:ty, $field:ident) => {
        'reached: {
            let (value, owner): (u64, &$Owner) = ($value, $owner);
            #[cfg(all(target_arch = "x86_64", not(miri)))]
            // SAFETY: the field is a valid `u64`, and is read by one instruction.
            unsafe {
                std::arch::asm!(
                    "cmp {value}, qword ptr [{owner} + {field}]",
                    "jae {reached}",
                    value = in(reg) value,
                    owner = in(reg) std::ptr::from_ref(owner),
                    field = const std::mem::offset_of!($Owner, $field),
                    reached = label { break 'reached true },
                    options(nostack, readonly)
                );
            }
            #[cfg(any(not(target_arch = "x86_64"), miri))]
            if value >= owner.$field.load(std::sync::atomic::Ordering::Relaxed) {
                break 'reached true;
            }
            false
        }
    };
}
pub(crate) use reaches;

/// A counter with one writer, raised by a load and a store.
#[cfg(any(not(target_arch = "x86_64"), miri))]
pub(crate) trait OneWriter {
    fn add(&self, by: u64, order: std::sync::atomic::Ordering);
}

#[cfg(any(not(target_arch = "x86_64"), miri))]
impl OneWriter for AtomicU64 {
    #[inline(always)]
    fn add(&self, by: u64, order: std::sync::atomic::Ordering) {
        self.store(self.load(Relaxed).wrapping_add(by), order);
    }
}

#[cfg(any(not(target_arch = "x86_64"), miri))]
impl OneWriter for std::cell::Cell<u64> {
    #[inline(always)]
    fn add(&self, by: u64, _: std::sync::atomic::Ordering) {
        self.set(self.get().wrapping_add(by));
    }
}
