//! Access to the operating system. Nothing in here allocates through the global allocator, except [`memory`],
//! [`fork_lock`], [`process`], [`rename`] and `file`.

#[cfg(unix)]
mod alarm;
#[cfg(unix)]
pub(crate) mod alone;
#[cfg(unix)]
pub(crate) mod bare_thread;
pub(crate) mod clock;
#[cfg(all(target_os = "linux", any(target_arch = "x86_64", target_arch = "aarch64"), target_pointer_width = "64"))]
mod code;
pub(crate) mod cpu_time;
#[cfg(unix)]
pub(crate) mod ending;
pub(crate) mod exit;
#[cfg(all(feature = "backtraces", unix, not(target_vendor = "apple")))]
pub(crate) mod file;
pub(crate) mod fork;
pub(crate) mod fork_lock;
#[cfg(unix)]
mod handler;
#[cfg(unix)]
pub(crate) mod handler_above;
#[cfg(windows)]
mod import_table;
pub(crate) mod kept_loaded;
#[cfg(unix)]
mod last_call;
pub(crate) mod memory;
#[cfg(windows)]
pub(crate) mod modules;
pub(crate) mod pages;
pub(crate) mod patience;
pub(crate) mod privileges;
pub(crate) mod process;
#[cfg(unix)]
pub(crate) mod put_off;
pub(crate) mod rename;
#[cfg(unix)]
pub(crate) mod signals;
#[cfg(not(unix))]
#[path = "no_signals.rs"]
pub(crate) mod signals;
// On systems where the profiler unwinds by itself.
#[cfg(any(target_os = "linux", target_os = "android", target_vendor = "apple"))]
pub(crate) mod stack_bounds;
pub(crate) mod stack_room;
pub(crate) mod stderr;
pub(crate) mod terminal;
pub(crate) mod thread_end;
pub(crate) mod thread_name;
pub(crate) mod thread_word;
pub(crate) mod wake;
pub(crate) mod wanted;
pub(crate) mod write_signals;
