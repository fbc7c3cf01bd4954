//! Where there are no signals.

/// There is none.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Signal {}

impl Signal {
    pub(crate) fn named(_name: &str) -> Option<Signal> {
        None
    }

    pub(crate) fn name(self) -> &'static str {
        match self {}
    }

    pub(crate) fn is_programs(self) -> bool {
        match self {}
    }

    pub(crate) fn is_ignored(self) -> bool {
        match self {}
    }

    pub(crate) fn has_default_action(self) -> bool {
        match self {}
    }

    pub(crate) fn act_by_default(self) {
        match self {}
    }

    pub(crate) fn catch(self) -> bool {
        match self {}
    }
}

pub(crate) fn expect_thread(_is_there: bool) {}

pub(crate) fn refuse(_signals: &[Signal]) {}

pub(crate) fn stop() {}

pub(crate) fn is_end_near() -> bool {
    false
}

pub(crate) fn is_waiting() -> bool {
    false
}

pub(crate) fn come() -> impl Iterator<Item = (Signal, bool)> {
    std::iter::empty()
}
