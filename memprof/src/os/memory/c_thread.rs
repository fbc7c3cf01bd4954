//! Stacks of the threads that the C library has started, from its own records: no file is read, and nothing is
//! allocated.

use super::StackBounds;

pub(in crate::os) use system::{find_own_stack, own_stack};

/// glibc: `pthread_getattr_np` calls `malloc`, so the four words that it reads are searched for in the thread's
/// descriptor.
#[cfg(target_env = "gnu")]
mod system {
    use super::StackBounds;
    use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};

    const WORD: usize = size_of::<usize>();
    /// Searched bytes of a descriptor: fewer than it has. A glibc descriptor has 2,304 bytes on x86_64, 1,760 on
    /// aarch64, and 1,200 on 32-bit systems. The words begin at 1,680 on x86_64 and before 1,100 on other processors.
    const SEARCHED: usize = match (cfg!(target_arch = "x86_64"), WORD) {
        (true, 8) => 2048,
        (_, 8) => 1536,
        _ => 1024,
    };
    /// Bounds of a stack's size, and the lowest address of one. glibc makes no smaller stack.
    const SMALLEST: usize = 16 * 1024;
    const LARGEST: usize = if WORD == 8 { 1 << 40 } else { 1 << 30 };
    const LOWEST: usize = 1 << 16;
    /// Bytes of a stack from the descriptor upwards: the descriptor, and on some processors the thread-locals.
    const ABOVE: usize = if cfg!(target_arch = "x86_64") { 64 << 10 } else { 16 << 20 };
    /// Guards are whole pages.
    const PAGE: usize = 4096;

    /// Offset of the four words from the start of a descriptor; 0: not known yet.
    static DISTANCE: AtomicUsize = AtomicUsize::new(if cfg!(target_arch = "x86_64") { 1680 } else { 0 });

    /// The stack of this thread, once the offset of the words is known. `None` for the first thread of a process, which
    /// has no such words.
    pub(in crate::os) fn own_stack() -> Option<StackBounds> {
        match DISTANCE.load(Relaxed) {
            0 => None,
            distance => at(descriptor(), distance),
        }
    }

    /// The stack of this thread, which is not the first one. Finds the offset first.
    #[cold]
    #[inline(never)]
    pub(in crate::os) fn find_own_stack() -> Option<StackBounds> {
        let descriptor = descriptor();
        // From the end: the words before them, those of thread-specific keys, belong to the program.
        let mut distance = SEARCHED - 4 * WORD;
        while distance > 0 {
            if let Some(bounds) = at(descriptor, distance) {
                DISTANCE.store(distance, Relaxed);
                return Some(bounds);
            }
            distance -= WORD;
        }
        None
    }

    fn descriptor() -> usize {
        // SAFETY: the call has no preconditions. In glibc a thread's id is the address of its descriptor.
        unsafe { libc::pthread_self() as usize }
    }

    fn at(descriptor: usize, distance: usize) -> Option<StackBounds> {
        // SAFETY: the words are in the descriptor of this thread, which lives as long as the thread. Volatile, because
        // the compiler knows of no object there.
        let word = |number: usize| unsafe {
            std::ptr::with_exposed_provenance::<usize>(descriptor.wrapping_add(distance + number * WORD))
                .read_volatile()
        };
        bounds(descriptor, [word(0), word(1), word(2), word(3)])
    }

    /// The stack that four words of a descriptor describe: lowest address and size, both including the guard, the size
    /// of the guard at the low end, and the requested size. The descriptor lies in the stack, at its high end. `None`:
    /// the words have another meaning.
    pub(super) fn bounds(descriptor: usize, [start, size, guard, asked]: [usize; 4]) -> Option<StackBounds> {
        let end = start.checked_add(size)?;
        let is_stack = start >= LOWEST
            && (SMALLEST..=LARGEST).contains(&size)
            && start < descriptor
            && (SEARCHED..=ABOVE).contains(&end.saturating_sub(descriptor))
            && guard < size
            && guard.is_multiple_of(PAGE)
            && asked <= size
            // Words that hold the address of the descriptor itself are links of lists.
            && size.wrapping_sub(descriptor) >= SEARCHED;
        is_stack.then(|| StackBounds { low: start.saturating_add(guard), high: descriptor & !(WORD - 1) })
    }
}

/// musl, bionic: `pthread_getattr_np` reads the thread's descriptor for any thread but the first one.
#[cfg(not(target_env = "gnu"))]
mod system {
    use super::StackBounds;

    /// Nothing is cached here.
    pub(in crate::os) fn own_stack() -> Option<StackBounds> {
        None
    }

    /// The stack of this thread, which is not the first one of the process.
    pub(in crate::os) fn find_own_stack() -> Option<StackBounds> {
        let mut attributes = std::mem::MaybeUninit::<libc::pthread_attr_t>::uninit();
        let (mut low, mut size) = (std::ptr::null_mut(), 0);
        // SAFETY: the attributes are used after the call has initialized them; the pointers are valid.
        let found = unsafe {
            libc::pthread_getattr_np(libc::pthread_self(), attributes.as_mut_ptr()) == 0
                && libc::pthread_attr_getstack(attributes.as_ptr(), &raw mut low, &raw mut size) == 0
        };
        found.then(|| StackBounds { low: low.addr(), high: low.addr().saturating_add(size) })
    }
}

#[cfg(all(test, target_env = "gnu"))]
mod tests {
    use super::system::bounds;

    const DESCRIPTOR: usize = 0x7fae_6590_16c0;

    #[test]
    fn the_words_of_a_stack_with_and_without_a_guard() {
        let with_guard = bounds(DESCRIPTOR, [0x7fae_6510_1000, 0x80_1000, 0x1000, 0x1000]).expect("a stack");
        assert_eq!((with_guard.low, with_guard.high), (0x7fae_6510_2000, DESCRIPTOR));
        // A stack that the program has allocated itself can be anywhere.
        let own = bounds(0x5575_e59d_e700, [0x5575_e59b_f010, 0x2_0030, 0, 0]).expect("a stack");
        assert_eq!(own.low, 0x5575_e59b_f010);
    }

    #[test]
    fn other_words_are_no_stack() {
        for words in [
            // The words before: the neighbours in the list of threads, the thread's id, the list of its locks.
            [0x7fae_658f_c980, 0x54e6, DESCRIPTOR + 0x2e0, DESCRIPTOR + 0x2e0],
            [0x54e6, DESCRIPTOR + 0x2e0, DESCRIPTOR + 0x2e0, 0xffff_ffff_ffff_ffe0],
            // The words of the first thread.
            [0, 0, 0, 0],
            [0, DESCRIPTOR + 784, 0, 0],
            // The cleanup handlers of a thread, and flags.
            [DESCRIPTOR - 0x850, 1 << 32, 0, 0],
            [DESCRIPTOR - 0x850, 0x1060, 0, 0],
            // A stack that ends below the descriptor, one that begins above it, one that wraps around.
            [0x7fae_6510_1000, 0x1000, 0x1000, 0x1000],
            [DESCRIPTOR, 0x80_1000, 0, 0],
            [0x7fae_6510_1000, usize::MAX, 0, 0],
            // A guard that is not a whole page, or that is the whole stack.
            [0x7fae_6510_1000, 0x80_1000, 0x123, 0],
            [0x7fae_6510_1000, 0x80_1000, 0x80_1000, 0],
        ] {
            assert_eq!(bounds(DESCRIPTOR, words), None, "{words:x?}");
        }
        // At low addresses a link can look like a size.
        let low = 0x4c_0000;
        assert_eq!(bounds(low, [0x54e6, low + 0x2e0, 0, 0]), None);
        assert_eq!(bounds(low, [0x1_54e6, low + 0x2e0, 0, 0]), None);
    }
}
