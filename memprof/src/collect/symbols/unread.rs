//! Files that give no names.

/// The reason why a file gives no names.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Unread {
    /// It is missing, or in no form that is known.
    Unreadable,
    /// Another build has taken its place since it was loaded.
    #[cfg_attr(target_vendor = "apple", allow(dead_code, reason = "not looked at there"))]
    Replaced,
}
