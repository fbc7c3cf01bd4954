//! A handler of the program that has interrupted the C library's allocator and calls `exit`.
//!
//! The allocator's heap is then half changed, or its lock is held by this very thread: an allocation corrupts the heap
//! or deadlocks. Nothing tells a function that it was called from a handler. But the system saves the state of the
//! interrupted code on the stack, next to the address that the handler returns to. A word sequence that looks like this
//! state counts only if the unwinder passes it: an earlier handler may have left the same bytes.

pub(crate) use imp::has_interrupted_allocator;

#[cfg(all(target_os = "linux", target_env = "gnu", target_arch = "x86_64", not(target_feature = "crt-static")))]
mod imp {
    use crate::os::threads::alone;
    use std::ffi::{c_int, c_void};
    use std::mem::offset_of;
    use std::ops::Range;
    use std::ptr::null;

    const WORD: usize = size_of::<usize>();
    /// Words of the interrupted code's stack that are examined: no call in the allocator has a larger frame.
    const NEXT: usize = 64;
    /// Code segment of a 64-bit process.
    const CODE_SEGMENT: usize = 0x33;

    unsafe extern "C" {
        /// From the library that unwinds panics.
        fn _Unwind_Backtrace(
            see: unsafe extern "C" fn(*mut c_void, *mut c_void) -> c_int,
            search: *mut c_void,
        ) -> c_int;
        fn _Unwind_GetIP(frame: *mut c_void) -> usize;
    }

    /// True if this is called from such a handler.
    #[cold]
    #[inline(never)]
    pub(crate) fn has_interrupted_allocator() -> bool {
        let local = 0_usize;
        let here = std::hint::black_box(&raw const local).addr();
        let (Some(end), Some(back)) = (end_of_stack(here), way_back()) else { return false };
        let last = end.saturating_sub(size_of::<libc::ucontext_t>() + WORD);
        (here..last)
            .step_by(WORD)
            .any(|at| word(at) == back && interrupted(at + WORD, here..end).is_some_and(is_on_the_way))
    }

    fn word(at: usize) -> usize {
        let word;
        // SAFETY: callers pass addresses of this thread's stack. Assembly, because the compiler knows of no object
        // there, and a sanitizer would report the access.
        unsafe {
            std::arch::asm!("mov {}, [{}]", out(reg) word, in(reg) at, options(readonly, nostack, preserves_flags));
        }
        word
    }

    /// The end of the stack of this thread that holds the address: its own, or its alternate signal stack.
    fn end_of_stack(here: usize) -> Option<usize> {
        if let Some(bounds) = crate::os::memory::stack_bounds::around(here) {
            return Some(bounds.high);
        }
        // SAFETY: a zeroed `stack_t` is valid; the call only fills it.
        let stack = unsafe {
            let mut stack = std::mem::zeroed::<libc::stack_t>();
            libc::sigaltstack(null(), &raw mut stack);
            stack
        };
        let range = stack.ss_sp.addr()..stack.ss_sp.addr().saturating_add(stack.ss_size);
        (stack.ss_flags & libc::SS_ONSTACK != 0 && range.contains(&here)).then_some(range.end)
    }

    /// Return address of handlers.
    fn way_back() -> Option<usize> {
        // SAFETY: a zeroed `sigaction` is valid; the call only fills it.
        let action = unsafe {
            let mut action = std::mem::zeroed::<libc::sigaction>();
            libc::sigaction(libc::SIGABRT, null(), &raw mut action);
            action
        };
        action.sa_restorer.map(|function| function as usize)
    }

    /// The interrupted instruction, if there is a saved state at `at` and the thread was in the allocator.
    fn interrupted(at: usize, stack: Range<usize>) -> Option<usize> {
        const REGISTERS: usize = offset_of!(libc::ucontext_t, uc_mcontext.gregs);
        let register = |name: c_int| word(at + REGISTERS + name as usize * WORD);
        if register(libc::REG_CSGSFS) & 0xffff != CODE_SEGMENT {
            return None;
        }
        let (address, top) = (register(libc::REG_RIP), register(libc::REG_RSP));
        let mut next = [0; NEXT];
        // A handler on an alternate stack has interrupted code on another one.
        if stack.contains(&top) && top.is_multiple_of(WORD) {
            let words = (top..stack.end - WORD).step_by(WORD);
            next.iter_mut().zip(words).for_each(|(next, at)| *next = word(at));
        }
        alone::was_in_allocator(address, &next).then_some(address)
    }

    /// True if the unwinder passes this instruction.
    fn is_on_the_way(address: usize) -> bool {
        struct FunctionSearch {
            address: usize,
            is_found: bool,
        }
        unsafe extern "C" fn see(frame: *mut c_void, search: *mut c_void) -> c_int {
            const GO_ON: c_int = 0;
            const STOP: c_int = 4;
            // SAFETY: the search that the caller passed, and the unwinder's frame.
            unsafe {
                let search = &mut *search.cast::<FunctionSearch>();
                search.is_found |= _Unwind_GetIP(frame) == search.address;
                if search.is_found { STOP } else { GO_ON }
            }
        }
        let mut search = FunctionSearch { address, is_found: false };
        // SAFETY: the function gets the search back, which outlives the call.
        unsafe { _Unwind_Backtrace(see, (&raw mut search).cast()) };
        search.is_found
    }
}

#[cfg(not(all(target_os = "linux", target_env = "gnu", target_arch = "x86_64", not(target_feature = "crt-static"))))]
mod imp {
    /// Not known on this system.
    pub(crate) fn has_interrupted_allocator() -> bool {
        false
    }
}
