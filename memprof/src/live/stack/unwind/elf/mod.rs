//! Unwinding by the tables of ELF modules: Linux and Android.

mod bytes;
mod cfi;
mod eh_frame;
mod images;
mod modules;

pub(crate) use images::{Image, all as images};
pub(crate) use modules::mark_of;
pub(super) use modules::{find, prepare};
