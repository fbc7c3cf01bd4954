//! Drops in a tracked function: their order, and their side of the scope's end, in edition 2024.

mod cases;
