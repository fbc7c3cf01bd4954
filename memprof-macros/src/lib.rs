//! The attributes of [memprof](https://docs.rs/memprof). Use them through that crate: `memprof::track_memory`,
//! `memprof::main` and `memprof::test`.
//!
//! Order of work: `args` reads the arguments, `classify` determines the kind of item, `item` reads a function without
//! parsing its body, `returned` finds the future that a function returns, `block` splits an `impl` block, a module or a
//! trait into its functions, `validate` holds the rules, `expand` writes the new functions, and `fallback` decides what
//! the compiler still sees after an error.

mod args;
mod classify;
mod expand;
mod expected;
mod fallback;
mod item;
mod limits;
mod mistakes;
mod params;
mod returned;
mod root;
mod shorten;
mod size;
mod value;

use proc_macro::TokenStream;

/// Attributes the memory that a function allocates and deallocates to that function; on a block, does so for each
/// function in it.
///
/// Each call is a scope. It begins before the first statement of the body and ends after the body's last value is
/// dropped, however the function is left (its end, `return`, `?`, a panic). The function's signature, attributes and
/// documentation stay as they are (for an `async fn` see below), and so does its behaviour: the body is not moved into
/// a closure and nothing is boxed.
///
/// ```
/// use memprof::track_memory;
///
/// #[track_memory]
/// fn load(lines: usize) -> Vec<String> {
///     (0..lines).map(|n| format!("line {n}")).collect()
/// }
///
/// struct Index(Vec<String>);
///
/// impl Index {
///     #[track_memory(name = "build the index")]
///     fn build(lines: Vec<String>) -> Self {
///         Self(lines)
///     }
/// }
///
/// assert_eq!(Index::build(load(3)).0.len(), 3);
/// ```
///
/// # Supported items
///
/// Free functions, methods of types and of trait implementations, default methods of traits and nested functions,
/// including generic, `async`, `unsafe` and `extern "C"` ones, and functions that return a future. Also blocks, see
/// below. An item that cannot be tracked (a `const fn`, a function without a body, a type) is a compile error with
/// advice.
///
/// # Arguments
///
/// * `name = "…"`: the name in the report. The default is the function's path, `crate::module::Type::function`. Not
///   allowed on a block, whose functions each have a name.
/// * `max_allocated = "1 MiB"`, `max_peak = "4 MiB"`, `max_net = "0 B"`, `max_count = 10`: a budget, see below. With
///   `on_violation = "panic"` a call that exceeds it panics; with `"report"`, the default, it does not.
/// * `items = points.len()`, `max_per_item = "320 B"`: see [items](#items).
/// * `window = "process"`: see below.
/// * `crate = path`: the path of memprof, for programs that reach it through another crate. The default is `::memprof`.
///   On a block it applies to all functions in it, and must be valid in each: begin it with `crate::` or `::`.
/// * `skip`: leaves this function or block unchanged. Use it inside a tracked block; elsewhere it has no effect. It
///   cannot be combined with other arguments.
///
/// # Budgets
///
/// A budget limits one call: bytes allocated, peak above its start, allocated − deallocated, and number of allocations.
/// Sizes are a number and a unit (B, KB = KiB, MB = MiB, GB = GiB) and are checked by the compiler. A call that exceeds
/// a limit is counted. The worst one (by the factor by which it exceeds a limit) is kept with its figures and its
/// thread, in `functions[].violations`, in the table and in `Report::violations()`.
///
/// ```
/// use memprof::track_memory;
///
/// #[track_memory(max_allocated = "4 KiB", max_count = 2)]
/// fn squares(upto: u64) -> Vec<u64> {
///     (0..upto).map(|n| n * n).collect()
/// }
/// assert_eq!(squares(10).len(), 10);
///
/// // For tests and development: continues within its budget, and panics beyond it.
/// #[track_memory(max_net = "0 B", on_violation = "panic")]
/// fn sum(numbers: &[u64]) -> u64 {
///     numbers.to_vec().iter().sum()
/// }
/// assert_eq!(sum(&[1, 2]), 3);
/// ```
///
/// A budget applies to the call's own thread, like the per-call figures: work on other threads and in a `Context` is
/// not included. In a recursion the outermost call is checked. The panic is raised at the end of the call, from the
/// last poll of a future; never while the thread is unwinding, and never from the drop of a future. With `enabled =
/// false` nothing is checked. A budget adds about ten instructions to a call.
///
/// # Items
///
/// `items = …` is an expression of type `usize`, the number of items that a call works on: vectors, rows, requests. The
/// function's row then has bytes per item, in `functions[].items`: allocated and retained as the sums divided by all
/// items, and the largest peak of a call divided by its items.
///
/// ```
/// use memprof::track_memory;
///
/// #[track_memory(items = points.len(), max_per_item = "320 B")]
/// fn index(points: &[[f32; 64]]) -> Vec<Vec<f32>> {
///     points.iter().map(|point| point.to_vec()).collect()
/// }
/// assert_eq!(index(&[[0.5; 64]; 10]).len(), 10);
/// ```
///
/// The expression is evaluated once, at the beginning of the call: inside its scope, after the parameters are bound, in
/// an `async fn` at the first poll. It can use every parameter. In a function that returns a future it is evaluated
/// when the future is made, and counts from the first poll on. `memprof::items(n)` in the body adds items that are
/// known later. In a recursion the items of the outermost call alone count.
///
/// `max_per_item = "320 B"` is a budget, as above, on a call's net (allocated − deallocated) divided by its items. A
/// call without items has no such limit.
///
/// Cost: some tens of nanoseconds a call. A future grows by 8 more bytes. Other functions pay nothing.
///
/// # Windows
///
/// If a function hands work to threads that you cannot change, `window = "process"` also records how much the whole
/// process allocated and deallocated between the start and the end of each call. This includes the function's own work,
/// work done for it on other threads, and unrelated work. The figures have their own fields (`functions[].window`) and
/// are in no sum; calls that overlap count the same bytes each. Cost: for each call, two walks over all call paths of
/// all threads, a few nanoseconds for each path. So it is for functions that run for milliseconds. The future of an
/// `async fn` grows by 16 more bytes.
///
/// ```
/// use memprof::track_memory;
///
/// #[track_memory(window = "process")]
/// fn build(lists: &[Vec<u64>]) -> Vec<u64> {
///     std::thread::scope(|threads| {
///         let sums: Vec<_> = lists.iter().map(|list| threads.spawn(|| list.iter().sum())).collect();
///         sums.into_iter().filter_map(|sum| sum.join().ok()).collect()
///     })
/// }
/// assert_eq!(build(&[vec![1, 2], vec![3]]), [3, 3]);
/// ```
///
/// # Whole blocks
///
/// On `impl Type { … }`, `impl Trait for Type { … }`, `trait Trait { … }` and `mod name { … }` the attribute tracks
/// every function in the block that has a body, as if it stood on each: methods, default methods of a trait, and the
/// functions, `impl` blocks, traits and modules in a module.
///
/// ```
/// use memprof::track_memory;
///
/// struct Index(Vec<String>);
///
/// #[track_memory]
/// impl Index {
///     fn build(lines: Vec<String>) -> Self {
///         Self(lines)
///     }
///
///     #[track_memory(name = "look up")]
///     fn find(&self, line: &str) -> Option<usize> {
///         self.0.iter().position(|other| other == line)
///     }
///
///     #[track_memory(skip)]
///     fn len(&self) -> usize {
///         self.0.len()
///     }
/// }
///
/// let index = Index::build(vec!["a".into(), "b".into()]);
/// assert_eq!((index.find("b"), index.len()), (Some(1), 2));
/// ```
///
/// * A function or block inside that has its own `#[track_memory]` keeps it, also through `cfg_attr`. The attribute is
///   recognized by this name only: if it is imported under another one (`use memprof::track_memory as track`), it is
///   not recognized.
/// * Functions that cannot be tracked are skipped: `const fn`, naked, variadic and foreign functions, functions without
///   a body, functions that return a boxed future which they did not create, and in a module the `impl` of a
///   `GlobalAlloc`, whose functions run inside each allocation. Functions nested in functions, and those that a macro
///   in the block generates, are not tracked: put the attribute on them.
/// * A trait in which no method has a body is an error: its implementations do the work. So is `mod name;`, also inside
///   the block: the compiler does not pass the contents of its file to this attribute.
/// * Each tracked function has the cost below, however small it is: skip accessors that are called in tight loops.
///
/// # Parameters
///
/// Parameters are dropped in Rust's order. A parameter that is a plain name (`rows: Vec<f32>`, `mut rows: Vec<f32>`) is
/// dropped inside the scope, as a part of the function. **`self` by value, patterns (`(a, b): (A, B)`, `_: A`) and the
/// parameters before a pattern are dropped just after the scope**, so the memory that they free is attributed to the
/// caller. To attribute it to the function, move the parameter into a local first: `let this = self;`.
///
/// In an `async fn`, `self` by value and patterns are dropped in the scope too, as is the future itself.
///
/// # Async functions
///
/// The future enters the scope each time it is polled and once more when it is dropped, on any thread. It is one call,
/// from its first poll to its completion or drop. A future that was never polled is not a call, but its contents are
/// still deallocated in the scope.
///
/// The future is neither copied nor boxed, and at most 64 bytes larger than without the attribute, whatever the
/// arguments (plus the alignment, if it is more than 64 bytes; plus the window's data, with `window = "process"`). For
/// this, the `async fn` is rewritten into the function that the compiler makes of it, `fn f(…) -> impl Future<Output =
/// T>`, with the same captured lifetimes, and documentation shows it in this form. It stays an `async fn`, and its
/// future grows by the size of its arguments as well, in these cases:
///
/// * it returns `!`;
/// * it has `#[must_use]` or `#[expect(…)]`, which have another meaning on a function that is not `async`, unless its
///   output contains an `impl Trait`;
/// * another attribute macro stands below this one, on the function (`#[tokio::test]`) or on a block around it
///   (`#[async_trait]`), because it may require an `async fn`. For `#[cfg_attr(…)]` the attributes inside count.
///
/// In such a function `self` by value, patterns, and all arguments of a future that was never polled are dropped
/// outside of the scope.
///
/// A tracked future adds one level of types. If `async fn`s await each other more than 30 levels deep (40 without the
/// attribute), the compiler asks for `#![recursion_limit = "256"]` at the top of the crate.
///
/// # Functions that return a future
///
/// In a function that is not `async` and returns `impl Future<…> + …` the last expression is the call. The statements
/// before it create the future; they belong to the caller, who runs them.
///
/// ```
/// use std::pin::Pin;
///
/// use memprof::track_memory;
///
/// #[track_memory]
/// fn fetch(url: &str) -> impl Future<Output = usize> + use<> {
///     let url = format!("https://{url}/"); // attributed to the caller
///     async move { url.into_bytes().len() } // attributed to `fetch`, when it is polled
/// }
///
/// #[track_memory]
/// fn fetch_boxed(url: String) -> Pin<Box<dyn Future<Output = usize> + Send>> {
///     Box::pin(async move { url.into_bytes().len() })
/// }
/// ```
///
/// If the type is `Pin<Box<dyn Future<…>>>` by any path, `BoxFuture` or `LocalBoxFuture`, the last expression must be
/// `Box::pin(…)`, `….boxed()` or `….boxed_local()`, or an `if`, a `match` or a block that ends in these: the future is
/// tracked inside its box. Anything else, such as a box that another function created, is a compile error; in a tracked
/// block such a function is skipped. The same applies to the values of `return`, unless a macro wrote the `return`.
/// Aliases of the type are not recognized: with `type Reply = Pin<Box<…>>` only the creation of the future is
/// attributed.
///
/// Apart from `Future`, the tracked future implements `Send`, `Sync`, `Unpin`, `UnwindSafe` and `Debug` if the future
/// in it does, and no other trait. Another bound on the output (`+ FusedFuture`), or another trait called `Future`, is
/// a compile error; in a tracked block such a function is skipped. Traits whose names end in `Send`, `Sync` or
/// `Captures` are assumed to be implemented by every type.
///
/// The methods of `#[async_trait]` are such functions, so the attribute works on the method in the block, and on the
/// block above `#[async_trait]` or below it. Below it, or on a method, the future does not store the arguments twice.
///
/// # Cost
///
/// Without memprof's feature `profiling` the function or block is left unchanged after the checks. With it, a call
/// costs entering and leaving a scope. In a debug build a parameter that is a plain name is also moved once more, which
/// takes its size again on the stack. A future grows as described above.
///
/// A tracked function has work to do after its last call, so that call is not a tail call. A recursion of 1,000,000
/// levels that release builds turn into a loop overflows the stack if the function is tracked: track its caller
/// instead.
///
/// To lints, coverage and debuggers the function looks as written; the differences are listed in [the
/// guarantees](https://docs.rs/memprof/latest/memprof/guarantees/).
#[proc_macro_attribute]
pub fn track_memory(args: TokenStream, item: TokenStream) -> TokenStream {
    expand::track_memory(args.into(), item.into(), expand::Build::this()).into()
}

/// Profiles the whole program: installs the tracker as the global allocator, reads the configuration, starts the
/// profile before the body of `main` and writes the report after it.
///
/// The report is written for every return type of `main`: `()`, a `Result`, an `ExitCode`, `!` or any other `impl
/// Termination`.
///
/// ```no_run
/// #[memprof::main]
/// fn main() {
///     println!("{}", vec![1, 2, 3].len());
/// }
/// ```
///
/// # Line numbers
///
/// Cargo's default release profile has no debug information: stacks in `memory_leaks.txt` then contain function names,
/// but no files, no lines and no inlined functions. In the program's `Cargo.toml`:
///
/// ```toml
/// [profile.release]
/// debug = "line-tables-only"
/// ```
///
/// # Async programs
///
/// The attribute works above and below the runtime's attribute. Either way the profile starts before the runtime and
/// the report is written after it has shut down, so that the data of the tasks is deallocated by then.
///
/// ```ignore
/// #[memprof::main]
/// #[tokio::main]
/// async fn main() {
///     serve().await;
/// }
/// ```
///
/// # Arguments
///
/// * `allocator = system`: the allocator that the tracker forwards to: `system` (the default), `jemalloc` (with
///   memprof's feature of that name), the path of a static that is a `GlobalAlloc` (`allocator = crate::ARENA`), or
///   `none` for programs that install an `AllocationTracker` themselves.
/// * `config = "…"`: the configuration file. By default a `memory_profile.toml` is searched for.
/// * `crate = path`: the path of memprof. The default is `::memprof`.
///
/// # Cost
///
/// Without memprof's feature `profiling`, `main` is left unchanged after the checks, and no allocator is installed.
#[proc_macro_attribute]
pub fn main(args: TokenStream, item: TokenStream) -> TokenStream {
    expand::main(args.into(), item.into(), expand::Build::this()).into()
}

/// A test whose memory is measured and checked against limits.
///
/// ```no_run
/// #[memprof::test(max_allocated = "64 KiB", max_peak = "32 KiB", max_count = 100, no_leaks)]
/// fn a_small_thing_stays_small() {
///     assert_eq!(vec![1u8; 1024].len(), 1024);
/// }
/// ```
///
/// It makes the function a `#[test]`, unless an attribute below it does (one whose last name is `test`). Omit
/// `#[test]`, or put it below. Above, it expands first and the test is registered twice. It works with
/// `#[should_panic]`, `#[ignore]` and tests that return a `Result`. A test that fails by itself fails with its own
/// message. The tracker has to be installed in the test binary: see
/// [memprof::testing](https://docs.rs/memprof/latest/memprof/testing/), which also describes what a measurement
/// includes.
///
/// # Arguments
///
/// * `max_allocated = "64 KiB"`: most bytes that the test may allocate in all. A size is a number and `B`, `KB` =
///   `KiB`, `MB` = `MiB` or `GB` = `GiB`, and is checked when the test is compiled.
/// * `max_peak = "1 MiB"`: highest peak of its thread above the start of the test.
/// * `max_net = "0 B"`: most bytes that may remain at the end: allocated − deallocated.
/// * `max_count = 10`: most blocks that it may allocate, including reallocations.
/// * `no_leaks`: no block that was allocated in the test may be live at its end, including its return value.
/// * `repeat = 50`, `growth = 0`: runs the body many times; see [loops](#loops).
/// * `crate = path`: the path of memprof. The default is `::memprof`.
///
/// Without a limit the test prints its figures, from which limits can be chosen: `cargo test -- --show-output`.
///
/// # Loops
///
/// `repeat = 50` runs the body 50 times and fails if live memory grows from turn to turn by more than `growth` bytes (a
/// number, or a size in quotes; the default is 0). `no_leaks` finds what one run leaves behind; a loop passes what is
/// left once and kept: lazy statics, thread-locals, caches.
///
/// ```no_run
/// #[memprof::test(repeat = 50, growth = 0)]
/// fn a_query_leaves_nothing_behind() {
///     assert_eq!("a b".split(' ').map(str::to_owned).collect::<Vec<_>>().len(), 2);
/// }
/// ```
///
/// The bytes that are live after a turn decide: those of the blocks that the turns allocated and nobody has freed. They
/// are counted after eight turns of each half, among them the first and the last one, and after each further turn.
///
/// 1. The first half of the turns warms up. The test passes if live memory did not grow in the second half.
/// 2. Else the body runs as many times again: 50 more turns, with all of the first ones as the warm-up. A cache that
///    was still filling has stopped by then; a vector that doubles its capacity grows again. The test fails if live
///    memory grew in these turns, too.
///
/// Live memory *grows* if both its highest and its lowest figure rise above those of the turns before, by more than
/// `growth` for each turn: a figure that only varies does not grow. A cache that needs more than `repeat` turns to fill
/// needs a larger `repeat`. A body that prints grows the buffer in which the test harness captures its output, unless
/// it runs with `--nocapture`. The failure names each function that holds more, with its line and its bytes a turn:
///
/// ```text
/// memprof: live memory grows by 64 bytes a turn (3.1 KB (3,200 bytes) in the last 50 of 100 turns); growth is 0 bytes
///   64 bytes a turn, 50 more blocks  shop::keep (src/shop.rs:12)
/// ```
///
/// The other limits apply to each turn, the first one too, and end the test in the turn that exceeds them, as does a
/// turn that fails by itself. An async test gets a new runtime for each turn, unless the attribute of its runtime keeps
/// the test async. On a multi-thread runtime growth cannot be checked, as for `no_leaks`. A test with parameters cannot
/// be repeated.
///
/// # Async tests
///
/// The attribute can stand above or below `#[tokio::test]`, or any other runtime's attribute whose last name is `test`:
/// both mean the same, because this attribute moves itself below that one. The runtime and the tasks on the test's
/// thread are measured, too.
///
/// With a multi-thread runtime, tasks run on other threads, outside of the measurement. The test prints how much these
/// allocated meanwhile ("7.4 KB by other threads"), including other such tests that run at the same time, and
/// `no_leaks` fails if it is not 0: use the current-thread runtime, or give the tasks a `Context` of the test.
///
/// # Cost
///
/// Without memprof's feature `profiling` the function is a plain test after the checks. With it, the start and the end
/// of the measurement cost some microseconds, with `no_leaks` some milliseconds, and with `repeat` some milliseconds
/// for each turn. Without the feature the body runs once, with `repeat` too.
#[proc_macro_attribute]
pub fn test(args: TokenStream, item: TokenStream) -> TokenStream {
    expand::test(args.into(), item.into(), expand::Build::this()).into()
}

/// The bytes of a size in quotes. For memprof's own macros.
#[doc(hidden)]
#[proc_macro]
pub fn size(tokens: TokenStream) -> TokenStream {
    expand::number_of_bytes(tokens.into()).into()
}

/// The shortened text of files. For memprof's own pages.
#[doc(hidden)]
#[proc_macro]
pub fn shortened(arguments: TokenStream) -> TokenStream {
    shorten::files(arguments.into()).into()
}
