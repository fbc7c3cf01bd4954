//! Tracked code is the user's own in the eyes of the compiler and of other tools: what rustc and Clippy say of it,
//! which lines have coverage, and where debuggers stop, is what it is without the attribute.

mod compiler;
mod debug_lines;
mod depth;
mod forms;
mod lints;
mod messages;
