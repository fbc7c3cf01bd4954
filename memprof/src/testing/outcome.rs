//! The small things that generated code passes on.

/// How an assertion compares what was allocated with its limit.
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

/// What a test has returned. A test that has failed already says why, and is asked for nothing else.
#[derive(Debug)]
pub struct Outcome<'a, R>(pub &'a R);

impl<T, E> Outcome<'_, Result<T, E>> {
    /// Whether the test has failed by itself.
    pub fn is_failure(&self) -> bool {
        self.0.is_err()
    }
}

/// What else a test may return: the compiler takes this where the type is no `Result`.
pub trait AnyOutcome {
    /// Whether the test has failed by itself: not as far as anybody knows.
    fn is_failure(&self) -> bool {
        false
    }
}

impl<R> AnyOutcome for Outcome<'_, R> {}
