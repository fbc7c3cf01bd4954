//! Threads with little stack, and what a program forbids itself.

use std::ffi::c_void;
use std::ptr::null_mut;

extern "C" fn on_thread(work: *mut c_void) -> *mut c_void {
    // SAFETY: `thread` was given such a function.
    let work = unsafe { std::mem::transmute::<*mut c_void, extern "C" fn()>(work) };
    work();
    null_mut()
}

/// Does the work on a thread with so much stack, and waits for its end.
pub(super) fn thread(bytes: usize, work: extern "C" fn()) {
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

/// From now on this thread, and each that it begins, gets this answer of the system when it makes one of these calls.
pub(super) fn filter(calls: &[libc::c_long], answer: u32) {
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
pub(super) fn no_more_files() {
    #[cfg(target_arch = "x86_64")]
    filter(&[libc::SYS_open], libc::SECCOMP_RET_KILL_PROCESS);
    filter(&[libc::SYS_openat, libc::SYS_openat2], libc::SECCOMP_RET_KILL_PROCESS);
}
