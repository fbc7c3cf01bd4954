//! A program with default settings that looks for traces of memprof's own thread. The argument says what it looks at.

use std::hint::black_box;

use memprof::track_memory;

#[cfg(target_os = "linux")]
#[path = "shared/sandbox.rs"]
#[allow(dead_code, reason = "another program uses the rest of it")]
mod sandbox;

// The crate `libc` declares it since 0.2.176.
#[cfg(target_os = "linux")]
unsafe extern "C" {
    fn sigqueue(process: libc::pid_t, signal: libc::c_int, value: libc::sigval) -> libc::c_int;
}

#[track_memory]
fn up_and_down() {
    drop(black_box(vec![1u8; 5_000_000]));
}

/// Does one thing for ever. Never inlined: a signal finds the program in whatever it is at.
fn busy(with: &str) {
    std::fs::write("ready", "").unwrap();
    let mut kept = std::collections::VecDeque::new();
    let (from, mut to) = (vec![1u8; 8 << 20], vec![0u8; 8 << 20]);
    for turn in 1_usize.. {
        match with {
            "arithmetic" => drop(black_box(turn.wrapping_mul(3))),
            "blocks" => {
                kept.push_back(vec![1u8; turn * 37 % 5000]);
                kept.truncate(1000);
            }
            "blocks of the C library" => {
                // SAFETY: each block is freed once.
                unsafe { libc::free(black_box(libc::malloc(turn * 37 % 5000 + 1))) };
                black_box(turn.wrapping_pow(77));
            }
            "copies" => to.copy_from_slice(black_box(&from)),
            "system calls" => drop(black_box(std::fs::metadata("/"))),
            "sleep" => std::thread::sleep(std::time::Duration::from_secs(1)),
            // SAFETY: the call has no preconditions.
            "wait" => drop(unsafe { libc::pause() }),
            other => panic!("unknown: {other}"),
        }
    }
}

/// Has a handler call `exit`, in whatever this process is at after so many microseconds.
#[cfg(target_os = "linux")]
fn exit_in_a_handler_after(microseconds: u64) {
    extern "C" fn exit(_: i32) {
        std::process::exit(5)
    }
    unsafe extern "C" {
        fn ualarm(microseconds: u32, interval: u32) -> u32;
    }
    // SAFETY: the handler ends the process, which works without memprof, too.
    unsafe {
        libc::signal(libc::SIGALRM, exit as extern "C" fn(i32) as libc::sighandler_t);
        ualarm(microseconds as u32, 0);
    }
    busy("blocks of the C library");
}

/// Calls the system, and says so if it comes back: without memprof a signal ends the process within the call.
#[cfg(target_os = "linux")]
fn last_call(with: &str) -> ! {
    std::fs::write("ready", "").unwrap();
    let nothing = std::ptr::null_mut::<u8>();
    // SAFETY: the places are valid, and whatever the calls do ends with the process.
    let result = unsafe {
        let mut event: libc::epoll_event = std::mem::zeroed();
        match with {
            "pause" => libc::pause(),
            "epoll_wait" => libc::epoll_wait(libc::epoll_create1(0), &raw mut event, 1, 20_000),
            "poll" => libc::poll(nothing.cast(), 0, 20_000),
            "ppoll" => libc::ppoll(nothing.cast(), 0, std::ptr::null(), std::ptr::null()),
            "sigsuspend" => {
                let mut none: libc::sigset_t = std::mem::zeroed();
                libc::sigemptyset(&raw mut none);
                libc::sigsuspend(&raw const none)
            }
            "nanosleep" => libc::nanosleep(&libc::timespec { tv_sec: 20, tv_nsec: 0 }, nothing.cast()),
            "beside threads" => {
                std::thread::spawn(|| busy("blocks"));
                libc::pause()
            }
            "raise" => libc::raise(libc::SIGTERM),
            "no threads" => {
                let refused = libc::SECCOMP_RET_ERRNO | libc::EAGAIN as u32;
                sandbox::filter(&[libc::SYS_clone, libc::SYS_clone3], refused);
                std::fs::write("limited", "").unwrap();
                libc::pause()
            }
            "no threads, and busy" => {
                let refused = libc::SECCOMP_RET_ERRNO | libc::EAGAIN as u32;
                sandbox::filter(&[libc::SYS_clone, libc::SYS_clone3], refused);
                std::fs::write("limited", "").unwrap();
                busy("blocks");
                0
            }
            "refused" => {
                let number = std::env::args().nth(3).unwrap().parse().unwrap();
                sandbox::filter(&[number], libc::SECCOMP_RET_ERRNO | libc::EPERM as u32);
                std::fs::write("limited", "").unwrap();
                libc::pause()
            }
            "no address space" => {
                let pages = std::fs::read_to_string("/proc/self/statm").unwrap();
                let bytes = pages.split(' ').next().unwrap().parse::<u64>().unwrap() * 4096 + 65_536;
                let little = libc::rlimit { rlim_cur: bytes, rlim_max: bytes };
                libc::setrlimit(libc::RLIMIT_AS, &raw const little);
                std::fs::write("limited", "").unwrap();
                libc::pause()
            }
            "unblock" => {
                let mut both: libc::sigset_t = std::mem::zeroed();
                libc::sigaddset(&raw mut both, libc::SIGINT);
                libc::sigaddset(&raw mut both, libc::SIGTERM);
                libc::sigprocmask(libc::SIG_BLOCK, &raw const both, nothing.cast());
                libc::raise(libc::SIGTERM);
                libc::raise(libc::SIGINT);
                libc::sigprocmask(libc::SIG_UNBLOCK, &raw const both, nothing.cast())
            }
            "kill" => libc::kill(libc::getpid(), libc::SIGTERM),
            #[cfg(target_os = "linux")]
            "sigqueue" => sigqueue(libc::getpid(), libc::SIGTERM, libc::sigval { sival_ptr: nothing.cast() }),
            other => panic!("unknown: {other}"),
        }
    };
    println!("it came back: {result}");
    // SAFETY: the call has no preconditions.
    unsafe { libc::_exit(3) }
}

/// A thread gives itself its name once it runs, which can be later than this.
fn settled_names_of_threads() -> Vec<String> {
    for _ in 0..200 {
        let mut names = names_of_threads();
        names.dedup();
        if names.len() == names_of_threads().len() {
            break;
        }
        std::thread::sleep(std::time::Duration::from_millis(10));
    }
    names_of_threads()
}

fn names_of_threads() -> Vec<String> {
    let tasks = std::fs::read_dir("/proc/self/task").unwrap();
    let mut names: Vec<String> = tasks
        .filter_map(|task| std::fs::read_to_string(task.unwrap().path().join("comm")).ok())
        .map(|name| name.trim().to_owned())
        .collect();
    names.sort();
    names
}

#[memprof::main]
fn main() {
    match std::env::args().nth(1).unwrap_or_default().as_str() {
        "peak" => up_and_down(),
        "threads" => println!("{:?}", settled_names_of_threads()),
        "two threads" => {
            std::thread::scope(|scope| {
                scope.spawn(up_and_down).join().unwrap();
                println!("{:?}", settled_names_of_threads());
            });
        }
        "busy" => busy(&std::env::args().nth(2).unwrap_or_default()),
        #[cfg(target_os = "linux")]
        "exit in a handler" => {
            let number = |position| std::env::args().nth(position).unwrap().parse::<u64>().unwrap();
            let threads = number(3);
            (0..threads)
                .for_each(|_| drop(std::thread::spawn(|| std::thread::sleep(std::time::Duration::from_secs(60)))));
            exit_in_a_handler_after(number(2));
        }
        #[cfg(target_os = "linux")]
        "last call" => last_call(&std::env::args().nth(2).unwrap_or_default()),
        // What std spawns is a process that was forked or made by `posix_spawn`.
        "child" => {
            let executable = std::env::current_exe().unwrap();
            let status = std::process::Command::new(executable).arg("peak").env("MEMPROF_ENABLED", "0").status();
            println!("{}", status.unwrap());
        }
        "fork" => {
            // SAFETY: the child does nothing but what a program with one thread may do.
            match unsafe { libc::fork() } {
                0 => {
                    up_and_down();
                    println!("{}", names_of_threads().len());
                }
                child => {
                    let mut status = 0;
                    // SAFETY: the place is valid.
                    unsafe { libc::waitpid(child, &raw mut status, 0) };
                    println!("{status}");
                }
            }
        }
        "fork and signal" => {
            // SAFETY: as above.
            match unsafe { libc::fork() } {
                0 => loop {
                    // SAFETY: the call has no preconditions.
                    unsafe { libc::pause() };
                },
                child => {
                    let mut status = 0;
                    // SAFETY: the calls have no preconditions; the place is valid.
                    unsafe {
                        libc::kill(child, libc::SIGTERM);
                        libc::waitpid(child, &raw mut status, 0);
                    }
                    println!("{status}");
                }
            }
        }
        #[cfg(target_os = "linux")]
        "unshare" => {
            // SAFETY: the call has no preconditions.
            let result = unsafe { libc::unshare(libc::CLONE_NEWUSER) };
            println!("{result} {:?}", std::io::Error::last_os_error().kind());
        }
        other => panic!("unknown: {other}"),
    }
}
