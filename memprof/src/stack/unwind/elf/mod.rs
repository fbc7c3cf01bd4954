//! Unwinding by the tables of ELF modules: Linux and Android.

mod bytes;
mod cfi;
mod eh_frame;
mod images;
mod loaded;

pub(crate) use images::{Image, all as images};
pub(crate) use loaded::mark_of;
pub(super) use loaded::{find, prepare};
