//! Sums of figures.

/// Adds fields of a row to those of a sum. Sums stay at the limit of their type.
macro_rules! add_fields {
    ($sum:expr, $row:expr, $($field:ident)*) => {
        $($sum.$field = $sum.$field.saturating_add($row.$field);)*
    };
}

/// Adds optional fields of a row to those of a sum: unknown once one is unknown.
macro_rules! add_known_fields {
    ($sum:expr, $row:expr, $($field:ident)*) => {
        $($sum.$field = $crate::report::compare::merge::numbers::known_sum($sum.$field, $row.$field);)*
    };
}

pub(super) use {add_fields, add_known_fields};

/// The sum of two figures; unknown if one is.
pub(super) fn known_sum(one: Option<u64>, other: Option<u64>) -> Option<u64> {
    one.zip(other).map(|(one, other)| one.saturating_add(other))
}

/// Allocated − deallocated, within the limits of `i64`.
pub(super) fn net(allocated: u64, deallocated: u64) -> i64 {
    super::super::split::clamped(i128::from(allocated) - i128::from(deallocated))
}

/// The smaller of two figures, of which each can be missing.
pub(super) fn least(one: Option<f64>, other: Option<f64>) -> Option<f64> {
    match (one, other) {
        (Some(one), Some(other)) => Some(one.min(other)),
        (one, other) => one.or(other),
    }
}

/// A value that all reports share, as far as they were added.
#[derive(Clone, Debug, Default)]
pub(super) enum Shared<T> {
    /// No report was added.
    #[default]
    Unset,
    Same(T),
    Different,
}

impl<T: PartialEq> Shared<T> {
    pub(super) fn add(&mut self, value: T) {
        match self {
            Self::Unset => *self = Self::Same(value),
            Self::Same(known) if *known == value => {}
            Self::Same(_) | Self::Different => *self = Self::Different,
        }
    }

    pub(super) fn is_different(&self) -> bool {
        matches!(self, Self::Different)
    }

    /// The value. `None` if the reports differ.
    pub(super) fn into_value(self) -> Option<T> {
        match self {
            Self::Same(value) => Some(value),
            Self::Unset | Self::Different => None,
        }
    }
}
