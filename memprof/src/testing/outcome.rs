//! Small types that generated code passes on.

/// Comparison of allocated bytes with a limit.
#[derive(Clone, Copy, Debug)]
pub enum Compare {
    /// `<=`
    AtMost,
    /// `<`
    Below,
    /// `==`
    Exactly,
    /// `>=`
    AtLeast,
    /// `>`
    Above,
}

#[cfg(feature = "profiling")]
impl Compare {
    pub(super) fn holds(self, figure: u64, limit: u64) -> bool {
        match self {
            Self::AtMost => figure <= limit,
            Self::Below => figure < limit,
            Self::Exactly => figure == limit,
            Self::AtLeast => figure >= limit,
            Self::Above => figure > limit,
        }
    }

    pub(super) fn words(self) -> &'static str {
        match self {
            Self::AtMost => "at most",
            Self::Below => "less than",
            Self::Exactly => "exactly",
            Self::AtLeast => "at least",
            Self::Above => "more than",
        }
    }
}

/// Value of a test. A test that has already failed by itself gets no further message.
#[derive(Debug)]
pub struct Outcome<'a, R>(pub &'a R);

impl<T, E> Outcome<'_, Result<T, E>> {
    /// True if the test has failed by itself.
    pub fn is_failure(&self) -> bool {
        self.0.is_err()
    }
}

/// Any other value of a test: the compiler chooses this trait if the type is no `Result`.
pub trait AnyOutcome {
    /// True if the test has failed by itself: always false, because the type does not tell.
    fn is_failure(&self) -> bool {
        false
    }
}

impl<R> AnyOutcome for Outcome<'_, R> {}
