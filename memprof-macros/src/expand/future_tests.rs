//! Async functions, and functions that return a future.

use quote::quote;

use super::tests::{OFF, ON};
use super::track_memory;

fn expanded(item: proc_macro2::TokenStream) -> String {
    let expanded = track_memory(quote!(), item, ON).to_string();
    assert!(!expanded.contains("compile_error"), "{expanded}");
    expanded
}

#[test]
fn an_async_function_becomes_one_that_returns_its_future() {
    let expanded = expanded(quote!(
        #[inline]
        pub(crate) async unsafe fn f<'a, T: ?Sized>(self, mut a: &'a T, (b, _): (A, B)) -> Option<&'a T>
        where
            T: Sync,
        {
            #![allow(unused)]
            a
        }
    ));
    let head = "# [inline] pub (crate) unsafe fn f < 'a , T : ? Sized > (self , a : & 'a T , __argument2 : (A , B)) \
                -> impl :: memprof :: __private :: Future < Output = Option < & 'a T > > where T : Sync , \
                { # ! [allow (unused)] let (__memprof_output ,) = ((:: memprof :: __private :: output) () ,) ; if (";
    assert!(expanded.starts_with(head), "{expanded}");
    for piece in [
        "let _ = & self ;",
        "match a { mut a => { let __argument2",
        "let __argument2 = __argument2 ; let (b , _) = __argument2 ;",
    ] {
        assert!(expanded.contains(piece), "{piece}: {expanded}");
    }
    assert!(!expanded.contains("await"), "{expanded}");
}

#[test]
fn an_async_function_stays_one_where_something_else_needs_it() {
    let unit = quote!(
        async fn f() {}
    );
    for item in [
        quote!(
            async fn f() -> ! {
                loop {}
            }
        ),
        quote!(#[must_use] #unit),
        quote!(#[expect(async_fn_in_trait)] #unit),
        quote!(#[tokio::test] #unit),
        quote!(#[instrument] #unit),
        quote!(#[cfg_attr(condition, inline, async_recursion)] #unit),
        quote!(#[async_trait] impl A for B { #unit }),
        quote!(#[async_trait::async_trait(?Send)] trait A { #unit }),
        quote!(mod m { #[cfg_attr(condition, async_trait)] impl A for B { #unit } }),
        quote!(#[unknown] mod m { impl B { #unit } }),
    ] {
        let expanded = expanded(item);
        assert!(expanded.contains("async fn f ()") && expanded.contains(". await"), "{expanded}");
    }
    for item in [
        quote!(#[inline] #[allow(unused)] #[doc = "f"] #[deprecated] #[cfg(condition)] #[rustfmt::skip] #unit),
        quote!(#[cfg_attr(condition, inline, doc = "f")] #unit),
        quote!(#[cfg(test)] mod m { #[allow(unused)] impl B { #unit } }),
    ] {
        let expanded = expanded(item);
        assert!(!expanded.contains("async fn") && !expanded.contains("await"), "{expanded}");
    }
}

#[test]
fn only_the_future_that_a_function_returns_is_rewritten() {
    let before = quote! { const A: u8 = 1; let a = |b| { return 1; }; if a { b } };
    for (ty, tail, tracked) in [
        (
            quote!(impl Future<Output = A> + Send),
            quote!(async move { a }),
            "Perhaps) (__memprof_site , async move { a })",
        ),
        (quote!(impl Future), quote!(if a { b } else { c }), "Perhaps) (__memprof_site , if a { b } else { c })"),
        (
            quote!(impl Future),
            quote!(return a;),
            "return (:: memprof :: __private :: Perhaps) (__memprof_site , a) . tracked () ;",
        ),
        (quote!(impl Future), quote!(make! { a }), "Perhaps) (__memprof_site , make ! { a })"),
        (quote!(BoxFuture<'_, A>), quote!(Box::pin(a)), "Perhaps) (__memprof_site , a) . tracked ())"),
        (
            quote!(::std::pin::Pin<std::boxed::Box<(dyn Send + core::future::Future<Output = A>)>>),
            quote!(std::boxed::Box::pin(a.b)),
            "Perhaps) (__memprof_site , a . b) . tracked ())",
        ),
        (quote!(BoxFuture<A>), quote!(a.b().boxed()), "Perhaps) (__memprof_site , a . b ()) . tracked () . boxed ()"),
        (
            quote!(LocalBoxFuture<A>),
            quote!(a.boxed_local()),
            "Perhaps) (__memprof_site , a) . tracked () . boxed_local ()",
        ),
        (
            quote!(BoxFuture<A>),
            quote!(match a {
                1 => unsafe { a.boxed() },
                _ => todo!(),
            }),
            "Perhaps) (__memprof_site , a) . tracked () . boxed () } , _ => todo ! () ,",
        ),
    ] {
        let expanded = expanded(quote!(fn f(mut a: A) -> #ty { #![allow(unused)] #before #tail }));
        let head = "{ # ! [allow (unused)] const A : u8 = 1 ; use :: memprof :: __private :: Itself as _ ; let (__memprof_site ,) = ({ ";
        assert!(expanded.starts_with("fn f (mut a : A) -> ") && expanded.contains(head), "{expanded}");
        assert!(expanded.contains("let a = | b | { return 1 ; } ; if a { b }"), "{expanded}");
        assert!(expanded.contains(tracked), "{tracked}: {expanded}");
        assert_eq!(expanded.matches("Perhaps").count(), 1, "{expanded}");
    }
}

/// No future is recognized (yet): a function like any other.
#[test]
fn what_returns_no_future_is_a_function_like_any_other() {
    for item in [
        quote!(fn f() -> impl Future<Output = A> { async move { a } b. }),
        quote!(fn f() -> BoxFuture<A> { let a = ; Box::pin(a) }),
        quote!(fn f() -> BoxFuture<A> { Box::pin(async { if }) }),
        quote!(
            fn f() -> BoxFuture<A> {}
        ),
        quote!(
            fn f() -> BoxFuture<A> {
                let a = 1;
            }
        ),
        quote!(
            fn f() -> BoxFuture<A> {
                todo!()
            }
        ),
        quote!(
            fn f() -> Pin<Box<dyn Stream>> {
                Box::pin(a)
            }
        ),
        quote!(
            fn f() -> impl Iterator<Item = impl Future> {
                a
            }
        ),
        quote!(
            fn f() -> Reply {
                Box::pin(a)
            }
        ),
    ] {
        let expanded = expanded(item);
        assert!(expanded.contains("enter") && !expanded.contains("Perhaps"), "{expanded}");
    }
}

#[test]
fn a_box_that_another_made_is_an_error_on_the_function_and_passed_over_in_a_block() {
    for tail in [
        quote!(self.made()),
        quote!(self.boxed()),
        quote!(if a { Box::pin(a) } else { made() }),
        quote!('a: { break 'a Box::pin(a) }),
        quote!(Box::new(a)),
    ] {
        let item = quote!(fn f(&self) -> BoxFuture<A> { #tail });
        for build in [ON, OFF] {
            let error = track_memory(quote!(), item.clone(), build).to_string();
            assert!(error.contains("compile_error") && error.starts_with(&item.to_string()), "{error}");
        }
        let block = quote!(impl A { #item });
        assert_eq!(track_memory(quote!(), block.clone(), ON).to_string(), block.to_string());
    }
}

#[test]
fn half_typed_async_functions_are_passed_on() {
    let expanded = expanded(quote!(async fn f(mut a: A, (b): B) -> C { let x = ; a. }));
    assert!(expanded.contains("{ let x = ; a . }"), "{expanded}");
}
