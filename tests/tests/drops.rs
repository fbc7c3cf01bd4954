//! What a tracked function drops, when, and on which side of its scope's end, in edition 2024.
#![allow(missing_docs)]

mod fake;

#[path = "drops/cases.rs"]
mod cases;
