//! The name, file and line of a function in generated code. The raw names are the source of the report's names. They
//! end in the marker item, and the compiler may change their form, so they are checked here one by one.

use std::future::Future;
use std::pin::pin;
use std::task::{Context, Waker};

use crate::fake::__private::last_site;
use memprof::track_memory;

fn name() -> &'static str {
    last_site().0
}

fn poll(future: impl Future) {
    assert!(pin!(future).poll(&mut Context::from_waker(Waker::noop())).is_ready());
}

macro_rules! fake_methods {
    ($(#[$attr:meta])* $function:ident) => {
        #[track_memory(crate = crate::fake)]
        $(#[$attr])*
        fn $function() {}
    };
}

#[track_memory(crate = crate::fake)]
fn free() {}

#[track_memory(crate = crate::fake)]
fn generic<T, const N: usize>(_: [T; N]) {}

#[track_memory(crate = crate::fake)]
fn r#type() {}

#[track_memory(crate = crate::fake)]
async fn asynchronous() {}

#[track_memory(crate = crate::fake)]
fn outer() {
    #[track_memory(crate = crate::fake)]
    fn nested() {}
    nested();
}

#[track_memory(crate = crate::fake, name = "a name of its own")]
fn named() {}

struct Type;
struct Generic<T>(T);

impl Type {
    fake_methods!(inherent);

    #[track_memory(crate = crate::fake)]
    fn generic_method<T>(&self, _: T) {}

    #[track_memory(crate = crate::fake)]
    async fn async_method(&self) {}
}

impl<T> Generic<T> {
    fake_methods!(of_any);
}

impl Generic<u8> {
    fake_methods!(of_one);
}

trait Trait {
    fn method();

    #[track_memory(crate = crate::fake)]
    fn default_body() {}

    #[track_memory(crate = crate::fake)]
    async fn async_default_body() {}
}

impl Trait for Type {
    fake_methods!(method);
}

impl<T> Trait for Generic<T> {
    fake_methods!(method);

    #[track_memory(crate = crate::fake)]
    async fn async_default_body() {}
}

impl<T> Trait for Vec<T> {
    fake_methods!(method);
}

mod module {
    use memprof::track_memory;

    #[track_memory(crate = crate::fake)]
    pub(crate) fn inside() {}

    impl super::Type {
        #[track_memory(crate = crate::fake)]
        pub(crate) fn elsewhere() {}
    }
}

#[test]
fn every_function_has_the_path_of_its_marker() {
    let mut seen = Vec::new();
    let mut see = |what: &str| seen.push(format!("{what}: {}", name()));
    free();
    see("free");
    generic([1]);
    see("generic");
    r#type();
    see("raw identifier");
    poll(asynchronous());
    see("async");
    outer();
    see("nested");
    named();
    see("named");
    Type::inherent();
    see("inherent");
    Type.generic_method(1);
    see("generic method");
    poll(Type.async_method());
    see("async method");
    Generic::<u8>::of_any();
    see("of a generic type");
    Generic::<u8>::of_one();
    see("of one instance");
    let _ = Generic(1).0;
    Type::method();
    see("trait impl");
    Generic::<u8>::method();
    see("trait impl, generic type");
    Vec::<u8>::method();
    see("trait impl, foreign type");
    poll(Generic::<u8>::async_default_body());
    see("async trait impl");
    Type::default_body();
    see("default body");
    poll(Type::async_default_body());
    see("async default body");
    module::inside();
    see("in a module");
    Type::elsewhere();
    see("impl in another module");
    assert_eq!(
        seen,
        [
            "free: macros::names::free::Marker",
            "generic: macros::names::generic::Marker",
            "raw identifier: macros::names::type::Marker",
            "async: macros::names::asynchronous::Marker",
            "nested: macros::names::outer::nested::Marker",
            "named: a name of its own",
            "inherent: macros::names::Type::inherent::Marker",
            "generic method: macros::names::Type::generic_method::Marker",
            "async method: macros::names::Type::async_method::Marker",
            "of a generic type: macros::names::Generic<_>::of_any::Marker",
            "of one instance: macros::names::Generic<u8>::of_one::Marker",
            "trait impl: <macros::names::Type as macros::names::Trait>::method::Marker",
            "trait impl, generic type: <macros::names::Generic<_> as macros::names::Trait>::method::Marker",
            "trait impl, foreign type: <alloc::vec::Vec<_> as macros::names::Trait>::method::Marker",
            "async trait impl: <macros::names::Generic<_> as macros::names::Trait>::async_default_body::Marker",
            "default body: macros::names::Trait::default_body::Marker",
            "async default body: macros::names::Trait::async_default_body::Marker",
            "in a module: macros::names::module::inside::Marker",
            "impl in another module: macros::names::module::<impl macros::names::Type>::elsewhere::Marker",
        ]
    );
}

/// `crate = …` holds for all in the block.
#[track_memory(crate = crate::fake)]
mod block {
    pub(crate) fn free() {}

    #[memprof::track_memory(crate = crate::fake, name = "a name in a block")]
    pub(crate) fn named() {}

    pub(crate) struct Type<T>(pub(crate) T);

    impl<T> Type<T> {
        pub(crate) fn method(&self) {}
    }

    impl super::Trait for Type<u8> {
        fn method() {}

        async fn async_default_body() {}
    }

    pub(crate) trait Default {
        fn by_default(&self) {}
    }

    impl<T> Default for Type<T> {}

    pub(crate) mod deeper {
        pub(crate) async fn asynchronous() {}
    }
}

#[track_memory(crate = crate::fake)]
impl block::Type<char> {
    fn elsewhere() {}
}

#[test]
fn functions_of_a_block_have_the_paths_they_would_have_alone() {
    let mut seen = Vec::new();
    let mut see = || seen.push(name());
    block::free();
    see();
    block::named();
    see();
    block::Type(1).method();
    see();
    <block::Type<u8> as Trait>::method();
    see();
    poll(block::Type::<u8>::async_default_body());
    see();
    block::Default::by_default(&block::Type(1));
    see();
    poll(block::deeper::asynchronous());
    see();
    block::Type::<char>::elsewhere();
    see();
    assert_eq!(
        seen,
        [
            "macros::names::block::free::Marker",
            "a name in a block",
            "macros::names::block::Type<_>::method::Marker",
            "<macros::names::block::Type<u8> as macros::names::Trait>::method::Marker",
            "<macros::names::block::Type<u8> as macros::names::Trait>::async_default_body::Marker",
            "macros::names::block::Default::by_default::Marker",
            "macros::names::block::deeper::asynchronous::Marker",
            "macros::names::<impl macros::names::block::Type<char>>::elsewhere::Marker",
        ]
    );
}

#[test]
#[rustfmt::skip]
fn the_place_is_the_line_of_the_functions_name() {
    const ABOVE: u32 = line!();
    #[track_memory(crate = crate::fake)]
    #[inline]
    #[allow(
        clippy::unused_unit
    )]
    pub(crate)
    fn
    spread_out() {}
    spread_out();
    assert_eq!((last_site().1, last_site().2), (file!(), ABOVE + 8));
}

#[test]
#[rustfmt::skip]
fn a_function_made_by_a_macro_stands_where_its_name_was_written() {
    macro_rules! makes {
        ($name:ident) => {
            #[track_memory(crate = crate::fake)]
            fn $name() {}
            #[track_memory(crate = crate::fake)]
            fn from_the_macro() {}
        };
    }
    const ABOVE: u32 = line!();
    makes!(
        given
    );
    given();
    assert_eq!(last_site().2, ABOVE + 2);
    from_the_macro();
    assert_eq!(last_site().2, ABOVE + 1);
}
