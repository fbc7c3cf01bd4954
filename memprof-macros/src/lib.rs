//! The attributes of [memprof](https://docs.rs/memprof). Use them from there: `memprof::track_memory` and
//! `memprof::main`.
//!
//! The way of an attribute through this crate: `args` reads its arguments, `classify` says what it was put on, `item`
//! reads a function without parsing its body, `returned` looks in it for the future that a function returns, `block`
//! takes an `impl` block, a module or a trait apart as far as the functions in it, `validate` holds the rules, `expand`
//! writes the new functions, and `fallback` decides what the compiler still gets to see when something was wrong.

mod args;
mod classify;
mod expand;
mod expected;
mod fallback;
mod item;
mod mistakes;
mod params;
mod returned;
mod root;
mod size;
mod value;
mod watch;

use proc_macro::TokenStream;

/// Charges what a function allocates and frees to that function; on a block, for each function in it.
///
/// Each call is a scope: it begins before the first statement of the body and ends after the last value of the body
/// is gone, on every way out (the end, `return`, `?`, a panic). The function's signature, its attributes and its
/// documentation stay as they are (of an `async fn` see below), and so does its behaviour: the body is not moved into a
/// closure and nothing is boxed.
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
/// # Where it can stand
///
/// On free functions, on methods of types and of trait implementations, on default methods of traits and on nested
/// functions; generic, `async`, `unsafe` or `extern "C"` ones too, and on functions that return a future. What cannot
/// be tracked (a `const fn`, a function without a body, a type) is a compile error that says what to do instead. And on
/// blocks, see below.
///
/// # Arguments
///
/// * `name = "…"`: the name in the report. Without it the name is the function's path, `crate::module::Type::function`.
///   Not on a block: its functions each have a name.
/// * `max_allocated = "1 MiB"`, `max_peak = "4 MiB"`, `max_net = "0 B"`, `max_count = 10`: a budget, see below.
///   `on_violation = "panic"` makes a call beyond it panic; `"report"`, the default, does not.
/// * `window = "process"`: see below.
/// * `crate = path`: where memprof is found, for programs that reach it through another crate. Without it `::memprof`.
///   On a block it holds for all functions in it, and must be right where these stand: begin it with `crate::` or `::`.
/// * `skip`: leaves this function or block as it was. It is for what stands in a tracked block, alone it changes
///   nothing. No other argument stands beside it.
///
/// # Budgets
///
/// A budget says what one call may do at most: bytes allocated, peak above its start, allocated − freed, and number of
/// allocations. Sizes are a number and a unit (B, KB = KiB, MB = MiB, GB = GiB) and are checked by the compiler. A call
/// beyond a limit is counted, and the worst one (furthest beyond a limit, by its factor) is kept with its figures and
/// its thread: in `functions[].violations`, in the table, in `Report::violations()`.
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
/// // For tests and development: goes on where it keeps to its budget, and panics where it does not.
/// #[track_memory(max_net = "0 B", on_violation = "panic")]
/// fn sum(numbers: &[u64]) -> u64 {
///     numbers.to_vec().iter().sum()
/// }
/// assert_eq!(sum(&[1, 2]), 3);
/// ```
///
/// What is held against it is what the call did on its own thread, as the per-call figures have it: work on other
/// threads and in a `Context` is not in it, and of a recursion the outermost call counts. The panic comes when the call
/// is over, from the last poll of a future; never while the thread is unwinding, and never from the drop of a future.
/// Where `enabled = false` nothing is checked. A budget costs a call some ten instructions more.
///
/// # Windows
///
/// Where a function gives work to threads that one cannot change, `window = "process"` also notes what the whole
/// process allocated and freed between the start and the end of each call: the function's own work, what others did for
/// it, and what they did besides. It stands in columns of its own (`functions[].window`) and is in no sum; calls that
/// overlap count the same bytes each. Cost: two walks over all call paths of all threads for each call, a few
/// nanoseconds each, so it is for functions that run for milliseconds. The future of an `async fn` grows by 16 bytes
/// more.
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
/// every function in the block that has a body, as if it stood on each: methods, default methods of a trait, and in a
/// module its functions, its `impl` blocks, its traits and the modules in it.
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
/// * A function or block inside with a `#[track_memory]` of its own keeps that, also through `cfg_attr`. The block
///   knows the attribute by this name: imported under another one (`use memprof::track_memory as track`) it is not
///   seen.
/// * What cannot be tracked is passed over: `const fn`, naked and variadic functions, foreign functions, functions
///   without a body, functions that return a future in a box which they did not make, and in a module the `impl` of a
///   `GlobalAlloc`, whose functions run inside each allocation. Functions within functions and those that a macro in
///   the block makes are not tracked: put the attribute on them.
/// * A trait in which no method has a body is an error: it is the implementations that do the work. `mod name;` is one
///   too, also within the block: the compiler shows this attribute nothing of its file.
/// * A tracked function costs what is said below, however small it is: skip accessors that are called in tight loops.
///
/// # Parameters
///
/// Parameters are dropped in the order in which Rust drops them. A parameter that is a plain name (`rows: Vec<f32>`,
/// `mut rows: Vec<f32>`) is dropped inside the scope, as a part of the function. **`self` by value, patterns (`(a, b):
/// (A, B)`, `_: A`) and the parameters in front of a pattern are dropped just after the scope**, so what they free is
/// charged to the caller. To charge it to the function, move it into a local first: `let this = self;`.
///
/// `self` by value and patterns of an `async fn` are dropped in the scope too, as is the future itself.
///
/// # Async functions
///
/// The future enters the scope each time it is polled and once more when it is dropped, on whatever thread that is. It
/// is one call, from its first poll to its end or drop; a future that was never polled is none, but what it holds is
/// freed in the scope all the same.
///
/// The future is neither copied nor boxed, and at most 64 bytes larger than without the attribute, whatever the
/// arguments (by the alignment, where something in it asks for one beyond 64 bytes; by what the window remembers, with
/// `window = "process"`). For this the compiler gets to see the function that it makes of an `async fn` itself, `fn
/// f(…) -> impl Future<Output = T>`, with the same lifetimes captured, and documentation shows it so. An `async fn`
/// stays one, and its future grows by the size of its arguments more, where something else asks for it:
///
/// * it returns `!`;
/// * it has `#[must_use]` or `#[expect(…)]`, which say other things of a function that is not `async`, unless its
///   output has an `impl Trait` in it;
/// * another attribute macro stands below this one, on the function (`#[tokio::test]`) or on a block around it
///   (`#[async_trait]`), since it may look for an `async fn`. Of `#[cfg_attr(…)]` the attributes in it count.
///
/// Of such a function `self` by value, patterns, and all arguments of a future that was never polled are dropped
/// outside of the scope.
///
/// A tracked future is one level of types more than an untracked one. Where `async fn`s await one another more than 30
/// deep (40 without the attribute), the compiler asks for `#![recursion_limit = "256"]` at the top of the crate.
///
/// # Functions that return a future
///
/// In a function that is not `async` and returns `impl Future<…> + …` the last expression is the call. The statements
/// before it make the future; they belong to the caller, who runs them.
///
/// ```
/// use std::pin::Pin;
///
/// use memprof::track_memory;
///
/// #[track_memory]
/// fn fetch(url: &str) -> impl Future<Output = usize> + use<> {
///     let url = format!("https://{url}/"); // charged to the caller
///     async move { url.into_bytes().len() } // charged to `fetch`, when it is polled
/// }
///
/// #[track_memory]
/// fn fetch_boxed(url: String) -> Pin<Box<dyn Future<Output = usize> + Send>> {
///     Box::pin(async move { url.into_bytes().len() })
/// }
/// ```
///
/// Where the type is `Pin<Box<dyn Future<…>>>` by any path, `BoxFuture` or `LocalBoxFuture`, the last expression must
/// be `Box::pin(…)`, `….boxed()` or `….boxed_local()`, or an `if`, a `match` or a block that ends in these: the future
/// is tracked within its box. Anything else, such as a box that another function made, is a compile error, and in a
/// tracked block such a function is passed over. What the function gives to `return` is treated alike, unless a macro
/// wrote the `return`. Other names for the type are not recognised: with `type Reply = Pin<Box<…>>` only the making of
/// the future is charged.
///
/// Beyond `Future`, the tracked future is `Send`, `Sync`, `Unpin`, `UnwindSafe` and `Debug` where the future in it is,
/// and nothing else. Another bound on the output (`+ FusedFuture`), or another trait called `Future`, is a compile
/// error, and in a tracked block such a function is passed over. Traits whose names end in `Send`, `Sync` or `Captures`
/// are taken for ones that every type has.
///
/// The methods of `#[async_trait]` are of this kind, so the attribute works on the method in the block, on the block
/// above `#[async_trait]` and below it. Below it, or on a method, the future has no second room for the arguments.
///
/// # Cost
///
/// Without memprof's feature `profiling` the function or block is left exactly as it was, after the checks. With it a
/// call costs entering and leaving a scope; in a debug build a parameter that is a plain name is also moved once more,
/// which takes its size again on the stack. A future grows as said above.
///
/// A tracked function has something to do after its last call, so that call is no tail call. A recursion 1,000,000 deep
/// that release builds turn into a loop overflows the stack when the function is tracked: track the function that calls
/// it.
///
/// To lints, coverage and debuggers the function looks as written; what differs stands in
/// [what is promised](https://docs.rs/memprof/latest/memprof/guarantees/).
#[proc_macro_attribute]
pub fn track_memory(args: TokenStream, item: TokenStream) -> TokenStream {
    expand::track_memory(args.into(), item.into(), expand::Build::this()).into()
}

/// Profiles the whole program: installs the tracker as the global allocator, reads the configuration, starts the
/// profile before the body of `main` and writes the report after it.
///
/// The report is written whatever `main` returns: `()`, a `Result`, an `ExitCode`, nothing (`!`) or any other
/// `impl Termination`.
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
/// Cargo's default release profile has no debug information: stacks in `memory_leaks.txt` then have names of functions, but no
/// files, no lines and no inlined functions. In the program's `Cargo.toml`:
///
/// ```toml
/// [profile.release]
/// debug = "line-tables-only"
/// ```
///
/// # Async programs
///
/// The attribute works above and below the one of the runtime. Either way the profile starts before the runtime and
/// the report is written after it is gone, so that what the tasks hold is freed by then.
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
/// * `allocator = system`: what the tracker forwards to. `system` (this is what it is without the argument),
///   `jemalloc` (with memprof's feature of that name), the path of a static that is a `GlobalAlloc`
///   (`allocator = crate::ARENA`), or `none` for programs that install an `AllocationTracker` themselves.
/// * `config = "…"`: the configuration file, instead of the `memory_profile.toml` that is searched for.
/// * `crate = path`: where memprof is found. Without it `::memprof`.
///
/// # Cost
///
/// Without memprof's feature `profiling`, `main` is left exactly as it was, after the checks, and no allocator is
/// installed.
#[proc_macro_attribute]
pub fn main(args: TokenStream, item: TokenStream) -> TokenStream {
    expand::main(args.into(), item.into(), expand::Build::this()).into()
}

/// A test whose memory is measured, and held against limits.
///
/// ```no_run
/// #[memprof::test(max_allocated = "64 KiB", max_peak = "32 KiB", max_count = 100, no_leaks)]
/// fn a_small_thing_stays_small() {
///     assert_eq!(vec![1u8; 1024].len(), 1024);
/// }
/// ```
///
/// It makes the function a `#[test]`, unless an attribute below it does (one whose last name is `test`). Leave
/// `#[test]` out, or write it below: above, it has done its work when this attribute comes, and the test runs twice. It
/// goes well with `#[should_panic]`, `#[ignore]` and tests that return a `Result`. A test that fails by itself fails
/// with its own words. The tracker has to be installed in the test binary: see
/// [memprof::testing](https://docs.rs/memprof/latest/memprof/testing/), which also says what belongs to a measurement.
///
/// # Arguments
///
/// * `max_allocated = "64 KiB"`: the most that the test may allocate in all. A size is a number and `B`, `KB` = `KiB`,
///   `MB` = `MiB` or `GB` = `GiB`, and is checked when the test is compiled.
/// * `max_peak = "1 MiB"`: how high its thread may stand above where the test began, at the most.
/// * `max_net = "0 B"`: what may be left at the end: allocated − freed.
/// * `max_count = 10`: how many blocks it may allocate, reallocations among them.
/// * `no_leaks`: no block that was allocated in the test may be live at its end. What the test returns counts.
/// * `crate = path`: where memprof is found. Without it `::memprof`.
///
/// Without a limit the test prints its figures, so that one knows what to write: `cargo test -- --show-output`.
///
/// # Async tests
///
/// Above or below `#[tokio::test]`, or any other runtime's attribute whose last name is `test`: both mean the same, because
/// this attribute moves itself below that one. The runtime and the tasks on the test's thread are measured, too.
///
/// With a multi-thread runtime, tasks run on other threads, outside of the measurement. The test prints how much these
/// allocated meanwhile ("7.4 KB by other threads"), also for other such tests at the same time, and `no_leaks` fails if it is
/// not 0: use the current-thread runtime, or give the tasks a `Context` of the test.
///
/// # Cost
///
/// Without memprof's feature `profiling` the function is a plain test, after the checks. With it a test begins and ends
/// a measurement, some microseconds; `no_leaks` some milliseconds.
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
