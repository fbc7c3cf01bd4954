//! A thread that is started without the program's allocator, where the allocator may be in the middle of an operation.

use std::ffi::c_void;
use std::ptr::{null, null_mut};

use crate::os::memory::pages::SetAside;

/// A stack for one thread, reserved in case the system has no address space left for one. It uses memory only once
/// used.
#[derive(Debug)]
pub(crate) struct Stack(SetAside);

impl Stack {
    /// The same size as the stacks of the standard library's threads.
    const BYTES: usize = 2 << 20;
    /// Guard below the stack: an overflow faults instead of reaching other memory. A multiple of the page size on all
    /// systems.
    const GUARD: usize = 64 << 10;

    /// `None`: the system has no address space for it.
    pub(crate) fn set_aside() -> Option<Self> {
        let stack = Self(SetAside::new(Self::GUARD + Self::BYTES)?);
        // SAFETY: these are the first bytes of a mapping that nobody uses.
        let is_guarded = unsafe { libc::mprotect(stack.0.start().cast(), Self::GUARD, libc::PROT_NONE) } == 0;
        is_guarded.then_some(stack)
    }
}

unsafe extern "C" {
    /// From POSIX; the crate `libc` declares it for some systems only.
    fn pthread_attr_setstack(attributes: *mut libc::pthread_attr_t, lowest: *mut c_void, bytes: usize) -> libc::c_int;
}

/// Runs `work` on a new thread. The new thread receives no signals but these; the current thread receives none while it
/// starts it. False: the system has no thread left.
pub(crate) fn start(work: fn(), open: &[libc::c_int]) -> bool {
    // The default stack has 8 MiB, which may be all that a program can lock. If this smaller one cannot hold the
    // program's thread-locals, the thread gets the default stack.
    let mut attributes = std::mem::MaybeUninit::<libc::pthread_attr_t>::uninit();
    // SAFETY: the attributes are used after they are initialized and not after they are destroyed; null stands for the
    // default attributes.
    unsafe {
        let is_made = libc::pthread_attr_init(attributes.as_mut_ptr()) == 0;
        let started = is_made
            && libc::pthread_attr_setstacksize(attributes.as_mut_ptr(), Stack::BYTES) == 0
            && start_with(attributes.as_ptr(), work, open);
        if is_made {
            libc::pthread_attr_destroy(attributes.as_mut_ptr());
        }
        started || start_with(null(), work, open)
    }
}

/// Like [`start`], on this stack, which no other thread ever gets.
pub(crate) fn start_on(stack: &'static Stack, work: fn(), open: &[libc::c_int]) -> bool {
    let mut attributes = std::mem::MaybeUninit::<libc::pthread_attr_t>::uninit();
    // SAFETY: the attributes are used after they are initialized and not after they are destroyed; the stack is a
    // mapping that lives as long as the program.
    unsafe {
        if libc::pthread_attr_init(attributes.as_mut_ptr()) != 0 {
            return false;
        }
        let lowest = stack.0.start().add(Stack::GUARD).cast();
        let has_stack = pthread_attr_setstack(attributes.as_mut_ptr(), lowest, Stack::BYTES) == 0;
        let started = has_stack && start_with(attributes.as_ptr(), work, open);
        libc::pthread_attr_destroy(attributes.as_mut_ptr());
        started
    }
}

/// # Safety
/// The attributes are null, or initialized and refer to a stack that nobody uses.
unsafe fn start_with(attributes: *const libc::pthread_attr_t, work: fn(), open: &[libc::c_int]) -> bool {
    let mut thread = std::mem::MaybeUninit::<libc::pthread_t>::uninit();
    with_all_blocked_but(open, || {
        // SAFETY: the pointers are valid, and so are the attributes, by the caller's contract; `run` restores the
        // function's type.
        unsafe {
            let started = libc::pthread_create(thread.as_mut_ptr(), attributes, run, work as *mut c_void) == 0;
            if started {
                // Nobody joins the thread.
                libc::pthread_detach(thread.assume_init());
            }
            started
        }
    })
}

/// Calls `work` on the current thread and on the given stack, and returns. False: the system cannot switch stacks.
///
/// # Safety
/// Nobody uses the stack, and only one thread at a time calls this.
#[cfg(all(target_os = "linux", target_env = "gnu", any(target_arch = "x86_64", target_arch = "aarch64")))]
pub(in crate::os) unsafe fn call_on(stack: &'static Stack, work: extern "C" fn()) -> bool {
    use std::cell::UnsafeCell;
    /// The state of this thread to return to, and the state on the other stack. They are not on the current stack: each
    /// is about 1 KiB.
    struct States(UnsafeCell<std::mem::MaybeUninit<[libc::ucontext_t; 2]>>);
    // SAFETY: only one thread at a time uses them, by the caller's contract.
    unsafe impl Sync for States {}
    static STATES: States = States(UnsafeCell::new(std::mem::MaybeUninit::zeroed()));
    // SAFETY: the states are zeroed, which is valid. The second is filled before it is used, and refers to a stack that
    // nobody uses. When `work` returns, execution continues at the first.
    unsafe {
        let here = STATES.0.get().cast::<libc::ucontext_t>();
        let there = here.add(1);
        if libc::getcontext(there) != 0 {
            return false;
        }
        (*there).uc_stack.ss_sp = stack.0.start().add(Stack::GUARD).cast();
        (*there).uc_stack.ss_size = Stack::BYTES;
        (*there).uc_link = here;
        libc::makecontext(there, work, 0);
        libc::swapcontext(here, there) == 0
    }
}

/// Fallback: not supported here.
///
/// # Safety
/// There are no requirements.
#[cfg(not(all(target_os = "linux", target_env = "gnu", any(target_arch = "x86_64", target_arch = "aarch64"))))]
pub(in crate::os) unsafe fn call_on(_: &'static Stack, _: extern "C" fn()) -> bool {
    false
}

extern "C" fn run(work: *mut c_void) -> *mut c_void {
    #[cfg(any(target_os = "linux", target_os = "android"))]
    // SAFETY: the name ends with 0 and has at most 16 bytes.
    unsafe {
        libc::prctl(libc::PR_SET_NAME, c"memprof".as_ptr());
    }
    #[cfg(target_vendor = "apple")]
    // SAFETY: the name ends with 0.
    unsafe {
        libc::pthread_setname_np(c"memprof".as_ptr());
    }
    // SAFETY: `start` was given this function.
    let work = unsafe { std::mem::transmute::<*mut c_void, fn()>(work) };
    work();
    null_mut()
}

/// Has `begin` start a thread that gets no signals but these: the program's own threads get them. A thread that blocked
/// them itself could be sent one before, which the program has blocked in all its threads to wait for it.
fn with_all_blocked_but<R>(open: &[libc::c_int], begin: impl FnOnce() -> R) -> R {
    // SAFETY: the set is filled before it is used, and the mask that this thread had is put back.
    unsafe {
        let (mut all, mut before) = std::mem::zeroed::<(libc::sigset_t, libc::sigset_t)>();
        libc::sigfillset(&raw mut all);
        for &signal in open {
            libc::sigdelset(&raw mut all, signal);
        }
        libc::pthread_sigmask(libc::SIG_BLOCK, &raw const all, &raw mut before);
        let begun = begin();
        libc::pthread_sigmask(libc::SIG_SETMASK, &raw const before, null_mut());
        begun
    }
}
