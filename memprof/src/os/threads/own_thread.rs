//! A thread of the profiler.

use std::io;

/// Starts a thread that receives no signals: the program's own threads receive them.
#[cfg(unix)]
pub(crate) fn start(work: fn()) -> io::Result<()> {
    let started = super::raw_thread::start(work, &[]);
    started.then_some(()).ok_or_else(|| io::Error::from(io::ErrorKind::WouldBlock))
}

/// Starts a thread.
#[cfg(not(unix))]
pub(crate) fn start(work: fn()) -> io::Result<()> {
    std::thread::Builder::new().name("memprof".to_owned()).spawn(work).map(drop)
}
