//! A program that locks its memory, within a limit, before or after its profile starts; it says what it could do.
#![cfg_attr(not(target_os = "linux"), allow(missing_docs))]

#[cfg(not(target_os = "linux"))]
fn main() {}

#[cfg(target_os = "linux")]
fn main() {
    program::run();
}

#[cfg(target_os = "linux")]
mod program {
    use memprof::{AllocationTracker, Config, Profiler, track_memory};
    use std::hint::black_box;
    use std::sync::Barrier;

    #[global_allocator]
    static ALLOC: AllocationTracker = AllocationTracker::system();

    /// Takes from this process, also where it is root's, the right to lock more than so much. False: it had less.
    fn limit(mib: u64) -> bool {
        const CAP_IPC_LOCK: u32 = 14;
        #[repr(C)]
        struct Header {
            version: u32,
            process: i32,
        }
        let header = Header { version: 0x2008_0522, process: 0 };
        // Effective, permitted and inheritable, twice 32 bits of each.
        let mut sets = [0_u32; 6];
        let most = mib << 20;
        let limit = libc::rlimit { rlim_cur: most, rlim_max: most };
        // SAFETY: the structures are those that the system has for this version.
        unsafe {
            assert_eq!(libc::syscall(libc::SYS_capget, &raw const header, &raw mut sets), 0);
            sets.iter_mut().for_each(|set| *set &= !(1 << CAP_IPC_LOCK));
            let is_set = libc::setrlimit(libc::RLIMIT_MEMLOCK, &raw const limit) == 0;
            assert_eq!(libc::syscall(libc::SYS_capset, &raw const header, &raw const sets), 0);
            is_set
        }
    }

    /// So many KiB of this process, by a line of the system's.
    fn kib(line: &str) -> u64 {
        let status = std::fs::read_to_string("/proc/self/status").unwrap();
        let text = status.lines().find_map(|its| its.strip_prefix(line)).unwrap();
        text.trim().strip_suffix(" kB").unwrap().parse().unwrap()
    }

    fn mappings() -> usize {
        std::fs::read_to_string("/proc/self/maps").unwrap().lines().count()
    }

    #[track_memory]
    fn take(bytes: usize) -> bool {
        let mut taken: Vec<u8> = Vec::new();
        let is_taken = taken.try_reserve_exact(bytes).is_ok();
        std::mem::forget(black_box(taken));
        is_taken
    }

    fn lock(which: libc::c_int) -> bool {
        // SAFETY: the call takes any number.
        unsafe { libc::mlockall(which) == 0 }
    }

    fn start() -> Profiler {
        Profiler::start(Config::load().unwrap()).unwrap()
    }

    /// Mappings that each thread has while it is there.
    fn mappings_of_threads() -> f64 {
        const THREADS: usize = 400;
        let (here, over) = (Barrier::new(THREADS + 1), Barrier::new(THREADS + 1));
        std::thread::scope(|scope| {
            let before = mappings();
            for _ in 0..THREADS {
                let body = || {
                    take(100);
                    here.wait();
                    over.wait();
                };
                std::thread::Builder::new().stack_size(64 << 10).spawn_scoped(scope, body).unwrap();
            }
            here.wait();
            let during = mappings();
            over.wait();
            (during - before) as f64 / THREADS as f64
        })
    }

    pub(super) fn run() {
        match std::env::args().nth(1).unwrap_or_default().as_str() {
            "before" => {
                assert!(limit(8) && lock(libc::MCL_FUTURE));
                let profiler = start();
                println!("taken: {}", (0..3).filter(|_| take(1 << 20)).count());
                drop(profiler);
            }
            "room" => {
                let before = kib("VmSize:");
                let profiler = start();
                println!("{}", kib("VmSize:") - before);
                drop(profiler);
            }
            "after" => {
                // What the program has, and what memprof's Limits say.
                let profiler = start();
                let is_limited = limit(kib("VmSize:") / 1024 + 1);
                println!("locked: {}", !is_limited || lock(libc::MCL_CURRENT | libc::MCL_FUTURE));
                drop(profiler);
            }
            "threads" => {
                let profiler = start();
                println!("{}", mappings_of_threads());
                drop(profiler);
            }
            other => panic!("unknown: {other}"),
        }
    }
}
