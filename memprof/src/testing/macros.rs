//! The assertions.

/// Runs a closure, and fails unless what it allocates compares with a limit as said. Gives the closure's value.
///
/// `assert_allocated!(<= "64 KiB", || …)`, with `<=`, `<`, `==`, `>=` or `>`. A limit in quotes is checked when the test is
/// compiled: a number and `B`, `KB` = `KiB`, `MB` = `MiB` or `GB` = `GiB`. Without quotes it is an expression, a `u64` of
/// bytes. More arguments are a message, as for [`assert!`].
///
/// ```
/// # #[global_allocator]
/// # static ALLOC: memprof::AllocationTracker = memprof::AllocationTracker::system();
/// use memprof::testing::assert_allocated;
///
/// let words = assert_allocated!(<= "1 KiB", || vec!["a".repeat(100), "b".repeat(100)]);
/// assert_eq!(words.len(), 2);
/// assert_allocated!(== 0, || words.len(), "counting {} words", words.len());
/// ```
///
/// # Panics
/// Where it does not compare so, with the functions that allocated most; and where [`measure`](crate::testing::measure)
/// does.
#[doc(hidden)]
#[macro_export]
macro_rules! __assert_allocated {
    (@ $compare:ident, $limit:expr, $work:expr, $($message:tt)*) => {
        match $crate::__private::testing::allocated(
            $crate::__private::testing::Compare::$compare,
            $crate::__private::size!($limit),
            $work,
        ) {
            (value, $crate::__private::Option::None) => value,
            (_, $crate::__private::Option::Some(failure)) => {
                failure.panic($crate::__private::format_args!($($message)*))
            }
        }
    };
    (<= $limit:expr, $work:expr $(,)?) => { $crate::__assert_allocated!(@ AtMost, $limit, $work, "") };
    (<= $limit:expr, $work:expr, $($message:tt)+) => { $crate::__assert_allocated!(@ AtMost, $limit, $work, $($message)+) };
    (< $limit:expr, $work:expr $(,)?) => { $crate::__assert_allocated!(@ Below, $limit, $work, "") };
    (< $limit:expr, $work:expr, $($message:tt)+) => { $crate::__assert_allocated!(@ Below, $limit, $work, $($message)+) };
    (== $limit:expr, $work:expr $(,)?) => { $crate::__assert_allocated!(@ Exactly, $limit, $work, "") };
    (== $limit:expr, $work:expr, $($message:tt)+) => { $crate::__assert_allocated!(@ Exactly, $limit, $work, $($message)+) };
    (>= $limit:expr, $work:expr $(,)?) => { $crate::__assert_allocated!(@ AtLeast, $limit, $work, "") };
    (>= $limit:expr, $work:expr, $($message:tt)+) => { $crate::__assert_allocated!(@ AtLeast, $limit, $work, $($message)+) };
    (> $limit:expr, $work:expr $(,)?) => { $crate::__assert_allocated!(@ Above, $limit, $work, "") };
    (> $limit:expr, $work:expr, $($message:tt)+) => { $crate::__assert_allocated!(@ Above, $limit, $work, $($message)+) };
    ($($other:tt)*) => {
        $crate::__private::compile_error!(
            "write a comparison, a limit and a closure: `assert_allocated!(<= \"64 KiB\", || …)`"
        )
    };
}

/// Runs a closure, drops what it returns, and fails if a block that was allocated meanwhile is still live.
///
/// What counts is each block that was allocated in the measurement (see the page on [testing](crate::testing)), or moved there
/// by a reallocation, that nobody has freed: frees of older blocks do not make up for it. What stays on purpose, such as a
/// cache or a thread-local that is filled by the first call, counts: fill it before.
///
/// The closure's value is dropped within the measurement. More arguments are a message, as for [`assert!`].
///
/// ```
/// # #[global_allocator]
/// # static ALLOC: memprof::AllocationTracker = memprof::AllocationTracker::system();
/// memprof::testing::assert_no_leaks!(|| vec!["a".repeat(100), "b".repeat(100)]);
/// ```
///
/// Cost: one look at the whole live table, some milliseconds. Where no profile has set its size it has room for 100,000
/// live allocations, 21 MB of address space; from then on every allocation of the process is tracked.
///
/// # Panics
/// Where blocks are still live, with the functions that allocated them; with `table too small` where not all that were
/// allocated could be tracked; and where [`measure`](crate::testing::measure) does.
#[doc(hidden)]
#[macro_export]
macro_rules! __assert_no_leaks {
    ($work:expr $(,)?) => { $crate::__assert_no_leaks!($work, "") };
    ($work:expr, $($message:tt)+) => {
        if let $crate::__private::Option::Some(failure) = $crate::__private::testing::leaks($work) {
            failure.panic($crate::__private::format_args!($($message)+))
        }
    };
}
