//! This process: its end, its forks, its privileges, its identity, and what the system does with its signals.

pub(crate) mod exit;
pub(crate) mod fork;
pub(crate) mod fork_lock;
pub(crate) mod identity;
pub(crate) mod kept_loaded;
mod parent;
pub(crate) mod privileges;
#[cfg(unix)]
pub(in crate::os) mod sigaction;
#[cfg(unix)]
mod test_server;
pub(crate) mod test_start;
pub(crate) mod wanted;
