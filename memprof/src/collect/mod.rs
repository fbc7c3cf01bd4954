//! Reports, collected from the engine's figures.

mod findings;
mod labels;
mod limits;
pub(crate) mod live;
mod memory;
mod merge;
pub(crate) mod peak;
mod report;
mod request;
mod rows;
mod settings;
mod site_names;
mod spread;
mod symbols;
pub(crate) mod system;
mod timeline;

pub(crate) use live::readings;
pub(crate) use memory::{ReportMemory, is_asking};
#[cfg(feature = "serve")]
pub(crate) use report::served_report;
pub(crate) use report::{executable, limit_report, not_recorded, numbered_report, report};
pub(crate) use request::{AtStart, Request};
