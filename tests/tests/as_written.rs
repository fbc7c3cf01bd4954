//! Tracked code is the user's own in the eyes of the compiler and of other tools: what rustc and Clippy say of it,
//! which lines have coverage, and where debuggers stop, is what it is without the attribute.
#![allow(missing_docs)]

#[path = "as_written/compiler.rs"]
mod compiler;
#[path = "as_written/debug_lines.rs"]
mod debug_lines;
#[path = "as_written/depth.rs"]
mod depth;
#[path = "as_written/forms.rs"]
mod forms;
#[path = "as_written/lints.rs"]
mod lints;
#[path = "as_written/messages.rs"]
mod messages;
