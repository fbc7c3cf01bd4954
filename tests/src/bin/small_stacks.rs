//! A program with little stack, or in a sandbox that kills it for opening a file; the first argument says how it ends.
#![cfg_attr(not(all(target_os = "linux", target_env = "gnu")), allow(missing_docs, unused))]

#[cfg(not(all(target_os = "linux", target_env = "gnu")))]
fn main() {}

#[cfg(all(target_os = "linux", target_env = "gnu"))]
#[memprof::main]
fn main() -> std::process::ExitCode {
    program::run();
    std::process::ExitCode::from(3)
}

#[cfg(all(target_os = "linux", target_env = "gnu"))]
#[path = "shared/sandbox.rs"]
mod sandbox;

#[cfg(all(target_os = "linux", target_env = "gnu"))]
mod program {
    use super::sandbox::{filter, no_more_files, thread};
    use memprof::track_memory;
    use std::ffi::c_void;
    use std::hint::black_box;
    use std::ptr::null_mut;
    use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

    /// Bytes of address space.
    static MAPPED: AtomicU64 = AtomicU64::new(0);

    /// Memory that is live at each way to end.
    #[track_memory]
    fn hold() {
        std::mem::forget(black_box(vec![1u8; 2345]));
    }

    extern "C" fn hold_and_exit() {
        hold();
        std::process::exit(7);
    }

    fn mapped(bytes: usize) -> *mut c_void {
        let (access, kind) = (libc::PROT_READ | libc::PROT_WRITE, libc::MAP_PRIVATE | libc::MAP_ANONYMOUS);
        // SAFETY: a new mapping, and below it one page that nobody may touch.
        unsafe {
            let start = libc::mmap(null_mut(), bytes + 4096, access, kind, -1, 0);
            libc::mprotect(start, 4096, libc::PROT_NONE);
            start.byte_add(4096)
        }
    }

    /// Does the work in a handler that has this stack.
    fn handler(stack: *mut c_void, bytes: usize, work: extern "C" fn()) {
        static mut WORK: Option<extern "C" fn()> = None;
        extern "C" fn on_signal(_: libc::c_int) {
            // SAFETY: stored before the signal was sent, on this thread.
            if let Some(work) = unsafe { WORK } {
                work();
            }
        }
        // SAFETY: the stack is the caller's to give; the handler has the right form.
        unsafe {
            WORK = Some(work);
            let stack = libc::stack_t { ss_sp: stack, ss_flags: 0, ss_size: bytes };
            assert_eq!(libc::sigaltstack(&raw const stack, null_mut()), 0);
            let mut action: libc::sigaction = std::mem::zeroed();
            action.sa_sigaction = on_signal as *const () as usize;
            action.sa_flags = libc::SA_ONSTACK;
            libc::sigaction(libc::SIGUSR2, &raw const action, null_mut());
            libc::raise(libc::SIGUSR2);
        }
    }

    /// Does the work in a coroutine with so much stack.
    fn coroutine(bytes: usize, work: extern "C" fn()) {
        // SAFETY: the contexts and the stack are there until the coroutine has come back.
        unsafe {
            let mut here = Box::new(std::mem::zeroed::<libc::ucontext_t>());
            let mut there = Box::new(std::mem::zeroed::<libc::ucontext_t>());
            libc::getcontext(&raw mut *there);
            there.uc_stack.ss_sp = mapped(bytes);
            there.uc_stack.ss_size = bytes;
            there.uc_link = &raw mut *here;
            libc::makecontext(&raw mut *there, work, 0);
            libc::swapcontext(&raw mut *here, &raw const *there);
        }
    }

    extern "C" fn panic() {
        hold();
        let _ = std::panic::catch_unwind(|| panic!("on purpose"));
    }

    extern "C" fn only_hold() {
        hold();
    }

    extern "C" fn hold_often() {
        for _ in 0..1000 {
            hold();
        }
    }

    extern "C" fn sandboxed() {
        no_more_files();
        hold();
        thread(256 * 1024, hold_often);
        std::thread::spawn(hold).join().unwrap();
        coroutine(64 * 1024, hold_often);
        // Also one that has had no allocation before.
        thread(16 * 1024, only_hold);
    }

    extern "C" fn exit_without_threads() {
        filter(&[libc::SYS_clone, libc::SYS_clone3], libc::SECCOMP_RET_ERRNO | libc::EAGAIN as u32);
        hold_and_exit();
    }

    extern "C" fn hold_and_abort() {
        hold();
        std::process::abort();
    }

    /// Ends the process as programs do that deal with faults themselves: on the stack for handlers.
    extern "C" fn overflow_and_exit() {
        extern "C" fn on_fault(_: libc::c_int) {
            std::process::exit(7);
        }
        #[allow(unconditional_recursion)]
        fn overflow(depth: u64) -> u64 {
            let room = black_box([depth; 64]);
            overflow(depth + 1) + room[depth as usize % 64]
        }
        hold();
        let bytes = 16 * 1024;
        // SAFETY: the stack is mapped for it, and the handler has the right form.
        unsafe {
            let stack = libc::stack_t { ss_sp: mapped(bytes), ss_flags: 0, ss_size: bytes };
            assert_eq!(libc::sigaltstack(&raw const stack, null_mut()), 0);
            let mut action: libc::sigaction = std::mem::zeroed();
            action.sa_sigaction = on_fault as *const () as usize;
            action.sa_flags = libc::SA_ONSTACK;
            libc::sigaction(libc::SIGSEGV, &raw const action, null_mut());
        }
        black_box(overflow(0));
    }

    /// Lets this process have no more address space than it has.
    extern "C" fn exit_without_room() {
        hold();
        let most = MAPPED.load(Relaxed);
        let limit = libc::rlimit { rlim_cur: most, rlim_max: most };
        // SAFETY: the structure is whole.
        unsafe { libc::setrlimit(libc::RLIMIT_AS, &raw const limit) };
        std::process::exit(7);
    }

    fn exit_everywhere(bytes: usize) {
        let threads: Vec<_> = (0..8).map(|_| std::thread::spawn(move || thread(bytes, hold_and_exit))).collect();
        threads.into_iter().for_each(|thread| drop(thread.join()));
    }

    pub(super) fn run() {
        let mode = std::env::args().nth(1).unwrap_or_default();
        let bytes = std::env::args().nth(2).and_then(|bytes| bytes.parse().ok()).unwrap_or(0);
        match mode.as_str() {
            "exit on a thread" => thread(bytes, hold_and_exit),
            "exit in a handler" => handler(mapped(bytes), bytes, hold_and_exit),
            "exit in a handler within the stack" => {
                let mut within = [0u8; 8 * 1024];
                handler((&raw mut within).cast(), within.len(), hold_and_exit);
            }
            "exit in a coroutine" => coroutine(bytes, hold_and_exit),
            "exit without threads" => thread(bytes, exit_without_threads),
            "exit everywhere" => exit_everywhere(bytes),
            "exit after an overflow" => thread(bytes, overflow_and_exit),
            "exit without room" => {
                let pages = std::fs::read_to_string("/proc/self/statm").unwrap_or_default();
                let pages: u64 = pages.split(' ').next().and_then(|pages| pages.parse().ok()).unwrap_or(0);
                // glibc's `malloc` has 64 MiB for a thread that allocates.
                MAPPED.store(pages * 4096 + (64 << 20) + (256 << 10), Relaxed);
                thread(bytes, exit_without_room);
            }
            "abort on a thread" => thread(bytes, hold_and_abort),
            "panic on a thread" => thread(bytes, panic),
            "hold on a thread" => thread(bytes, hold_often),
            "hold in a handler" => handler(mapped(bytes), bytes, hold_often),
            "hold in a coroutine" => coroutine(bytes, hold_often),
            "without numbers of threads" => {
                hold();
                filter(&[libc::SYS_gettid], libc::SECCOMP_RET_KILL_PROCESS);
            }
            "sandbox" => thread(256 * 1024, sandboxed),
            other => panic!("unknown: {other}"),
        }
    }
}
