//! Stacks of the threads that the C library has made, as it keeps them itself: no file is read, and nothing is allocated.

use super::StackBounds;

pub(super) use system::{find_own_stack, own_stack};

/// glibc: `pthread_getattr_np` takes memory from `malloc`, so the four words that it reads are found in the thread's
/// descriptor.
#[cfg(target_env = "gnu")]
mod system {
    use super::StackBounds;
    use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};

    const WORD: usize = size_of::<usize>();
    /// Bytes of a descriptor that are searched: fewer than it has. glibc's have 2,304 bytes on x86_64, 1,760 on aarch64, and
    /// 1,200 on 32-bit systems; the words begin at 1,680 on x86_64 and before 1,100 elsewhere.
    const SEARCHED: usize = match (cfg!(target_arch = "x86_64"), WORD) {
        (true, 8) => 2048,
        (_, 8) => 1536,
        _ => 1024,
    };
    /// Smallest and largest stack, and the lowest address of one. glibc makes no smaller one.
    const SMALLEST: usize = 16 * 1024;
    const LARGEST: usize = if WORD == 8 { 1 << 40 } else { 1 << 30 };
    const LOWEST: usize = 1 << 16;
    /// Bytes of a stack from the descriptor on: the descriptor, and on some processors the thread-locals.
    const ABOVE: usize = if cfg!(target_arch = "x86_64") { 64 << 10 } else { 16 << 20 };
    /// Guards are whole pages.
    const PAGE: usize = 4096;

    /// Distance of the four words from the start of a descriptor; 0: not known yet.
    static DISTANCE: AtomicUsize = AtomicUsize::new(if cfg!(target_arch = "x86_64") { 1680 } else { 0 });

    /// The stack of this thread, where it is known at which distance the words are; `None` for the first thread of a process,
    /// which has none.
    pub(in super::super) fn own_stack() -> Option<StackBounds> {
        match DISTANCE.load(Relaxed) {
            0 => None,
            distance => at(descriptor(), distance),
        }
    }

    /// The stack of this thread, which is not the first one: the distance is found first.
    #[cold]
    #[inline(never)]
    pub(in super::super) fn find_own_stack() -> Option<StackBounds> {
        let descriptor = descriptor();
        // From the end: before them are words that are the program's, those of its keys.
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
        // SAFETY: the call has no preconditions. glibc's number of a thread is the address of its descriptor.
        unsafe { libc::pthread_self() as usize }
    }

    fn at(descriptor: usize, distance: usize) -> Option<StackBounds> {
        // SAFETY: the words are within the descriptor of this thread, which is there as long as the thread. Volatile, as the
        // compiler knows of no object there.
        let word = |number: usize| unsafe {
            std::ptr::with_exposed_provenance::<usize>(descriptor.wrapping_add(distance + number * WORD))
                .read_volatile()
        };
        bounds(descriptor, [word(0), word(1), word(2), word(3)])
    }

    /// The stack that four words of a descriptor tell of: lowest address and size, both with the guard, the size of the guard
    /// at the low end, and the size that was asked for. The descriptor lies within, at the high end. `None`: they are other
    /// words.
    pub(super) fn bounds(descriptor: usize, [start, size, guard, asked]: [usize; 4]) -> Option<StackBounds> {
        let end = start.checked_add(size)?;
        let is_stack = start >= LOWEST
            && (SMALLEST..=LARGEST).contains(&size)
            && start < descriptor
            && (SEARCHED..=ABOVE).contains(&end.saturating_sub(descriptor))
            && guard < size
            && guard.is_multiple_of(PAGE)
            && asked <= size
            // Words with the address of the descriptor itself are links of lists.
            && size.wrapping_sub(descriptor) >= SEARCHED;
        is_stack.then(|| StackBounds { low: start.saturating_add(guard), high: descriptor & !(WORD - 1) })
    }
}

/// musl, bionic: what `pthread_getattr_np` says of any thread but the first one is kept in the thread's descriptor.
#[cfg(not(target_env = "gnu"))]
mod system {
    use super::StackBounds;

    /// Nothing is kept here.
    pub(in super::super) fn own_stack() -> Option<StackBounds> {
        None
    }

    /// The stack of this thread, which is not the first one of the process.
    pub(in super::super) fn find_own_stack() -> Option<StackBounds> {
        let mut attributes = std::mem::MaybeUninit::<libc::pthread_attr_t>::uninit();
        let (mut low, mut size) = (std::ptr::null_mut(), 0);
        // SAFETY: the attributes are used once the call has made them; the places are valid.
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
        // One that the program has made itself lies wherever it wants.
        let own = bounds(0x5575_e59d_e700, [0x5575_e59b_f010, 0x2_0030, 0, 0]).expect("a stack");
        assert_eq!(own.low, 0x5575_e59b_f010);
    }

    #[test]
    fn other_words_are_no_stack() {
        for words in [
            // Before them: the neighbours in the list of threads, the number of the thread, the list of its locks.
            [0x7fae_658f_c980, 0x54e6, DESCRIPTOR + 0x2e0, DESCRIPTOR + 0x2e0],
            [0x54e6, DESCRIPTOR + 0x2e0, DESCRIPTOR + 0x2e0, 0xffff_ffff_ffff_ffe0],
            // The first thread's.
            [0, 0, 0, 0],
            [0, DESCRIPTOR + 784, 0, 0],
            // Where the cleanup of a thread is, and flags.
            [DESCRIPTOR - 0x850, 1 << 32, 0, 0],
            [DESCRIPTOR - 0x850, 0x1060, 0, 0],
            // A stack that ends below, one that begins above, one that wraps round.
            [0x7fae_6510_1000, 0x1000, 0x1000, 0x1000],
            [DESCRIPTOR, 0x80_1000, 0, 0],
            [0x7fae_6510_1000, usize::MAX, 0, 0],
            // A guard that is no page, or is all of it.
            [0x7fae_6510_1000, 0x80_1000, 0x123, 0],
            [0x7fae_6510_1000, 0x80_1000, 0x80_1000, 0],
        ] {
            assert_eq!(bounds(DESCRIPTOR, words), None, "{words:x?}");
        }
        // At low addresses a link can pass for a size.
        let low = 0x4c_0000;
        assert_eq!(bounds(low, [0x54e6, low + 0x2e0, 0, 0]), None);
        assert_eq!(bounds(low, [0x1_54e6, low + 0x2e0, 0, 0]), None);
    }
}
