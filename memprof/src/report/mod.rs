//! The reports: what they hold, and one file for each format.

pub mod data;

pub use data::Report;
