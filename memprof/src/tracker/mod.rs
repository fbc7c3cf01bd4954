//! The tracker: everything that runs inside an allocation and counts.
//!
//! Each thread has a [ledger](threads::ledger); the ledger points to the current node of the thread's call
//! [tree](paths::tree); an allocation adds to both. Nothing that an allocation, a free, a call or a poll does in here
//! allocates through the tracker, waits for another thread, panics or calls user code. Only a reading waits, for
//! another reading.
//!
//! From bottom to top: [`paths`], [`carried`], [`threads`], [`readings`], [`scopes`], [`measuring`]; and [`hook`],
//! which an allocation enters, above [`threads`] and [`records`].

mod carried;
mod hook;
mod measuring;
mod paths;
mod readings;
mod records;
mod scopes;
mod sync;
mod threads;

pub(crate) use carried::labels::{self, LabelId, LabelSet};
pub(crate) use carried::slot::Carried;
pub(crate) use hook::{
    DeallocEnd, before_realloc, has_refused, on_alloc, on_alloc_without_ledger, on_dealloc, on_dealloc_beyond,
    on_dealloc_that_publishes, on_dealloc_without_ledger, on_out_of_memory, on_realloc, on_realloc_failure,
    remove_listed_record, remove_record, set_out_of_memory_handler,
};
pub(crate) use measuring::measurement::{Ended, MeasuredSpan, Measurement, Refused};
pub(crate) use measuring::workers::Workers;
pub(crate) use paths::distribution::{ALL_BUCKETS, NodeDistribution, middle as middle_of_bucket};
pub(crate) use paths::future_size::FutureSize;
pub(crate) use paths::items::ItemCounters;
pub use paths::limits::Limits;
pub(crate) use paths::limits::{Figures, LimitFigures, Moment};
pub(crate) use paths::node::{CallSpread, Node};
pub(crate) use paths::reading::Reading;
pub use paths::site::Site;
pub(crate) use paths::site::SiteName;
pub(crate) use paths::tree::MAX_NODES;
pub(crate) use readings::history;
pub(crate) use readings::marks;
pub use readings::marks::mark;
pub(crate) use readings::snapshot::Snapshot;
pub use readings::totals::memory_stats;
pub(crate) use readings::totals::{Peak, net, peak};
pub(crate) use scopes::context::{CallPath, Entered};
pub(crate) use scopes::enter_exit::{Closed, Open};
pub(crate) use scopes::items::add_items;
pub(crate) use scopes::kept::Kept;
pub(crate) use scopes::reporting::ReportingGuard;
pub(crate) use scopes::unheard::note_profile;
pub(crate) use scopes::within::Within;
pub(crate) use scopes::work::{CarriedGuard, LabelGuard, MeterGuard, carried_here, settle_here};
pub(crate) use threads::frames::ScopeKind;
pub(crate) use threads::high_water::{self, NetMove};
pub(crate) use threads::installed::inner_name;
pub(crate) use threads::ledger::{Ledger, PUBLISH_STEP};
pub(crate) use threads::ledgers::{each_ledger, each_node, every_node};
pub(crate) use threads::left_over::OwnFigures;
pub(crate) use threads::slots::{AT_ONCE, site_in_reports};
pub(crate) use threads::thread::{CurrentThread, disable, present, retire_others, start_recording};
