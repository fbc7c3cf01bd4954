use proc_macro2::{Span, TokenStream};
use quote::quote_spanned;
use syn::{Attribute, ReturnType, Type};

use super::output::declared;
use crate::args::TestArgs;
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
/// An async one, whose runtime's attribute stands below, is measured in its own body: `limits.start().run(async move { … })
/// .await`.
pub(crate) fn measured(function: Function, args: &TestArgs) -> TokenStream {
    let test = test_attribute(&function.attrs);
    let Function { attrs, vis, sig, body: Body { inner_attrs, block } } = function;
    let here = Span::mixed_site();
    // A failed assertion then stands at the test's name.
    let there = here.located_at(sig.ident.span());
    let private = Root::new(args.krate.as_ref()).private();
    let limits = limits(args, &private);
    let run = if sig.asyncness.is_some() {
        let output = declared(&sig.output, &private);
        quote_spanned! {there=> #limits.start().run(async move { #output match () { () => #block } }).await }
    } else {
        let output = closure_output(&sig.output);
        quote_spanned! {there=> #limits.run(move || #output #block) }
    };
    let check = quote_spanned! {there=>
        verdict.check({
            use #private::testing::AnyOutcome as _;
            #private::testing::Outcome(&outcome).is_failure()
        });
    };
    quote_spanned! {here=>
        #(#attrs)*
        #test
        #vis #sig {
            #inner_attrs
            let (outcome, verdict) = #run;
            #check
            outcome
        }
    }
}

/// A test in a build without profiling: a plain test.
pub(crate) fn unmeasured(attrs: &[Attribute], tokens: TokenStream) -> TokenStream {
    let test = test_attribute(attrs);
    quote_spanned!(Span::mixed_site()=> #test #tokens)
}

/// `#[test]`, unless such an attribute is there: that of the compiler, or of a runtime.
fn test_attribute(attrs: &[Attribute]) -> TokenStream {
    if attrs.iter().any(makes_a_test) {
        return TokenStream::new();
    }
    quote_spanned!(Span::mixed_site()=> #[::core::prelude::v1::test])
}

/// Whether an attribute makes a function a test.
pub(crate) fn makes_a_test(attr: &Attribute) -> bool {
    ends_in(attr.path(), "test")
}

fn limits(args: &TestArgs, private: &TokenStream) -> TokenStream {
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
        }
    }
}

/// The output of a closure that is the body of the function, as far as it can be written there.
fn closure_output(output: &ReturnType) -> TokenStream {
    match output {
        ReturnType::Default => quote_spanned!(Span::mixed_site()=> -> ()),
        ReturnType::Type(_, ty) if matches!(**ty, Type::ImplTrait(_)) => TokenStream::new(),
        ReturnType::Type(arrow, ty) => quote_spanned!(Span::mixed_site()=> #arrow #ty),
    }
}
