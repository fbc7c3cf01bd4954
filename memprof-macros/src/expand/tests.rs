use quote::quote;

use super::{Build, main, track_memory};

pub(super) const OFF: Build = Build { profiling: false, jemalloc: false };
pub(super) const ON: Build = Build { profiling: true, jemalloc: true };

#[test]
fn without_profiling_the_item_stays_as_it_was() {
    let item = quote!(
        #[inline]
        pub async fn f(mut a: u8) -> u8 {
            #![allow(unused)]
            a
        }
    );
    let expanded = track_memory(quote!(name = "f"), item.clone(), OFF);
    assert_eq!(expanded.to_string(), item.to_string());

    let item = quote!(
        impl Type {
            pub async fn f(mut a: u8) -> u8 {
                a
            }
            #[track_memory(skip)]
            fn g() {}
        }
    );
    assert_eq!(track_memory(quote!(), item.clone(), OFF).to_string(), item.to_string());

    let item = quote!(
        #[tokio::main]
        async fn main() {}
    );
    assert_eq!(main(quote!(allocator = none), item.clone(), OFF).to_string(), item.to_string());
}

#[test]
fn without_profiling_everything_is_still_checked() {
    for (args, item) in [
        (
            quote!(nam = "f"),
            quote!(
                fn f() {}
            ),
        ),
        (
            quote!(),
            quote!(
                const fn f() {}
            ),
        ),
        (
            quote!(),
            quote!(
                struct S;
            ),
        ),
    ] {
        let expanded = track_memory(args, item.clone(), OFF).to_string();
        assert!(expanded.contains("compile_error"), "{expanded}");
        assert!(expanded.starts_with(&item.to_string()), "the item is not kept: {expanded}");
    }
    for (args, item) in [
        (
            quote!(allocator = jemalloc),
            quote!(
                fn main() {}
            ),
        ),
        (
            quote!(),
            quote!(
                async fn main() {}
            ),
        ),
        (
            quote!(),
            quote!(
                fn start() {}
            ),
        ),
    ] {
        let expanded = main(args, item, OFF).to_string();
        assert!(expanded.contains("compile_error"), "{expanded}");
    }
}

#[test]
fn jemalloc_is_installed_where_it_is_built_in() {
    let expanded = main(
        quote!(allocator = jemalloc),
        quote!(
            fn main() {}
        ),
        ON,
    )
    .to_string();
    assert!(expanded.contains("AllocationTracker :: new (:: memprof :: Jemalloc)"), "{expanded}");
    assert!(expanded.contains("allocator : \"jemalloc\""), "{expanded}");
}

#[test]
fn a_body_that_is_only_half_typed_is_passed_on() {
    let expanded = track_memory(quote!(), quote!(fn f(a: A) { let x = ; a. }), ON).to_string();
    assert!(expanded.contains("{ let x = ; a . }"), "{expanded}");
    assert!(!expanded.contains("compile_error"), "{expanded}");
}

#[test]
fn half_typed_bodies_in_a_block_are_passed_on() {
    let item = quote!(
        impl Type {
            fn f(a: A) { let x = ; a. }
            fn g() { if }
        }
    );
    let expanded = track_memory(quote!(), item, ON).to_string();
    assert!(expanded.contains("{ let x = ; a . }") && expanded.contains("{ if }"), "{expanded}");
    assert_eq!(expanded.matches("enter").count(), 2, "{expanded}");
    assert!(!expanded.contains("compile_error"), "{expanded}");
}

/// Items that are new to this parser, and items that only look like functions or blocks.
#[test]
fn what_is_no_function_stays_as_it_was() {
    for item in [
        quote!(
            mod m {
                //! Inside.
                pub(crate) type F = fn() -> u8;
                const F: fn() = || {};
                const LESS: bool = A < B;
                static S: Wide<{ 1 + 1 }> = Wide { f: fn_of };
                struct Tuple<T>(T, fn() -> T)
                where
                    T: Into<Wide<{ 1 }>>;
                struct Fields<const N: usize = { 2 }> {
                    f: fn(),
                }
                enum Choice {
                    One { f: fn() },
                }
                union Either {
                    f: fn(),
                }
                use a::{self, b::c};
                extern crate std as again;
                unsafe extern "C" {
                    safe fn f(number: i32) -> i32;
                }
                macro_rules! make {
                    ($name:ident) => {
                        fn $name() {}
                    };
                }
                macro_rules! make_too ( () => { fn f() {} }; );
                make!(f);
                make! { fn f() {} }
                path::to::make![
                    fn f() {}
                ];
                pub macro declarative($name:ident) {
                    fn $name() {}
                }
                trait Alias = Clone;

                const _: () = {
                    fn f() {}
                };
                unsafe impl<T> std::alloc::GlobalAlloc for Wide<T> {
                    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
                        System.alloc(layout)
                    }
                }
                pub const unsafe fn constant() {}
                #[unsafe(naked)]
                extern "C" fn naked() {
                    naked_asm!("ret")
                }
                unsafe extern "C" fn variadic(_: u8, ...) {}
            }
        ),
        quote!(
            pub unsafe auto trait Marker {}
        ),
        quote!(
            impl<const N: usize> !Send for Wide<{ N + 1 }> {}
        ),
        quote!(
            trait Search {
                type Item<'a>: Into<Wide<{ 1 }>>
                where
                    Self: 'a;
                const LIMIT: usize;
                const ROOM: usize = { 1 };
                #[track_memory(skip)]
                fn skipped(&self) {}
                #[track_memory(name = "own")]
                fn own(&self) {}
                fn required(&self) -> Wide<{ 1 }>;
            }
        ),
    ] {
        assert_eq!(track_memory(quote!(), item.clone(), ON).to_string(), item.to_string());
    }
}

#[test]
fn functions_after_anything_are_found() {
    for before in [
        quote!(
            type F = fn() -> Vec<u8>;
        ),
        quote!(
            const LESS: bool = A < B;
        ),
        quote!(
            const ARROW: fn() -> Vec<Vec<u8>> = Vec::new;
        ),
        quote!(
            fn open(a: Vec<u8>) -> Wide<{ 1 }>
            where
                Wide<{ 2 }>: Sized,
                F: Fn() -> u8,
            {
                a < b
            }
        ),
        quote!(
            fn required() -> Vec<Vec<u8>>;
        ),
        quote!(
            fn default_value<const N: i32 = -1>() -> [u8; { 2 }] {}
        ),
        quote!(make! { a < b }),
        quote!(
            fn arrows() -> Wide<fn() -> u8, { 1 }> {}
        ),
        quote!(const CHOICE: fn() -> u8 = if A < B { f } else { { g } as fn() -> u8 };),
        quote!(
            static VALUE: Wide = Wide { f } as fn() -> u8;
        ),
        quote!(
            use a::{b, c};
        ),
        quote!(make!(a < b);),
        quote!(
            struct Shift<T>([T; 1 << 3]);
        ),
        quote!(
            impl<T> From<Wide<{ 1 }>> for Wide<{ 2 }> {}
        ),
    ] {
        let item = quote!(mod m { #before fn last() {} });
        let expanded = track_memory(quote!(), item, ON).to_string();
        assert!(expanded.contains("fn last () { let & _ = &"), "{before}: {expanded}");
    }
}
