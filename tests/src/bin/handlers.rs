//! A program that has its own signal handler when its profile begins. The first argument is the way it is installed.
//! With the second one, if given, the profile wraps it.

use std::io;
use std::mem::zeroed;
use std::ptr::{null, null_mut};
use std::sync::atomic::{AtomicI32, AtomicU32, Ordering::Relaxed};

use memprof::{AllocationTracker, Config, Profiler};

#[global_allocator]
static ALLOC: AllocationTracker = AllocationTracker::system();

static COME: AtomicU32 = AtomicU32::new(0);
static SENDER: AtomicI32 = AtomicI32::new(0);
static IS_BLOCKED: AtomicU32 = AtomicU32::new(0);
static IS_ON_STACK: AtomicU32 = AtomicU32::new(0);

extern "C" fn handler(number: i32, info: *mut libc::siginfo_t, _: *mut libc::c_void) {
    COME.fetch_add(1, Relaxed);
    // SAFETY: the system gives the information of a signal that was sent; the others are calls on valid places.
    unsafe {
        SENDER.store((*info).si_pid(), Relaxed);
        let mut mask = zeroed();
        libc::pthread_sigmask(libc::SIG_BLOCK, null(), &raw mut mask);
        let is = |signal| libc::sigismember(&raw const mask, signal) as u32;
        IS_BLOCKED.store(is(number) + 10 * is(libc::SIGWINCH), Relaxed);
        let mut stack = zeroed::<libc::stack_t>();
        libc::sigaltstack(null(), &raw mut stack);
        IS_ON_STACK.store(u32::from(stack.ss_flags & libc::SS_ONSTACK != 0), Relaxed);
    }
}

/// Flags of the handler, and whether it blocks SIGWINCH meanwhile.
fn set(flags: i32, blocks_another: bool) {
    // SAFETY: a zeroed action is one, and the handler only stores to atomics.
    unsafe {
        let mut action: libc::sigaction = zeroed();
        action.sa_sigaction = handler as *const () as usize;
        action.sa_flags = libc::SA_SIGINFO | flags;
        if blocks_another {
            libc::sigaddset(&raw mut action.sa_mask, libc::SIGWINCH);
        }
        assert_eq!(libc::sigaction(libc::SIGTERM, &raw const action, null_mut()), 0);
    }
}

/// The handler is the very one that was set, and so are its flags.
fn is_untouched(flags: i32) -> bool {
    // SAFETY: a zeroed action is one, which the call fills.
    let present = unsafe {
        let mut present: libc::sigaction = zeroed();
        libc::sigaction(libc::SIGTERM, null(), &raw mut present);
        present
    };
    let all = libc::SA_SIGINFO | libc::SA_RESTART | libc::SA_RESETHAND | libc::SA_NODEFER | libc::SA_ONSTACK;
    present.sa_sigaction == handler as *const () as usize && present.sa_flags & all == libc::SA_SIGINFO | flags
}

fn main() -> Result<(), memprof::Error> {
    let how = std::env::args().nth(1).unwrap_or_default();
    let flags = match how.as_str() {
        "plain" => 0,
        "restart" => libc::SA_RESTART,
        "nodefer" => libc::SA_NODEFER,
        "once" => libc::SA_RESETHAND,
        "stack" => libc::SA_ONSTACK,
        other => panic!("unknown: {other}"),
    };
    if how == "stack" {
        let stack = Box::leak(vec![0u8; 64 * 1024].into_boxed_slice());
        let stack = libc::stack_t { ss_sp: stack.as_mut_ptr().cast(), ss_flags: 0, ss_size: stack.len() };
        // SAFETY: the stack is never freed.
        assert_eq!(unsafe { libc::sigaltstack(&raw const stack, null_mut()) }, 0);
    }
    set(flags, how == "plain");
    let profiler = Profiler::start(Config::load()?)?;
    println!("untouched: {}", is_untouched(flags));
    let (reader, _writer) = io::pipe().unwrap();
    std::fs::write("ready", "").unwrap();
    let mut byte = 0u8;
    // SAFETY: the place has the one byte that is asked for.
    let read = unsafe { libc::read(std::os::fd::AsRawFd::as_raw_fd(&reader), (&raw mut byte).cast(), 1) };
    let error = io::Error::last_os_error().kind();
    println!("read: {read} {error:?}, called: {}", COME.load(Relaxed));
    println!("blocked: {}, on its stack: {}", IS_BLOCKED.load(Relaxed), IS_ON_STACK.load(Relaxed));
    println!("sender: {}", SENDER.load(Relaxed) > 0);
    std::fs::write("first", "").unwrap();
    if how == "once" {
        loop {
            std::thread::park();
        }
    }
    drop(profiler);
    println!("untouched at the end: {}", is_untouched(flags));
    Ok(())
}
