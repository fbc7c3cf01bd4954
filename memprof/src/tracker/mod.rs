//! Everything that runs inside an allocation: what is counted, where, and by whom.
//!
//! Each thread has a [`ledger`]; the ledger points to the current node of the thread's call [`tree`]; an allocation adds
//! to both. Nothing in here allocates through the tracker, waits for another thread, panics or calls user code.

mod by_address;
mod contexts;
mod counters;
mod distribution;
mod ends;
mod frame;
mod frames;
pub(crate) mod history;
mod hook;
mod inbox;
mod installed;
mod kept;
mod late_ends;
mod ledger;
mod left_over;
mod limits;
mod measured;
mod measurement;
mod net_readings;
mod node;
mod other_thread;
mod own_work;
mod published;
mod reading;
mod registry;
mod reporting;
mod scopes;
mod site;
mod snapshot;
mod sync;
mod thread;
mod totals;
mod tracking;
mod tree;
mod unheard;
mod watch;
mod within;
mod workers;

pub(crate) use contexts::CallPath;
pub(crate) use distribution::{ALL_BUCKETS, Distribution, middle as middle_of_bucket};
pub(crate) use frame::FrameKind;
pub(crate) use hook::{
    before_realloc, has_refused, on_alloc, on_dealloc, on_out_of_memory, on_realloc, on_realloc_failure,
    set_out_of_memory_handler,
};
pub(crate) use installed::inner_name;
pub(crate) use kept::Kept;
pub(crate) use ledger::{Ledger, each_ledger, each_node};
pub(crate) use left_over::OwnFigures;
pub use limits::Watch;
pub(crate) use limits::{Figures, Moment, Seen};
pub(crate) use measured::{Ended, Measurement, Refused, Span};
pub(crate) use measurement::{AT_ONCE, site_in_reports};
pub(crate) use node::{CallSpread, Node};
pub(crate) use reading::Reading;
pub(crate) use reporting::Reporting;
pub(crate) use scopes::{Closed, Open};
pub use site::Site;
pub(crate) use site::SiteName;
pub(crate) use snapshot::Snapshot;
pub(crate) use thread::{disable, present, retire_others, start_tracking};
pub use totals::memory_stats;
pub(crate) use totals::{Peak, peak};
pub(crate) use tree::MAX_NODES;
pub(crate) use unheard::note_profile;
pub(crate) use within::Within;
pub(crate) use workers::Workers;
