//! Checks of a report against a baseline, and the figures that they judge.

mod columns;
mod data;
mod figures;
mod judge;
mod limit;
mod mistake;
mod modes;
mod parse;
mod quantity;
mod rule;
mod rules;
mod unmatched;
mod words;

pub use data::{Checked, Judged, NamedFigure, NotJudged};
pub use figures::{figures, repeats};
pub use judge::check;
pub use mistake::RuleError;
pub use rules::Rules;

#[cfg(test)]
mod tests;
