//! The attributes in the strictest and the most hostile surroundings: every name that generated code could mean is
//! taken, unsafe code is forbidden, and every lint that it could offend is denied.
#![forbid(unsafe_code)]
#![deny(warnings, clippy::all, clippy::pedantic, clippy::nursery)]
#![deny(unused_qualifications, unused_results, let_underscore_drop, unreachable_pub, single_use_lifetimes)]
#![deny(clippy::shadow_same, clippy::let_underscore_untyped, clippy::min_ident_chars)]
#![allow(clippy::missing_const_for_fn, clippy::redundant_pub_crate, reason = "the tests' own style")]

use memprof::track_memory;

mod core {}
mod std {}
mod alloc {}
mod memprof_macros {}

/// Nothing here is what it is called.
mod shadowed {
    #![allow(dead_code, unused_macros, reason = "they are only in the way")]

    use ::memprof::track_memory;

    mod core {}
    mod std {}
    mod memprof {}
    mod __private {}

    pub(crate) struct Option;
    pub(crate) struct Some;
    pub(crate) struct None;
    pub(crate) struct Result;
    pub(crate) struct Box;
    pub(crate) struct Ok;
    pub(crate) struct Err;
    pub(crate) struct Site;
    pub(crate) struct Marker;
    pub(crate) struct Guard;
    pub(crate) struct Tracked;
    pub(crate) static SITE: u8 = 7;
    pub(crate) fn enter(number: u8) -> u8 {
        number
    }
    pub(crate) fn type_name() {}
    macro_rules! file {
        () => {
            compile_error!("the user's file!()")
        };
    }
    macro_rules! line {
        () => {
            compile_error!("the user's line!()")
        };
    }

    #[track_memory]
    pub(crate) fn items_of_the_users() -> (u8, Marker, Site) {
        (enter(SITE), Marker, Site)
    }

    #[track_memory]
    pub(crate) async fn items_of_the_users_async() -> (u8, Option) {
        (enter(SITE), Option)
    }

    #[track_memory]
    pub(crate) fn generics_named_like_ours<Marker, Site>(marker: Marker, site: Site) -> (Marker, Site) {
        (marker, site)
    }
}

#[test]
fn the_users_items_are_the_ones_the_body_means() {
    assert_eq!(shadowed::items_of_the_users().0, 7);
    assert_eq!(run(shadowed::items_of_the_users_async()).0, 7);
    assert_eq!(shadowed::generics_named_like_ours(1, 'x'), (1, 'x'));
}

/// A whole module, and every form of block in it, where nothing is what it is called.
#[track_memory]
mod block {
    #![allow(dead_code, unused_macros, clippy::unused_self, reason = "they are only in the way")]
    #![allow(clippy::new_ret_no_self, clippy::wrong_self_convention, reason = "the name of a generated function")]

    mod core {}
    mod std {}
    mod memprof {}
    mod __private {}

    pub(crate) struct Site;
    pub(crate) struct Marker;
    macro_rules! file {
        () => {
            compile_error!("the user's file!()")
        };
    }

    /// The name of a generated function.
    pub(crate) fn enter(guard: Marker, _unused: ::std::vec::Vec<u8>, mut count: usize) -> (Marker, usize) {
        count += 1;
        (guard, count)
    }

    pub(crate) trait Tracked {
        fn new(&self) -> Site {
            Site
        }
    }

    impl Tracked for Marker {}

    impl Marker {
        pub(crate) async fn r#type(&self, r#match: u8) -> u8 {
            r#match
        }

        /// Has a lifetime of its own.
        pub(crate) fn longer<'text>(&self, one: &'text str, two: &'text str) -> &'text str {
            if one.len() > two.len() { one } else { two }
        }

        #[::memprof::track_memory(skip)]
        pub(crate) fn skipped(&self) -> u8 {
            4
        }
    }
}

#[test]
fn blocks_are_hygienic() {
    use block::Tracked;

    let (marker, count) = block::enter(block::Marker, vec![1], 1);
    let block::Site = marker.new();
    assert_eq!((count, run(marker.r#type(3)), marker.skipped()), (2, 3, 4));
    assert_eq!(marker.longer("a", "bc"), "bc");
}

/// The names of the generated locals.
#[track_memory]
fn locals(guard: u8, output: u8) -> u8 {
    let profile = guard + output;
    let guard = profile + 1;
    guard + output
}

#[track_memory]
async fn locals_async(guard: u8, output: u8) -> u8 {
    let guard = guard + output;
    guard + output
}

#[test]
fn the_users_locals_are_their_own() {
    assert_eq!(locals(1, 2), 6);
    assert_eq!(run(locals_async(1, 2)), 5);
}

#[track_memory]
fn r#match(r#fn: u8, mut r#type: u8) -> u8 {
    r#type += r#fn;
    r#type
}

#[test]
fn raw_identifiers_stay_raw() {
    assert_eq!(r#match(1, 2), 3);
}

/// Units, references, names that begin with an underscore, unused ones: what a second binding could make a lint say.
#[track_memory]
fn odd_parameters(unit: (), _unused: Vec<u8>, _: u8, text: &str, mut count: usize) -> usize {
    let () = unit;
    count += text.len();
    count
}

#[track_memory]
async fn odd_parameters_async(unit: (), _unused: Vec<u8>, _: u8, text: &str, mut count: usize) -> usize {
    let () = unit;
    count += text.len();
    count
}

#[test]
fn odd_parameters_offend_no_lint() {
    assert_eq!(odd_parameters((), vec![1], 1, "ab", 1), 3);
    assert_eq!(run(odd_parameters_async((), vec![1], 1, "ab", 1)), 3);
}

/// A statement must not stand before the items of the body, nor a value be returned in a roundabout way.
#[track_memory]
fn items_first() -> u8 {
    const ONE: u8 = 1;
    fn one() -> u8 {
        ONE
    }
    one()
}

#[track_memory]
fn nothing() {}

#[track_memory]
async fn nothing_async() {}

#[track_memory]
fn ends_in_a_statement(numbers: &mut Vec<u8>) {
    numbers.push(1);
}

#[track_memory]
async fn fails(text: &str) -> Result<u8, ::std::num::ParseIntError> {
    if text.is_empty() {
        return Ok(0);
    }
    let number = text.parse::<u8>()?;
    Ok(number)
}

#[test]
fn plain_bodies_offend_no_lint() {
    nothing();
    run(nothing_async());
    let mut numbers = Vec::new();
    ends_in_a_statement(&mut numbers);
    assert_eq!(numbers, [items_first()]);
    assert_eq!(run(fails("3")), Ok(3));
    assert_eq!(run(fails("")), Ok(0));
    assert!(run(fails("x")).is_err());
}

mod main_elsewhere {
    mod core {}
    mod std {}

    /// The static is not taken for the one that is generated.
    #[allow(non_upper_case_globals, reason = "a name that could be generated")]
    pub(crate) static MEMPROF: ::std::alloc::System = ::std::alloc::System;

    /// Only compiled: a test writes no report.
    #[allow(dead_code, reason = "only compiled")]
    #[memprof::main(allocator = MEMPROF, config = "memory_profile.toml")]
    pub(crate) fn main() {
        super::nothing();
    }
}

/// A tracked test is still a test, whichever attribute is above.
#[track_memory]
#[test]
fn tests_may_be_tracked() -> Result<(), ::std::num::ParseIntError> {
    assert_eq!("1".parse::<u8>()?, 1);
    Ok(())
}

#[tokio::test]
#[track_memory]
async fn async_tests_may_be_tracked() {
    assert_eq!(fails("1").await, Ok(1));
}

#[test]
#[should_panic(expected = "on purpose")]
#[track_memory]
fn tests_that_panic_may_be_tracked() {
    panic!("on purpose");
}

fn run<F: Future>(future: F) -> F::Output {
    let mut future = ::std::pin::pin!(future);
    let mut context = ::std::task::Context::from_waker(::std::task::Waker::noop());
    loop {
        if let ::std::task::Poll::Ready(output) = future.as_mut().poll(&mut context) {
            return output;
        }
    }
}
