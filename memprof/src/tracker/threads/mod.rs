//! Ledgers: the counters of one thread, their adoption by threads, and messages between threads.

pub(crate) mod frames;
pub(crate) mod high_water;
pub(crate) mod installed;
pub(crate) mod ledger;
pub(crate) mod ledgers;
pub(crate) mod left_over;
pub(crate) mod mailbox;
pub(crate) mod mailbox_words;
pub(crate) mod measurement_slot;
pub(crate) mod net_readings;
pub(crate) mod own_work;
pub(crate) mod published;
pub(crate) mod publishing;
pub(crate) mod registry;
pub(crate) mod slots;
pub(crate) mod test_events;
pub(crate) mod thread;
