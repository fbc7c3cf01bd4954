//! The server: one thread of our own for all connections.
//!
//! Without a connection the thread sleeps in `accept`. With connections it asks each in turn and pauses for
//! milliseconds when none goes on. So one slow client delays no other, and an idle program is never woken.

use super::connection::{Connection, StepResult};
use crate::config::{Serve, serve_address};
use crate::os::process::fork_lock::ForkLock;
use crate::os::terminal::stderr;
use crate::os::threads::own_thread;
use crate::tracker::ReportingGuard;
use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, TcpListener, TcpStream};
use std::panic::{AssertUnwindSafe, catch_unwind};
#[cfg(unix)]
use std::sync::atomic::AtomicI32;
use std::sync::atomic::AtomicU64;
use std::sync::atomic::Ordering::{AcqRel, Acquire, Release};
use std::time::Duration;

/// Most connections that are answered at once.
const CONNECTIONS: usize = 8;
/// Most connections with those that are told that there are too many, and those that the client has yet to close.
const SOCKETS: usize = 32;
/// Pause when no connection goes on.
const PAUSE: Duration = Duration::from_millis(2);
/// Pause after the system could not accept a connection.
const PAUSE_AFTER_ERROR: Duration = Duration::from_millis(100);
/// Time to connect to our own thread, to wake it.
const TO_WAKE: Duration = Duration::from_millis(100);

/// The number of the server that is wanted; 0: none.
static WANTED: AtomicU64 = AtomicU64::new(0);
/// The number of servers so far.
static STARTED: AtomicU64 = AtomicU64::new(0);
/// The server that its thread has not begun.
static NEXT: ForkLock<(u64, TcpListener)> = ForkLock::new();
/// The address to wake the thread at, and its process.
static ADDRESS: ForkLock<(u32, SocketAddr)> = ForkLock::new();

/// Descriptor of the thread's listener; -1: none.
#[cfg(unix)]
static LISTENER: AtomicI32 = AtomicI32::new(-1);

/// Closes the listener in a forked child, which has no thread that answers: otherwise the port would stay taken when
/// the parent has ended. Does not allocate.
#[cfg(unix)]
pub(super) fn in_child() {
    let descriptor = LISTENER.swap(-1, AcqRel);
    if descriptor >= 0 {
        crate::os::process::fork::close_in_child(descriptor);
    }
}

/// Starts the server. Returns a warning if it cannot.
pub(super) fn start(settings: &Serve) -> Option<String> {
    if settings.serve_address.is_empty() {
        return None;
    }
    match try_start(settings) {
        Ok(address) => {
            stderr::write_all(format!("memprof: serving http://{address}/\n").as_bytes());
            None
        }
        Err(reason) => Some(format!("nothing is served at {}: {reason}", settings.serve_address)),
    }
}

fn try_start(settings: &Serve) -> Result<SocketAddr, String> {
    let wanted = serve_address(&settings.serve_address)
        .ok_or("serve_address must be an IP address or localhost, and a port, such as 127.0.0.1:6070")?;
    if !wanted.ip().is_loopback() && settings.serve_token.is_empty() {
        return Err("other machines can reach this address; set serve_token, or use 127.0.0.1".to_owned());
    }
    let listener = TcpListener::bind(wanted).map_err(|error| error.to_string())?;
    let address = listener.local_addr().map_err(|error| error.to_string())?;
    let number = STARTED.fetch_add(1, AcqRel) + 1;
    NEXT.lock().put((number, listener));
    ADDRESS.lock().put((std::process::id(), address));
    WANTED.store(number, Release);
    own_thread::start(run).map_err(|error| {
        stop();
        error.to_string()
    })?;
    Ok(address)
}

/// Ends the server soon, without waiting for its thread.
pub(super) fn stop() {
    if WANTED.swap(0, AcqRel) == 0 {
        return;
    }
    drop(NEXT.lock().take());
    let address = ADDRESS.lock().take();
    // The thread is one of this process, unless it was forked.
    if let Some(address) = address.filter(|address| address.0 == std::process::id()) {
        let _ = TcpStream::connect_timeout(&reachable(address.1), TO_WAKE);
    }
}

/// The address at which this machine reaches a server that listens at all its addresses.
fn reachable(mut address: SocketAddr) -> SocketAddr {
    if address.ip().is_unspecified() {
        let is_v4 = address.is_ipv4();
        address.set_ip(if is_v4 { IpAddr::V4(Ipv4Addr::LOCALHOST) } else { IpAddr::V6(Ipv6Addr::LOCALHOST) });
    }
    address
}

/// Notes the listener for forked children until this is dropped, before the listener is closed: another file may get
/// its number.
#[cfg(unix)]
struct KnownListener;

#[cfg(unix)]
impl KnownListener {
    fn new(listener: &TcpListener) -> Self {
        LISTENER.store(std::os::fd::AsRawFd::as_raw_fd(listener), Release);
        Self
    }
}

#[cfg(unix)]
impl Drop for KnownListener {
    fn drop(&mut self) {
        LISTENER.store(-1, Release);
    }
}

fn run() {
    ReportingGuard::begin_thread();
    // Nobody would see a panic.
    let _ = catch_unwind(|| {
        // A profile that ended at once has taken it back.
        let next = NEXT.lock().take();
        if let Some(next) = next {
            let (number, listener) = *next;
            #[cfg(unix)]
            let _known = KnownListener::new(&listener);
            work(number, &listener);
        }
    });
}

/// Answers until the profile is over.
fn work(number: u64, listener: &TcpListener) {
    let mut connections: Vec<Connection> = Vec::new();
    while WANTED.load(Acquire) == number {
        let is_idle = connections.is_empty();
        let accepted = listener.set_nonblocking(!is_idle).and_then(|()| listener.accept());
        if WANTED.load(Acquire) != number {
            return;
        }
        let mut has_moved = false;
        match accepted {
            Ok((stream, _)) => {
                has_moved = true;
                let open = connections.iter().filter(|connection| connection.is_open()).count();
                let connection = if connections.len() >= SOCKETS {
                    None
                } else if open >= CONNECTIONS {
                    Some(Connection::refused(stream))
                } else {
                    Some(Connection::new(stream))
                };
                connections.extend(connection.into_iter().flatten());
            }
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
            // No descriptor is left, or the client has gone.
            Err(_) if is_idle => std::thread::sleep(PAUSE_AFTER_ERROR),
            Err(_) => {}
        }
        connections.retain_mut(|connection| {
            // A panic ends its connection alone.
            let step = catch_unwind(AssertUnwindSafe(|| connection.step())).unwrap_or(StepResult::Over);
            has_moved |= step == StepResult::Moved;
            step != StepResult::Over
        });
        if !has_moved && !connections.is_empty() {
            std::thread::sleep(PAUSE);
        }
    }
}
