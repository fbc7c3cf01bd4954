//! Attribute macros of the field with `#[track_memory]` above and below them, and on a module around. What compiles in
//! one order only is in the table of `memprof/docs/guarantees.md`.
#![allow(missing_docs, dead_code, unused_must_use, unused_variables, deprecated, unsafe_code, clippy::all)]

#[global_allocator]
static TRACKER: memprof::AllocationTracker = memprof::AllocationTracker::system();

pub struct Context(u8);

impl test_context::TestContext for Context {
    fn setup() -> Self {
        Self(1)
    }
}

macro_rules! above {
    ($(mod $name:ident { #[$other:meta] $item:item })*) => {$(
        pub(crate) mod $name {
            #[memprof::track_memory]
            #[$other]
            $item
        }
    )*};
}

macro_rules! below {
    ($(mod $name:ident { #[$other:meta] $item:item })*) => {$(
        pub(crate) mod $name {
            #[$other]
            #[memprof::track_memory]
            $item
        }
    )*};
}

macro_rules! around {
    ($(mod $name:ident { #[$other:meta] $item:item })*) => {$(
        #[memprof::track_memory]
        pub(crate) mod $name {
            #[$other]
            $item
        }
    )*};
}

macro_rules! without {
    ($(mod $name:ident { #[$other:meta] $item:item })*) => {$(
        pub(crate) mod $name {
            #[$other]
            $item
        }
    )*};
}

macro_rules! every_order {
    ($($modules:tt)*) => {
        mod is_above {
            above! { $($modules)* }
        }
        mod is_below {
            below! { $($modules)* }
        }
        mod is_around {
            around! { $($modules)* }
        }
        mod without {
            without! { $($modules)* }
        }
    };
}

every_order! {
    mod async_recursion { #[async_recursion::async_recursion] pub async fn f(n: u64) -> u64 { if n < 2 { 1 } else { f(n - 1).await + f(n - 2).await } } }
    mod instrument { #[tracing::instrument(fields(length = rows.len()))] pub fn f(rows: Vec<u8>, (a, b): (u8, u8)) -> usize { rows.len() + usize::from(a + b) } }
    mod instrument_async { #[tracing::instrument(skip_all, fields(length = rows.len()))] pub async fn f(rows: Vec<u8>) -> usize { rows.len() } }
    mod fastrace { #[fastrace::trace] pub fn f(rows: Vec<u8>) -> usize { rows.len() } }
    mod fastrace_async { #[fastrace::trace] pub async fn f(rows: Vec<u8>) -> usize { rows.len() } }
    mod named { #[function_name::named] pub fn f() -> &'static str { function_name!() } }
    mod cached { #[cached::proc_macro::cached] pub fn f(n: u64) -> u64 { n + 1 } }
    mod once { #[cached::proc_macro::once] pub fn f(n: u64) -> u64 { n + 1 } }
    mod memoize { #[memoize::memoize] pub fn f(n: u64) -> u64 { n + 1 } }
    mod requires { #[contracts::requires(n > 0)] pub fn f(n: u64) -> u64 { n - 1 } }
    mod throws { #[culpa::throws(String)] pub fn f(text: String) -> usize { if text.is_empty() { culpa::throw!("empty".to_owned()) } text.len() } }
    mod recursive { #[recursive::recursive] pub fn f(n: u64) -> u64 { if n == 0 { 0 } else { f(n - 1) + 1 } } }
    mod must_be_async { #[maybe_async::must_be_async] pub async fn f(text: String) -> usize { text.len() } }
    mod maybe_async { #[maybe_async::maybe_async] pub async fn f(text: String) -> usize { text.len() } }
    mod async_generic { #[async_generic::async_generic] pub fn f(text: String) -> usize { text.len() } }
    mod debug_handler { #[axum::debug_handler] pub async fn f(text: String) -> String { text } }
    mod get { #[actix_web::get("/")] pub async fn f(text: String) -> String { text } }
    mod actix_main { #[actix_web::main] pub async fn f() -> usize { 3 } }
    mod ctor { #[ctor::ctor] fn begin() { std::hint::black_box(1); } }
    mod bench { #[divan::bench] fn f() -> Vec<u8> { vec![1] } }
    mod duplicate { #[duplicate::duplicate_item(name; [f]; [g])] pub fn name(text: String) -> usize { text.len() } }
    mod tokio_test { #[tokio::test] async fn f() { assert_eq!(1, 1); } }
    mod tokio_main { #[tokio::main] pub async fn f() -> usize { 3 } }
    mod async_std_test { #[async_std::test] async fn f() { assert_eq!(1, 1); } }
    mod smol_test { #[smol_potat::test] async fn f() { assert_eq!(1, 1); } }
    mod rstest { #[rstest::rstest] #[case(1, 2)] #[case(2, 3)] fn f(#[case] a: u64, #[case] b: u64) { assert_eq!(a + 1, b); } }
    mod rstest_values { #[rstest::rstest] fn f(#[values(1, 2)] a: u64, #[values("a".to_owned(), "b".to_owned())] text: String) { assert!(a < 3 && text.len() == 1); } }
    mod rstest_async { #[rstest::rstest] #[tokio::test] async fn f(#[values("a".to_owned())] text: String) { assert_eq!(text.len(), 1); } }
    mod fixture { #[rstest::fixture] pub fn f(#[default(3)] n: u64) -> u64 { n } }
    mod test_case { #[test_case::test_case(1, 2)] fn f(a: u64, b: u64) { assert_eq!(a + 1, b); } }
    mod test_case_value { #[test_case::test_case("a".to_owned() => 1)] fn f(text: String) -> usize { text.len() } }
    mod serial { #[serial_test::serial] #[test] fn f() { assert_eq!(1, 1); } }
    mod test_log { #[test_log::test] fn f() { assert_eq!(1, 1); } }
    mod test_log_tokio { #[test_log::test(tokio::test)] async fn f() { assert_eq!(1, 1); } }
    mod timeout { #[ntest::timeout(10_000)] #[test] fn f() { assert_eq!(1, 1); } }
    mod parameterized { #[parameterized::parameterized(a = { 1, 2 })] fn f(a: u64) { assert!(a < 3); } }
    mod quickcheck { #[quickcheck_macros::quickcheck] fn f(rows: Vec<u8>) -> bool { rows.len() < 100_000 } }
    mod gtest { #[googletest::gtest] fn f() { assert_eq!(1, 1); } }
    mod test_context { #[test_context::test_context(crate::Context)] #[test] fn f(ctx: &mut crate::Context) { assert_eq!(ctx.0, 1); } }
    mod memprof_test { #[memprof::test(max_net = "1 MiB")] fn f() { assert_eq!(1, 1); } }
    mod inline { #[inline(never)] pub fn f(rows: Vec<u8>) -> usize { rows.len() } }
    mod track_caller { #[track_caller] pub fn f() -> u32 { std::panic::Location::caller().line() } }
    mod cfg { #[cfg(all())] pub fn f(rows: Vec<u8>) -> usize { rows.len() } }
    mod deprecated { #[deprecated] pub fn f(rows: Vec<u8>) -> usize { rows.len() } }
    mod must_use { #[must_use] pub fn f(rows: Vec<u8>) -> usize { rows.len() } }
    mod async_trait { #[async_trait::async_trait] pub trait T { async fn f(&self, text: String) -> usize { text.len() } } }
    mod enum_dispatch { #[enum_dispatch::enum_dispatch] pub trait T { fn f(&self) -> usize; fn g(&self) -> usize { self.f() + 1 } } }
    mod maybe_async_impl { #[maybe_async::maybe_async] pub trait T { async fn f(&self, text: String) -> usize { text.len() } } }
}

/// Macros that do not find their own names in what a macro has written.
mod by_hand {
    pub(crate) mod is_above {
        #[memprof::track_memory]
        #[logcall::logcall("debug")]
        pub(crate) fn logged(rows: Vec<u8>) -> usize {
            rows.len()
        }

        #[memprof::track_memory]
        #[contracts::ensures(ret >= n)]
        pub(crate) fn ensures(n: u64) -> u64 {
            n + 1
        }

        #[memprof::track_memory]
        #[auto_impl::auto_impl(&, Box)]
        pub(crate) trait Auto {
            fn f(&self) -> usize;
            fn g(&self) -> usize {
                self.f() + 1
            }
        }
    }

    pub(crate) mod is_below {
        #[logcall::logcall("debug")]
        #[memprof::track_memory]
        pub(crate) fn logged(rows: Vec<u8>) -> usize {
            rows.len()
        }

        #[contracts::ensures(ret >= n)]
        #[memprof::track_memory]
        pub(crate) fn ensures(n: u64) -> u64 {
            n + 1
        }

        #[auto_impl::auto_impl(&, Box)]
        #[memprof::track_memory]
        pub(crate) trait Auto {
            fn f(&self) -> usize;
            fn g(&self) -> usize {
                self.f() + 1
            }
        }
    }
}

mod only_above {
    #[memprof::track_memory]
    #[mockall::automock]
    pub trait Mocked {
        fn f(&self, text: String) -> usize {
            text.len()
        }
    }

    above! {
        mod ntest_case { #[ntest::test_case(1)] fn f(a: u64) { assert_eq!(a, 1); } }
        mod easy_ext { #[easy_ext::ext(E)] pub impl str { fn f(&self) -> usize { self.len() } } }
        mod extend { #[extend::ext] pub impl str { fn f(&self) -> usize { self.len() } } }
    }
}

mod only_below {
    below! {
        mod must_be_sync { #[maybe_async::must_be_sync] pub async fn f(text: String) -> usize { text.len() } }
    }
}

fn run<F: Future>(future: F) -> F::Output {
    tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap().block_on(future)
}

/// Results of functions in every order.
macro_rules! assert_each {
    ($($of:ident),*) => {$(
        assert_eq!(run($of::async_recursion::f(5)), 8);
        assert_eq!(($of::instrument::f(vec![1], (2, 3)), run($of::instrument_async::f(vec![1]))), (6, 1));
        assert_eq!(($of::fastrace::f(vec![1]), run($of::fastrace_async::f(vec![1])), $of::fixture::f(2)), (1, 1, 2));
        assert_eq!(($of::named::f(), $of::cached::f(1), $of::once::f(2), $of::memoize::f(3)), ("f", 2, 3, 4));
        assert_eq!($of::requires::f(1), 0);
        assert_eq!(($of::throws::f("a".to_owned()), $of::throws::f(String::new())), (Ok(1), Err("empty".to_owned())));
        assert_eq!(($of::recursive::f(10), run($of::must_be_async::f("ab".to_owned()))), (10, 2));
        assert_eq!(($of::async_generic::f("a".to_owned()), run($of::async_generic::f_async("a".to_owned()))), (1, 1));
        assert_eq!(run($of::debug_handler::f("a".to_owned())), "a");
        assert_eq!(($of::actix_main::f(), $of::tokio_main::f(), $of::duplicate::g("a".to_owned())), (3, 3, 1));
    )*};
}

#[test]
fn functions_do_what_they_do_without() {
    assert_each!(is_above, is_below, is_around, without);
    assert_eq!((by_hand::is_above::ensures(1), by_hand::is_below::ensures(1)), (2, 2));
    assert_eq!((by_hand::is_above::logged(vec![1]), by_hand::is_below::logged(vec![1])), (1, 1));
    assert_eq!(only_below::must_be_sync::f("ab".to_owned()), 2);
}
