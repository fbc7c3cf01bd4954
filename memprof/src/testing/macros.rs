//! The assertions.

/// Runs a closure and returns its value; panics unless its allocated bytes meet a limit.
///
/// `assert_allocated!(<= "64 KiB", || …)`, with `<=`, `<`, `==`, `>=` or `>`. A limit in quotes is checked when the
/// test is compiled: a number and `B`, `KB` = `KiB`, `MB` = `MiB` or `GB` = `GiB`. Without quotes it is a `u64`
/// expression in bytes. Further arguments are a message, as for [`assert!`].
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
/// If the comparison fails, with the functions that allocated most; and if [`measure`](crate::testing::measure) panics.
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

/// Runs a closure, drops its value, and panics if a block that was allocated meanwhile is still live.
///
/// Every block counts that was allocated in the measurement (see the page on [testing](crate::testing)), or moved there
/// by a reallocation, and that nobody has freed. Frees of older blocks do not compensate for it. Blocks that stay on
/// purpose, such as a cache or a thread-local that the first call fills, count as well: fill it before the measurement.
///
/// The closure's value is dropped within the measurement. Further arguments are a message, as for [`assert!`].
///
/// ```
/// # #[global_allocator]
/// # static ALLOC: memprof::AllocationTracker = memprof::AllocationTracker::system();
/// memprof::testing::assert_no_leaks!(|| vec!["a".repeat(100), "b".repeat(100)]);
/// ```
///
/// Cost: one scan of the whole live table, some milliseconds. Unless a profile has set its size, the table has capacity
/// for 100,000 live allocations and takes 21 MB of address space. From then on every allocation of the process is
/// recorded.
///
/// # Panics
/// If blocks are still live, with the functions that allocated them; with `table too small` if some allocations could
/// not be recorded; and if [`measure`](crate::testing::measure) panics.
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
