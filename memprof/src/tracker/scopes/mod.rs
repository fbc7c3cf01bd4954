//! Scopes: opening and closing of calls, blocks, polls and contexts, in any order and on any thread.

pub(crate) mod check_limits;
pub(crate) mod context;
pub(crate) mod enter_exit;
pub(crate) mod items;
pub(crate) mod kept;
pub(crate) mod other_thread;
pub(crate) mod out_of_order;
pub(crate) mod reporting;
pub(crate) mod unheard;
pub(crate) mod within;
pub(crate) mod work;
