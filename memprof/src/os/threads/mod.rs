//! Threads: the current one (its end, its name, a word of its own), and the profiler's own.

#[cfg(unix)]
pub(crate) mod alone;
pub(crate) mod cpu_time;
pub(crate) mod own_thread;
#[cfg(unix)]
pub(crate) mod raw_thread;
pub(crate) mod stack_room;
pub(crate) mod thread_end;
pub(crate) mod thread_name;
pub(crate) mod thread_word;
pub(crate) mod try_lock;
pub(crate) mod wake;
