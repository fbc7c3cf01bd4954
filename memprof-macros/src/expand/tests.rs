use quote::quote;

use super::{Build, main, track_memory};

const OFF: Build = Build { profiling: false, jemalloc: false };
const ON: Build = Build { profiling: true, jemalloc: true };

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
