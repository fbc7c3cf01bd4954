//! Files without usable names.

/// Reason why a file gives no names.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Unread {
    /// Missing, or in an unknown format.
    Unreadable,
    /// Another build has replaced it since it was loaded.
    #[cfg_attr(target_vendor = "apple", allow(dead_code, reason = "not looked at there"))]
    Replaced,
}
