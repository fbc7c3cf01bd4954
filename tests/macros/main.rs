//! Code that the attributes generate, in the eyes of the compiler and of other tools: names, drops, messages, lines.
#![allow(missing_docs)]

mod as_written;
mod drops;
mod fake;
mod names;
