//! Scopes as the user's program sees them: guards for functions and blocks, and futures that open one on each poll.

mod future;
mod guard;

pub use future::Tracked;
pub use guard::{Guard, enter, enter_block};
