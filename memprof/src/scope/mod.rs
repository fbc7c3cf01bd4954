//! Scopes as users hold them: guards for functions and blocks, futures that open a scope on each poll, and contexts
//! that carry one to other threads.

mod context;
mod counted_guard;
#[expect(unsafe_code, reason = "the fields of a tracked future are pinned with it")]
mod future;
mod guard;
mod label;
mod limited_guard;
mod meter;
mod output;
pub(crate) mod site_name;
mod track;
mod violation;

pub use context::Context;
pub use counted_guard::{CountedGuard, enter_counted, items, items_at_entry};
pub use future::Tracked;
pub use guard::{Guard, enter, enter_block};
pub use label::{Label, label, labelled};
pub use limited_guard::{LimitedGuard, enter_limited};
pub use meter::Meter;
pub use output::{
    IsFuture, Itself, Output, Perhaps, counted, counted_windowed, is_future, never, number, output, returned, tracked,
    typed, value, windowed,
};
pub use track::track;
