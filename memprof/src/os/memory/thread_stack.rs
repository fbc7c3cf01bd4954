//! Resident memory of the stacks of threads.
//!
//! The bounds of a stack are published by its own thread, which reads them from the C library's records without a
//! system call. Only a report and the profiler's own thread ask the system for the resident pages.

use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};

#[cfg(any(target_os = "linux", target_os = "android"))]
use super::stack_bounds;

/// The published bounds of one thread's stack: 0 while they are unknown.
#[derive(Debug)]
pub(crate) struct ThreadStack {
    low: AtomicUsize,
    high: AtomicUsize,
}

impl ThreadStack {
    pub(crate) const fn new() -> Self {
        Self { low: AtomicUsize::new(0), high: AtomicUsize::new(0) }
    }

    /// Publishes the stack of this thread, if it is known without a system call. For the first thread of a process
    /// see [`of_main`].
    pub(crate) fn note(&self) {
        #[cfg(any(target_os = "linux", target_os = "android"))]
        self.publish(stack_bounds::of_started_thread().unwrap_or_default());
    }

    /// Publishes these bounds.
    #[cfg(any(target_os = "linux", target_os = "android"))]
    fn publish(&self, bounds: stack_bounds::StackBounds) {
        self.low.store(bounds.low, Relaxed);
        self.high.store(bounds.high, Relaxed);
    }

    /// Resident bytes of the stack. `None`: its bounds are unknown. A thread that ends meanwhile does no harm: the
    /// system refuses addresses that are not mapped.
    pub(crate) fn resident(&self) -> Option<u64> {
        let (low, high) = (self.low.load(Relaxed), self.high.load(Relaxed));
        (low > 0 && low < high).then(|| system::resident(low, high))
    }
}

/// Resident bytes of the first thread's stack. `None`: its bounds are unknown.
pub(crate) fn of_main() -> Option<u64> {
    #[cfg(any(target_os = "linux", target_os = "android"))]
    return stack_bounds::of_main().map(|bounds| system::resident(bounds.low, bounds.high));
    #[cfg(not(any(target_os = "linux", target_os = "android")))]
    None
}

#[cfg(any(target_os = "linux", target_os = "android"))]
mod system {
    /// Bytes that one call of the system is asked about.
    const PART: usize = 1 << 20;
    /// The smallest page of a system.
    const SMALLEST_PAGE: usize = 4096;

    /// Resident bytes of a stack. From its high end down to the first part without a resident page: a stack is used
    /// from there, so the work is bounded by what is resident.
    pub(super) fn resident(low: usize, high: usize) -> u64 {
        // SAFETY: the call has no preconditions.
        let page = usize::try_from(unsafe { libc::sysconf(libc::_SC_PAGESIZE) }).unwrap_or(SMALLEST_PAGE);
        let Some(high) = high.checked_next_multiple_of(page) else { return 0 };
        let (low, mut end, mut sum) = (low.next_multiple_of(page), high, 0);
        while end > low {
            let start = end.saturating_sub(PART).max(low);
            let Some(pages) = pages(start, end, page) else {
                // The first stack is mapped as far as it has grown.
                return sum + last_part(start, end, page);
            };
            sum += (pages * page) as u64;
            if pages == 0 {
                break;
            }
            end = start;
        }
        sum
    }

    /// Resident bytes of the mapped pages below `end`.
    fn last_part(start: usize, end: usize, page: usize) -> u64 {
        let starts = (1..).map_while(|count: usize| end.checked_sub(count * page)).take_while(|&at| at >= start);
        let resident = starts.map_while(|at| pages(at, at + page, page));
        (resident.sum::<usize>() * page) as u64
    }

    /// Number of resident pages. `None`: some are not mapped.
    fn pages(start: usize, end: usize, page: usize) -> Option<usize> {
        let mut marks = [0_u8; PART / SMALLEST_PAGE];
        let length = end.checked_sub(start)?;
        let marks = marks.get_mut(..length.div_ceil(page))?;
        // SAFETY: the call writes a byte for each page, for which there is room, and accesses no page itself.
        let status =
            unsafe { libc::mincore(std::ptr::without_provenance_mut(start), length, marks.as_mut_ptr().cast()) };
        (status == 0).then(|| marks.iter().filter(|&&mark| mark & 1 == 1).count())
    }
}

/// Fallback: the system is not asked.
#[cfg(not(any(target_os = "linux", target_os = "android")))]
mod system {
    pub(super) fn resident(_low: usize, _high: usize) -> u64 {
        0
    }
}

#[cfg(all(test, any(target_os = "linux", target_os = "android"), not(miri)))]
mod tests {
    use super::*;
    use std::hint::black_box;
    use std::sync::mpsc::channel;

    const FRAME: usize = 16 * 1024;
    const USED: usize = 1 << 20;

    #[inline(never)]
    fn use_stack(bytes: usize) {
        let mut frame = [0_u8; FRAME];
        black_box(&mut frame);
        if bytes > FRAME {
            use_stack(bytes - FRAME);
        }
        black_box(&frame);
    }

    #[test]
    fn the_used_part_of_a_stack_is_resident() {
        let (send, receive) = channel();
        let (end, ended) = channel::<()>();
        let thread = std::thread::Builder::new().stack_size(64 << 20).spawn(move || {
            let stack = ThreadStack::new();
            stack.note();
            let before = stack.resident();
            use_stack(USED);
            send.send((before, stack)).unwrap();
            let _ = ended.recv();
        });
        let (before, stack) = receive.recv().unwrap();
        let used = USED as u64;
        if let Some(before) = before {
            let after = stack.resident().unwrap();
            assert!((4096..used).contains(&before) && (used..2 * used).contains(&after), "{before} {after}");
        }
        drop(end);
        thread.unwrap().join().unwrap();
    }

    #[test]
    fn the_first_stack_is_counted_as_far_as_it_is_mapped() {
        stack_bounds::prepare();
        let main = of_main().unwrap();
        assert!((4096..64 << 20).contains(&main), "{main}");
    }

    #[test]
    fn memory_that_is_not_mapped_is_none() {
        assert_eq!(ThreadStack::new().resident(), None);
        assert_eq!(system::resident(1 << 20, 64 << 20), 0);
    }
}
