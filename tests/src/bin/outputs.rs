//! A program whose reports meet those of others. The arguments say what it does, one after the other.

use std::fs;
#[cfg(unix)]
use std::fs::File;
use std::hint::black_box;
use std::path::Path;
use std::thread::sleep;
use std::time::Duration;

use memprof::{AllocationTracker, Config, Profiler, track_memory};

#[global_allocator]
static ALLOC: AllocationTracker = AllocationTracker::system();

#[track_memory]
fn work() -> Vec<u8> {
    black_box(vec![1u8; 4096])
}

fn wait_for(path: &str) {
    while !Path::new(path).exists() {
        sleep(Duration::from_millis(2));
    }
}

fn main() -> Result<(), memprof::Error> {
    let mut profiler = None;
    let mut kept = Vec::new();
    for argument in std::env::args().skip(1) {
        match argument.split_once('=').unwrap_or((&argument, "")) {
            // The configuration as `#[memprof::main]` reads it, or the program's own.
            ("load", _) => profiler = Some(Profiler::start(Config::load()?)?),
            ("own", folder) => {
                let mut config = Config::default();
                config.reporting.output_dir = folder.into();
                profiler = Some(Profiler::start(config)?);
            }
            ("work", _) => kept.push(work()),
            ("middle", _) => drop(memprof::write_report()?),
            ("finish", _) => {
                if let Some(profiler) = profiler.take() {
                    println!("{}", profiler.finish()?.allocation_report.display());
                }
            }
            ("touch", path) => fs::write(path, "").unwrap(),
            ("wait", path) => wait_for(path),
            ("sleep", milliseconds) => sleep(Duration::from_millis(milliseconds.parse().unwrap())),
            #[cfg(unix)]
            (action, value) => unix::run(action, value),
            #[cfg(not(unix))]
            (action, _) => panic!("unknown: {action}"),
        }
    }
    drop(profiler);
    Ok(())
}

#[cfg(unix)]
mod unix {
    use super::{File, wait_for, work};
    use std::os::fd::{AsRawFd, IntoRawFd};

    pub(super) fn run(action: &str, value: &str) {
        match action {
            // The program's own file gets the lowest descriptor that is free.
            "descriptor" => {
                // SAFETY: the descriptor belongs to nobody else here.
                unsafe { libc::close(value.parse().unwrap()) };
                let opened = File::create("mine").unwrap();
                assert_eq!(opened.as_raw_fd(), value.parse::<i32>().unwrap());
                let _ = opened.into_raw_fd();
            }
            "chroot" => {
                let path = std::ffi::CString::new(value).unwrap();
                // SAFETY: the text ends with 0.
                assert_eq!(unsafe { libc::chroot(path.as_ptr()) }, 0);
                std::env::set_current_dir("/").unwrap();
            }
            "kill" => {
                // SAFETY: the process is this one.
                unsafe { libc::kill(libc::getpid(), value.parse().unwrap()) };
            }
            // A child that works, and ends as `exit` does.
            "fork" => {
                // SAFETY: this program has one thread of its own.
                let child = unsafe { libc::fork() };
                if child == 0 {
                    drop(work());
                    if !value.is_empty() {
                        wait_for(value);
                    }
                    std::process::exit(0);
                }
                let mut status = 0;
                // SAFETY: the place is valid.
                unsafe { libc::waitpid(child, &raw mut status, 0) };
                println!("{child} {status}");
            }
            _ => panic!("unknown: {action}"),
        }
    }
}
