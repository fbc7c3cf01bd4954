//! Bounds of a thread's stack, found without allocating, locking or asking the C library's allocator.
//!
//! `pthread_getattr_np` is no use in an allocation: glibc's version calls `malloc`, and for the main thread it reads a
//! file line by line through its own buffers.

/// The addresses of a stack: it grows from `high` down to `low`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct StackBounds {
    pub(crate) low: usize,
    pub(crate) high: usize,
}

impl StackBounds {
    /// True if a stack pointer is on this stack with at least `reserve` bytes below it.
    #[inline(always)]
    pub(crate) fn holds(&self, stack_pointer: usize, reserve: usize) -> bool {
        stack_pointer < self.high && stack_pointer.wrapping_sub(self.low) >= reserve && stack_pointer >= self.low
    }
}

/// Bytes left on the calling function's stack. `None`: it does not run on the thread's own stack, or the bounds of that
/// are unknown.
#[inline(never)]
pub(crate) fn left() -> Option<usize> {
    let local = 0_u8;
    let here = std::hint::black_box(&raw const local).addr();
    let bounds = around(here).or_else(of_this_thread).filter(|bounds| bounds.holds(here, 0))?;
    here.checked_sub(bounds.low)
}

pub(in crate::os) use system::around;
#[cfg(any(target_os = "linux", target_os = "android"))]
pub(in crate::os) use system::{of_main, of_started_thread};
pub(crate) use system::{of_this_thread, prepare};

#[cfg(any(target_os = "linux", target_os = "android"))]
#[path = "c_thread.rs"]
mod c_thread;

#[cfg(any(target_os = "linux", target_os = "android"))]
mod system {
    use super::{StackBounds, c_thread};
    use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};

    /// Upper bound of the main thread's stack. When a program starts, the kernel keeps at least this much free below
    /// the stack, whatever the limit is raised to later, so nothing else is mapped there.
    const MOST_OF_MAIN: usize = 128 << 20;

    static MAIN_HIGH: AtomicUsize = AtomicUsize::new(0);
    static MAIN_LOW: AtomicUsize = AtomicUsize::new(0);

    /// Finds the main thread's stack. Call it outside of allocations, before the first [`of_this_thread`].
    pub(crate) fn prepare() {
        if MAIN_HIGH.load(Relaxed) != 0 {
            return;
        }
        // The kernel puts these bytes at the top of the first stack. The mapping called `[stack]` is not used: under
        // valgrind the program runs on another one.
        // SAFETY: the call only reads a value that the kernel passed to the process.
        let at_the_top = unsafe { libc::getauxval(libc::AT_RANDOM) };
        let Some((_, high)) = mapping_of(at_the_top as usize) else { return };
        let Some(size) = size_of_main() else { return };
        MAIN_LOW.store(high.saturating_sub(size), Relaxed);
        MAIN_HIGH.store(high, Relaxed);
    }

    /// Maximum size of the first stack, in bytes.
    fn size_of_main() -> Option<usize> {
        let mut limit = std::mem::MaybeUninit::<libc::rlimit>::zeroed();
        // SAFETY: the call fills the structure it is given, and all-zero is a valid one.
        let limit = unsafe {
            if libc::getrlimit(libc::RLIMIT_STACK, limit.as_mut_ptr()) != 0 {
                return None;
            }
            limit.assume_init().rlim_cur
        };
        Some(usize::try_from(limit).unwrap_or(MOST_OF_MAIN).min(MOST_OF_MAIN))
    }

    /// The main thread's stack, if it is known: upper bounds, because the kernel maps it as it grows.
    pub(in crate::os) fn of_main() -> Option<StackBounds> {
        let bounds = StackBounds { low: MAIN_LOW.load(Relaxed), high: MAIN_HIGH.load(Relaxed) };
        (bounds.high != 0).then_some(bounds)
    }

    /// The stack of this thread, if the C library has started it and tells without a system call.
    pub(in crate::os) fn of_started_thread() -> Option<StackBounds> {
        c_thread::own_stack()
    }

    /// The part of the first stack that is certain without [`prepare`]. Above these bytes are arguments and
    /// environment, for which the kernel allows a quarter of the stack, or 128 KiB if that is more.
    #[cold]
    fn part_of_main() -> Option<StackBounds> {
        // SAFETY: the call only reads a value that the kernel passed to the process.
        let high = unsafe { libc::getauxval(libc::AT_RANDOM) } as usize & !(size_of::<usize>() - 1);
        let size = size_of_main()?;
        let frames = size.saturating_sub((size / 4).max(128 << 10));
        (high != 0).then(|| StackBounds { low: high.saturating_sub(frames), high })
    }

    /// The stack of this thread that holds an address, as far as it is known without a system call, for which a sandbox
    /// may kill the process.
    pub(in crate::os) fn around(address: usize) -> Option<StackBounds> {
        let main = || StackBounds { low: MAIN_LOW.load(Relaxed), high: MAIN_HIGH.load(Relaxed) };
        c_thread::own_stack().or_else(|| Some(main())).filter(|bounds| bounds.holds(address, 0))
    }

    /// The stack of this thread, if the C library has started the thread, or it is the first one. No file is read. At
    /// most two system calls, so it is called once for each thread.
    #[inline(never)]
    pub(crate) fn of_this_thread() -> Option<StackBounds> {
        // A forked child continues on the stack of the thread that forked, and is its own first thread.
        if let Some(bounds) = c_thread::own_stack() {
            return Some(bounds);
        }
        // SAFETY: neither call has arguments, and neither can fail.
        let is_main = unsafe { libc::syscall(libc::SYS_gettid) == libc::c_long::from(libc::getpid()) };
        if is_main {
            let bounds = StackBounds { low: MAIN_LOW.load(Relaxed), high: MAIN_HIGH.load(Relaxed) };
            return if bounds.high == 0 { part_of_main() } else { Some(bounds) };
        }
        c_thread::find_own_stack().or_else(by_mapping)
    }

    /// For an unknown C library, or a thread that it has not started: the mapping that holds the thread's own data,
    /// which C libraries put at the top of the stack. So this finds the thread's own stack wherever the stack pointer
    /// is now. If the data lies elsewhere, it finds no stack at all.
    #[cold]
    #[inline(never)]
    fn by_mapping() -> Option<StackBounds> {
        // SAFETY: the call has no preconditions. The id of a thread is the address of its data.
        let own_data = unsafe { libc::pthread_self() } as usize;
        let (low, _) = mapping_of(own_data)?;
        Some(StackBounds { low, high: own_data & !(size_of::<usize>() - 1) })
    }

    /// The mapping that holds an address, from the kernel's list, read through a buffer on the stack.
    fn mapping_of(address: usize) -> Option<(usize, usize)> {
        // Plain system calls: the C library's functions of these names are cancellation points.
        // SAFETY: the path ends in NUL.
        let file = unsafe {
            libc::syscall(
                libc::SYS_openat,
                libc::AT_FDCWD,
                c"/proc/self/maps".as_ptr(),
                libc::O_RDONLY | libc::O_CLOEXEC,
            )
        };
        if file < 0 {
            return None;
        }
        let mut found = None;
        // Only the beginning of each line matters: `low-high `, at most 34 bytes.
        let mut start_of_line = [0_u8; 34];
        let mut used = 0;
        // Small: this may run in an allocation, on a stack with little space left.
        let mut buffer = [0_u8; 256];
        'file: loop {
            // SAFETY: the pointer and the length are those of the buffer.
            let read = unsafe { libc::syscall(libc::SYS_read, file, buffer.as_mut_ptr(), buffer.len()) };
            let Ok(read @ 1..) = usize::try_from(read) else { break };
            for &byte in buffer.get(..read).unwrap_or_default() {
                if byte != b'\n' {
                    if let Some(place) = start_of_line.get_mut(used) {
                        *place = byte;
                        used += 1;
                    }
                    continue;
                }
                let line = start_of_line.get(..used).unwrap_or_default();
                found = range_of(line).filter(|&(low, high)| low <= address && address < high);
                if found.is_some() {
                    break 'file;
                }
                used = 0;
            }
        }
        // SAFETY: the descriptor was opened above and is closed once.
        unsafe { libc::syscall(libc::SYS_close, file) };
        found
    }

    /// The two addresses at the beginning of a line, `low-high `.
    fn range_of(line: &[u8]) -> Option<(usize, usize)> {
        let mut parts = line.split(|&byte| byte == b'-' || byte == b' ');
        Some((hexadecimal(parts.next()?)?, hexadecimal(parts.next()?)?))
    }

    fn hexadecimal(digits: &[u8]) -> Option<usize> {
        if digits.is_empty() {
            return None;
        }
        digits.iter().try_fold(0_usize, |number, &digit| {
            let value = char::from(digit).to_digit(16)?;
            Some(number.checked_mul(16)? + value as usize)
        })
    }
}

#[cfg(target_vendor = "apple")]
mod system {
    use super::StackBounds;

    pub(crate) fn prepare() {}

    /// Unknown without a call of the system.
    pub(in crate::os) fn around(_: usize) -> Option<StackBounds> {
        None
    }

    /// The stack of this thread.
    pub(crate) fn of_this_thread() -> Option<StackBounds> {
        // SAFETY: both calls read the system's data of the calling thread.
        let (high, size) = unsafe {
            let this = libc::pthread_self();
            (libc::pthread_get_stackaddr_np(this) as usize, libc::pthread_get_stacksize_np(this))
        };
        Some(StackBounds { low: high.checked_sub(size)?, high })
    }
}

#[cfg(all(test, any(target_os = "linux", target_vendor = "apple")))]
mod tests {
    use super::*;

    fn local() -> usize {
        let local = 0_u64;
        std::hint::black_box(&raw const local).addr()
    }

    #[test]
    fn each_thread_has_its_own_stack() {
        prepare();
        let ask = || {
            let bounds = of_this_thread().unwrap();
            assert!(bounds.holds(local(), 32 * 1024), "{:#x} in {bounds:x?}", local());
            bounds
        };
        let here = ask();
        let small = std::thread::Builder::new().stack_size(256 * 1024).spawn(ask).unwrap().join().unwrap();
        let size = small.high - small.low;
        // The thread's own data at the top is not counted.
        assert!((224 * 1024..512 * 1024).contains(&size), "{size}");
        assert!(small.high <= here.low || here.high <= small.low, "{small:x?} {here:x?}");
    }

    #[test]
    fn the_ends_of_a_stack() {
        let bounds = StackBounds { low: 0x1000, high: 0x9000 };
        assert!(bounds.holds(0x2000, 0x1000) && !bounds.holds(0x1fff, 0x1000));
        assert!(!bounds.holds(0x9000, 0) && bounds.holds(0x8fff, 0) && !bounds.holds(0xfff, 0) && !bounds.holds(0, 0));
        assert!(!StackBounds::default().holds(0x1234, 0));
    }
}
