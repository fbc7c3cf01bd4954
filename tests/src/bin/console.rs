//! A Windows program that receives a console event, or does what its argument says: `console EVENT [handler before |
//! handler after | handler that passes it on]`.
#![allow(missing_docs)]

#[cfg(windows)]
mod system {
    use std::ffi::c_void;
    use std::ptr::{null, null_mut};

    type Handler = unsafe extern "system" fn(u32) -> i32;

    #[link(name = "kernel32")]
    unsafe extern "system" {
        fn SetConsoleCtrlHandler(handler: Option<Handler>, add: i32) -> i32;
        fn GetModuleHandleA(name: *const u8) -> *mut c_void;
        fn GetProcAddress(module: *mut c_void, name: *const u8) -> *mut c_void;
        fn CreateThread(
            security: *const c_void,
            stack: usize,
            start: *mut c_void,
            argument: *const c_void,
            flags: u32,
            id: *mut u32,
        ) -> *mut c_void;
    }

    /// Does what the console does: it has the system's own routine run on a new thread.
    pub(super) fn raise(event: usize) {
        // SAFETY: the names end with 0, and the routine takes the number of an event.
        unsafe {
            let routine =
                GetProcAddress(GetModuleHandleA(c"kernelbase.dll".as_ptr().cast()), c"CtrlRoutine".as_ptr().cast());
            assert!(!routine.is_null());
            let thread = CreateThread(null(), 0, routine, std::ptr::without_provenance(event), 0, null_mut());
            assert!(!thread.is_null());
        }
    }

    pub(super) fn handle_by(handler: Handler) {
        // SAFETY: the function has the right type and lives as long as the program.
        assert_ne!(unsafe { SetConsoleCtrlHandler(Some(handler), 1) }, 0);
    }
}

#[memprof::track_memory]
fn keep() -> Vec<u8> {
    std::hint::black_box(vec![1; 4096])
}

#[cfg(windows)]
fn main() {
    use std::sync::atomic::{AtomicBool, Ordering::SeqCst};
    use std::time::Duration;

    static WAS_CALLED: AtomicBool = AtomicBool::new(false);
    unsafe extern "system" fn deals_with_it(_: u32) -> i32 {
        WAS_CALLED.store(true, SeqCst);
        1
    }
    unsafe extern "system" fn passes_it_on(_: u32) -> i32 {
        WAS_CALLED.store(true, SeqCst);
        0
    }

    let mut arguments = std::env::args().skip(1);
    let event = arguments.next().and_then(|event| event.parse().ok()).expect("the number of an event");
    let how = arguments.next().unwrap_or_default();
    if how == "handler before" {
        system::handle_by(deals_with_it);
    }
    let loaded = memprof::Config::load().expect("a configuration");
    let profiler = memprof::Profiler::start(loaded).expect("no other profile is running");
    let kept = keep();
    match how.as_str() {
        "handler after" => system::handle_by(deals_with_it),
        "handler that passes it on" => system::handle_by(passes_it_on),
        _ => {}
    }
    if how == "exit at once" {
        system::raise(event);
        // The event came first, and its report is being written: the status is its own.
        std::thread::sleep(Duration::from_millis(30));
        std::process::exit(7);
    }
    system::raise(event);
    // What deals with an event is called after ours has written the report, if it was there before.
    for _ in 0..3_000 {
        std::thread::sleep(Duration::from_millis(10));
        if how.starts_with("handler before") || how.starts_with("handler after") {
            if WAS_CALLED.load(SeqCst) {
                break;
            }
        }
    }
    std::thread::sleep(Duration::from_millis(100));
    println!("the program went on");
    drop(kept);
    drop(profiler);
    std::process::exit(3);
}

#[cfg(not(windows))]
fn main() {
    drop(keep());
}

#[global_allocator]
static ALLOC: memprof::AllocationTracker = memprof::AllocationTracker::system();
