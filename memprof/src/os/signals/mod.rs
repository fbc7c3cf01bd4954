//! Signals, and the console events of Windows: catching some of them without taking them away from the program.

#[cfg(unix)]
pub(crate) mod abort_signal;
#[cfg(unix)]
mod alarm;
#[cfg(unix)]
mod caught;
#[cfg(not(unix))]
mod console;
#[cfg(unix)]
pub(crate) mod deferred;
#[cfg(unix)]
pub(crate) mod handler_above;
#[cfg(unix)]
mod last_call;
pub(crate) mod write_signals;

#[cfg(unix)]
pub(crate) use caught::*;
#[cfg(not(unix))]
pub(crate) use console::*;
