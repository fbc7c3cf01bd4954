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

/// Runs a closure and returns its value; panics if its memory exceeds that in a file of the package.
///
/// `assert_baseline!("name", || …)`. The name is one of the module; the file is `memprof_baselines/MODULE__NAME.toml`
/// in the package. It has the allocated bytes and blocks, the peak and the net of the closure, as
/// [`measure`](crate::testing::measure) gives them. Further arguments are a message, as for [`assert!`].
///
/// The assertion fails if one of the bytes grows by more than 5 % and more than 1 KB, or the blocks by more than 5 %
/// and more than 64. Less is no failure. With the environment variable `MEMPROF_BLESS=1` it writes the file instead and
/// does not fail.
///
/// ```
/// # #[global_allocator]
/// # static ALLOC: memprof::AllocationTracker = memprof::AllocationTracker::system();
/// # let folder = std::env::temp_dir().join(format!("memprof-baseline-{}", std::process::id()));
/// # // SAFETY: no other thread runs.
/// # unsafe { std::env::set_var("CARGO_MANIFEST_DIR", &folder); std::env::set_var("MEMPROF_BLESS", "1") };
/// let words = memprof::testing::assert_baseline!("two words", || vec!["a".repeat(100), "b".repeat(100)]);
/// assert_eq!(words.len(), 2);
/// # assert!(std::fs::read_dir(folder.join("memprof_baselines"))?.count() == 1);
/// # std::fs::remove_dir_all(folder)?;
/// # Ok::<(), std::io::Error>(())
/// ```
///
/// ```text
/// memprof: `two words` exceeds its baseline /home/me/shop/memprof_baselines/shop__tests__two_words.toml
///   allocated 248 → 4,344 bytes, +4.0 KB (+1651.61 %); limit +5 % and +1 KB
/// allocated now:
///   4.0 KB (4,096 bytes) in 1 block  shop::grow (src/shop.rs:12)
///   248 bytes in 3 blocks  (outside tracked functions)
/// if that is meant, run the test with MEMPROF_BLESS=1
/// ```
///
/// # Panics
/// If a figure exceeds the file's, with the functions that allocated most; if there is no file, or it cannot be read or
/// written; and if [`measure`](crate::testing::measure) panics.
#[doc(hidden)]
#[macro_export]
macro_rules! __assert_baseline {
    ($name:expr, $work:expr $(,)?) => { $crate::__assert_baseline!($name, $work, "") };
    ($name:expr, $work:expr, $($message:tt)+) => {
        match $crate::__private::testing::baseline(
            $crate::__private::testing::BaselineOf {
                name: $name,
                module: $crate::__private::module_path!(),
                package: $crate::__private::option_env!("CARGO_MANIFEST_DIR"),
            },
            $work,
        ) {
            (value, $crate::__private::Option::None) => value,
            (_, $crate::__private::Option::Some(failure)) => {
                failure.panic($crate::__private::format_args!($($message)+))
            }
        }
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
