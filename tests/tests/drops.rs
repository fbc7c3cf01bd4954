//! Drops in a tracked function: their order, and their side of the scope's end, in edition 2024.
#![allow(missing_docs)]

mod fake;

#[path = "drops/cases.rs"]
mod cases;
