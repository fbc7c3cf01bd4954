//! Access to the operating system. Nothing in here allocates through the global allocator, except [`memory::resident`],
//! [`memory::limit`], `memory::mapped_file`, [`process::fork_lock`], [`process::identity`] and [`files::rename`].
//!
//! A room knows the ones above it in this list.

pub(crate) mod clock;

pub(crate) mod memory;

pub(crate) mod terminal;

pub(crate) mod process;

pub(crate) mod threads;

pub(crate) mod signals;

pub(crate) mod files;
