//! A program that is sent signals. The argument says what it does with them; a file says that it is ready.

use std::hint::black_box;
use std::process::ExitCode;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering::Relaxed};
use std::thread;
use std::time::Duration;

use memprof::track_memory;

static COME: AtomicU32 = AtomicU32::new(0);
static CHURNING: AtomicU32 = AtomicU32::new(0);
static IS_OVER: AtomicBool = AtomicBool::new(false);

#[track_memory]
fn hold() -> Vec<u8> {
    black_box(vec![1u8; 12_345])
}

#[track_memory]
fn churn() {
    CHURNING.fetch_add(1, Relaxed);
    while !IS_OVER.load(Relaxed) {
        let kept: Vec<Vec<u8>> = (0..100).map(|size| black_box(vec![1u8; size])).collect();
        drop(kept);
    }
}

fn ready() {
    std::fs::write("ready", "").unwrap();
}

fn wait_for_ever() -> ! {
    ready();
    loop {
        thread::park();
    }
}

extern "C" fn note(_: i32) {
    COME.fetch_add(1, Relaxed);
}

/// Has `note` called on SIGTERM, in the place of whatever was there.
fn handle() {
    // SAFETY: the handler only adds to an atomic.
    unsafe { libc::signal(libc::SIGTERM, note as extern "C" fn(i32) as libc::sighandler_t) };
}

fn until(is_so: impl Fn() -> bool) {
    while !is_so() {
        thread::sleep(Duration::from_millis(2));
    }
}

#[memprof::main]
fn main() -> ExitCode {
    let _held = hold();
    match std::env::args().nth(1).unwrap_or_default().as_str() {
        "wait" => wait_for_ever(),
        "wait beside threads" => {
            for _ in 0..4 {
                thread::spawn(churn);
            }
            until(|| CHURNING.load(Relaxed) == 4);
            wait_for_ever();
        }
        "write" => {
            for _ in 0..2 {
                thread::spawn(|| {
                    loop {
                        memprof::write_report().unwrap();
                    }
                });
            }
            wait_for_ever();
        }
        "exit meanwhile" => {
            thread::spawn(|| {
                until(|| std::path::Path::new("go").exists());
                // SAFETY: the call has no preconditions.
                unsafe { libc::kill(libc::getpid(), libc::SIGTERM) };
            });
            ready();
            until(|| std::path::Path::new("go").exists());
            thread::sleep(Duration::from_micros(std::env::args().nth(2).unwrap().parse().unwrap()));
            std::process::exit(3);
        }
        "tokio" => {
            let runtime = tokio::runtime::Runtime::new().unwrap();
            runtime.block_on(async {
                use tokio::signal::unix::{SignalKind, signal};
                let mut user = signal(SignalKind::user_defined1()).unwrap();
                let mut terminate = signal(SignalKind::terminate()).unwrap();
                // What `ctrl_c` does, but before the test is told.
                let mut interrupt = signal(SignalKind::interrupt()).unwrap();
                ready();
                let mut users = 0;
                loop {
                    tokio::select! {
                        _ = user.recv() => {
                            users += 1;
                            std::fs::write("asked", "").unwrap();
                        }
                        _ = terminate.recv() => break,
                        _ = interrupt.recv() => break,
                    }
                }
                println!("in peace after {users}");
            });
        }
        "ctrlc" => {
            ctrlc::set_handler(|| IS_OVER.store(true, Relaxed)).unwrap();
            ready();
            until(|| IS_OVER.load(Relaxed));
            println!("in peace");
        }
        "handler" => {
            handle();
            ready();
            until(|| COME.load(Relaxed) == 2);
        }
        "sigwait" => {
            // SAFETY: the set is made before it is used.
            unsafe {
                let mut set = std::mem::zeroed::<libc::sigset_t>();
                libc::sigemptyset(&mut set);
                libc::sigaddset(&mut set, libc::SIGTERM);
                libc::pthread_sigmask(libc::SIG_BLOCK, &set, std::ptr::null_mut());
                ready();
                let mut taken = 0;
                libc::sigwait(&set, &mut taken);
            }
        }
        other => panic!("unknown: {other}"),
    }
    ExitCode::from(5)
}
