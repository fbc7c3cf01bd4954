use proc_macro2::{Delimiter, Group, Ident, Span, TokenStream, TokenTree};
use quote::quote_spanned;
use syn::{Attribute, ReturnType, Type};

use super::output::declared;
use crate::args::{MOVED, TestArgs};
use crate::item::{Body, Function, ends_in};
use crate::root::Root;

/// A test that is measured.
///
/// *Input*
/// ```text
/// fn small() -> Result<(), Error> { … }
/// ```
/// *Output*
/// ```text
/// #[test]
/// fn small() -> Result<(), Error> {
///     let limits = TestLimits { max_allocated: Some(65536), …, no_leaks: false };
///     let (outcome, verdict) = limits.run(move || -> Result<(), Error> { … });
///     verdict.check({ use AnyOutcome as _; Outcome(&outcome).is_failure() });
///     outcome
/// }
/// ```
///
/// A test that stays async, under a runtime's attribute that does not change that, is measured in its own body:
/// `limits.start().run(async move { … }).await`.
///
/// With `repeat` the body stands in a loop, which ends with the verdict of its last turn:
/// ```text
/// let mut turns = Turns::begin(limits, (50, 0), (file!(), line!()));
/// loop {
///     let outcome = turns.run(|| -> Result<(), Error> { … });
///     if let Some(verdict) = turns.next(…is_failure()) { break (outcome, verdict) }
/// }
/// ```
pub(crate) fn measured(function: Function, args: &TestArgs) -> TokenStream {
    let test = if args.is_moved.is_some() { TokenStream::new() } else { test_attribute(&function.attrs) };
    let Function { attrs, vis, sig, body: Body { inner_attrs, block } } = function;
    let here = Span::mixed_site();
    // A failed assertion then points at the test's name.
    let there = here.located_at(sig.ident.span());
    let private = Root::new(args.krate.as_ref()).private();
    let limits = limits(args, has_workers(block.stream()), &private);
    let warm_up = warm_up(block.stream());
    let is_failure = quote_spanned! {there=> {
        use #private::testing::AnyOutcome as _;
        #private::testing::Outcome(&__memprof_outcome).is_failure()
    }};
    let output = if sig.asyncness.is_some() { declared(&sig.output, &private) } else { closure_output(&sig.output) };
    let future = quote_spanned! {there=> async move { #output match () { () => #block } } };
    let run = match (&args.repeat, sig.asyncness.is_some()) {
        (None, true) => quote_spanned! {there=> #limits.start().run(#future).await },
        (None, false) => quote_spanned! {there=> #limits.run(move || #output #block) },
        (Some((repeat, _)), is_async) => {
            let growth = args.growth.as_ref().map_or(0, |(growth, _)| *growth);
            let turn = if is_async {
                quote_spanned! {there=> run_async(#future).await }
            } else {
                quote_spanned! {there=> run(|| #output #block) }
            };
            let place = quote_spanned!(sig.ident.span()=> ::core::file!(), ::core::line!());
            quote_spanned! {there=> {
                let mut __memprof_turns = #private::testing::Turns::begin(#limits, (#repeat, #growth), (#place));
                loop {
                    let __memprof_outcome = __memprof_turns.#turn;
                    if let #private::Option::Some(verdict) = __memprof_turns.next(#is_failure) {
                        break (__memprof_outcome, verdict);
                    }
                }
            }}
        }
    };
    let check = quote_spanned! {there=> __memprof_verdict.check(#is_failure); };
    quote_spanned! {here=>
        #(#attrs)*
        #test
        #vis #sig {
            #inner_attrs
            #warm_up
            let (__memprof_outcome, __memprof_verdict) = #run;
            #check
            __memprof_outcome
        }
    }
}

/// A test under a runtime's attribute.
///
/// *Input*
/// ```text
/// #[tokio::test]
/// async fn small() { … }
/// ```
/// *Output*
/// ```text
/// #[tokio::test]
/// #[::memprof::__private::test(__moved, …)]
/// async fn small() { … }
/// ```
///
/// The runtime's attribute then expands first, as if it stood above: the runtime is part of the measurement, and so are
/// the tasks on the test's thread.
pub(crate) fn moved(function: Function, runner: usize, given: TokenStream, args: &TestArgs) -> TokenStream {
    let here = Span::mixed_site();
    let Function { attrs, vis, sig, body: Body { inner_attrs, block } } = function;
    let (above, below) = attrs.split_at(runner + 1);
    let private = Root::new(args.krate.as_ref()).private();
    let mark = if args.is_moved.is_some() { None } else { Some(Ident::new(MOVED, here)) };
    let mark = mark.map(|mark| quote_spanned!(here=> #mark,));
    let code = block.stream();
    let mut body = Group::new(Delimiter::Brace, quote_spanned!(here=> #inner_attrs #code));
    body.set_span(block.span());
    quote_spanned! {here=>
        #(#above)*
        #[#private::test(#mark #given)]
        #(#below)*
        #vis #sig #body
    }
}

/// The index of a runtime's attribute, or of another one that does more than the compiler's `#[test]`.
pub(crate) fn runner(function: &Function) -> Option<usize> {
    let is_runner = |attr: &Attribute| {
        let segments = &attr.path().segments;
        let is_compilers = segments.len() == 1 || segments.iter().any(|segment| segment.ident == "prelude");
        // The compiler's own accepts no async function: this must be another one of its name.
        makes_a_test(attr) && (!is_compilers || function.sig.asyncness.is_some())
    };
    function.attrs.iter().position(is_runner)
}

/// Runs an empty tokio runtime, if the body of the test runs one: tokio's data of the thread and of the process is
/// allocated then, and is not part of the measurement.
fn warm_up(body: TokenStream) -> Option<TokenStream> {
    let builder = tokio_builder(body)?;
    Some(quote_spanned! {Span::mixed_site()=>
        if let ::core::result::Result::Ok(runtime) = #builder::new_current_thread().enable_all().build() {
            runtime.block_on(async {});
        }
    })
}

/// The path that ends in `runtime::Builder`, as tokio's attribute writes it.
fn tokio_builder(body: TokenStream) -> Option<TokenStream> {
    let mut path = Vec::new();
    for token in body {
        match token {
            TokenTree::Group(group) => {
                path.clear();
                if let Some(found) = tokio_builder(group.stream()) {
                    return Some(found);
                }
            }
            TokenTree::Ident(name) => {
                // Two names without `::` between them: a new path begins.
                if matches!(path.last(), Some(TokenTree::Ident(_))) {
                    path.clear();
                }
                let is_builder = name == "Builder";
                path.push(TokenTree::Ident(name));
                let is_of_runtime =
                    matches!(path.iter().rev().nth(3), Some(TokenTree::Ident(name)) if name == "runtime");
                if is_builder && is_of_runtime && path.len() > 6 {
                    return Some(path.into_iter().collect());
                }
            }
            TokenTree::Punct(punct) if punct.as_char() == ':' => path.push(TokenTree::Punct(punct)),
            _ => path.clear(),
        }
    }
    None
}

/// True if the body of a test, as the runtime's attribute has generated it, starts a runtime whose tasks run on other
/// threads.
fn has_workers(body: TokenStream) -> bool {
    body.into_iter().any(|token| match token {
        TokenTree::Ident(name) => name == "new_multi_thread" || name == "async_std",
        TokenTree::Group(group) => has_workers(group.stream()),
        _ => false,
    })
}

/// A test in a build without profiling: a plain test.
pub(crate) fn unmeasured(attrs: &[Attribute], tokens: TokenStream) -> TokenStream {
    let test = test_attribute(attrs);
    quote_spanned!(Span::mixed_site()=> #test #tokens)
}

/// `#[test]`, unless the compiler's or a runtime's is there already.
fn test_attribute(attrs: &[Attribute]) -> TokenStream {
    if attrs.iter().any(makes_a_test) {
        return TokenStream::new();
    }
    quote_spanned!(Span::mixed_site()=> #[::core::prelude::v1::test])
}

/// True if an attribute makes a function a test.
pub(crate) fn makes_a_test(attr: &Attribute) -> bool {
    ends_in(attr.path(), "test")
}

fn limits(args: &TestArgs, has_workers: bool, private: &TokenStream) -> TokenStream {
    let here = Span::mixed_site();
    let optional = |limit: Option<u64>| match limit {
        Some(limit) => quote_spanned!(here=> #private::Option::Some(#limit)),
        None => quote_spanned!(here=> #private::Option::None),
    };
    let (allocated, peak) = (optional(args.max_allocated), optional(args.max_peak));
    let (net, count) = (optional(args.max_net), optional(args.max_count));
    let no_leaks = args.no_leaks.is_some();
    quote_spanned! {here=>
        #private::testing::TestLimits {
            max_allocated: #allocated,
            max_peak: #peak,
            max_net: #net,
            max_count: #count,
            no_leaks: #no_leaks,
            has_workers: #has_workers,
        }
    }
}

/// The output of a closure that is the body of the function, if it can be written there.
fn closure_output(output: &ReturnType) -> TokenStream {
    match output {
        ReturnType::Default => quote_spanned!(Span::mixed_site()=> -> ()),
        ReturnType::Type(_, ty) if matches!(**ty, Type::ImplTrait(_)) => TokenStream::new(),
        ReturnType::Type(arrow, ty) => quote_spanned!(Span::mixed_site()=> #arrow #ty),
    }
}
