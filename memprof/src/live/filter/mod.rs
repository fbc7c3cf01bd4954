//! Filters: one byte read tells most frees that their block has no record.

pub(crate) mod choice;
pub(crate) mod constant;
pub(crate) mod counting;

#[cfg(test)]
mod tests;
