//! A program with little stack, or in a sandbox that kills it when it opens a file; the first argument says how it ends.
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
mod program {
    use memprof::track_memory;
    use std::ffi::c_void;
    use std::hint::black_box;
    use std::ptr::null_mut;

    /// What each way to end holds.
    #[track_memory]
    fn hold() {
        std::mem::forget(black_box(Box::new([1u8; 2345])));
    }

    extern "C" fn hold_and_exit() {
        hold();
        std::process::exit(7);
    }

    extern "C" fn on_thread(work: *mut c_void) -> *mut c_void {
        // SAFETY: `thread` was given such a function.
        let work = unsafe { std::mem::transmute::<*mut c_void, extern "C" fn()>(work) };
        work();
        null_mut()
    }

    /// Does the work on a thread with so much stack, and waits for its end.
    fn thread(bytes: usize, work: extern "C" fn()) {
        // SAFETY: the attributes are made before they are used, and the thread is joined once.
        unsafe {
            let mut attributes = std::mem::zeroed();
            libc::pthread_attr_init(&raw mut attributes);
            assert_eq!(libc::pthread_attr_setstacksize(&raw mut attributes, bytes), 0);
            let mut thread = 0;
            let work = work as *mut c_void;
            assert_eq!(libc::pthread_create(&raw mut thread, &raw const attributes, on_thread, work), 0);
            libc::pthread_join(thread, null_mut());
        }
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

    /// From now on this thread, and each that it begins, gets this answer of the system when it makes one of these calls.
    fn filter(calls: &[libc::c_long], answer: u32) {
        let statement = |code: u32, k: u32, jt, jf| libc::sock_filter { code: code as u16, jt, jf, k };
        let load = libc::BPF_LD | libc::BPF_W | libc::BPF_ABS;
        let mut program = vec![statement(load, 0, 0, 0)];
        for call in calls {
            program.push(statement(libc::BPF_JMP | libc::BPF_JEQ | libc::BPF_K, *call as u32, 0, 1));
            program.push(statement(libc::BPF_RET | libc::BPF_K, answer, 0, 0));
        }
        program.push(statement(libc::BPF_RET | libc::BPF_K, libc::SECCOMP_RET_ALLOW, 0, 0));
        let program = libc::sock_fprog { len: program.len() as u16, filter: program.as_mut_ptr() };
        // SAFETY: the filter has as many statements as it says.
        unsafe {
            assert_eq!(libc::prctl(libc::PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0), 0);
            assert_eq!(libc::prctl(libc::PR_SET_SECCOMP, libc::SECCOMP_MODE_FILTER, &raw const program), 0);
        }
    }

    /// From now on opening a file ends the process.
    fn no_more_files() {
        #[cfg(target_arch = "x86_64")]
        filter(&[libc::SYS_open], libc::SECCOMP_RET_KILL_PROCESS);
        filter(&[libc::SYS_openat, libc::SYS_openat2], libc::SECCOMP_RET_KILL_PROCESS);
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
            "panic on a thread" => thread(bytes, panic),
            "hold on a thread" => thread(bytes, hold_often),
            "hold in a handler" => handler(mapped(bytes), bytes, hold_often),
            "hold in a coroutine" => coroutine(bytes, hold_often),
            "sandbox" => thread(256 * 1024, sandboxed),
            other => panic!("unknown: {other}"),
        }
    }
}
