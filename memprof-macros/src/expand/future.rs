use proc_macro2::{Span, TokenStream};
use quote::{ToTokens, format_ident, quote, quote_spanned};
use syn::spanned::Spanned;
use syn::{FnArg, Ident, Pat, Signature};

use super::body::{braced, rebinding, rebindings};
use super::output::future as future_of;
use super::typed::Typed;
use crate::item::{Body, Function};
use crate::params::{Seen, of_locals, rebind, rebind_all};
use crate::root::Root;
use crate::watch::Watch;

/// An `async fn`, as the function that the compiler makes of it: what it returns is the tracked future itself, which holds
/// the arguments once. In edition 2024, which is that of these tokens whatever the user's is, its type captures all
/// lifetimes, as that of an `async fn` does.
///
/// The type of an async block cannot be written on it, and without it `?` knows no error type, `return Box::new(x)` no trait object
/// and a closure no arguments. So `output` stands for the type: it is tied to that of the function, and the block's is tied to it.
///
/// *Input*
/// ```text
/// async fn fetch(self, mut url: String, (a, b): Pair) -> Result<Page, Error> { … }
/// ```
/// *Output*
/// ```text
/// fn fetch(self, url: String, argument2: Pair) -> impl Future<Output = Result<Page, Error>> {
///     let output = (::memprof::__private::output)();
///     if let Option::Some(never) = (::memprof::__private::returned)(output) {
///         return never;
///     }
///     (::memprof::__private::tracked)(output, { …; &SITE }, async move {
///         if let Option::Some(never) = (::memprof::__private::value)(output) {
///             return never;
///         }
///         let _ = &self;
///         let mut url = url;
///         let argument2 = argument2;
///         let (a, b) = argument2;
///         match () {
///             () => { … }
///         }
///     })
/// }
/// ```
///
/// With `stays_async` something else needs to see an `async fn`. Then the compiler's own future stands around the tracked
/// one, and has room for the arguments once more.
///
/// *Output*
/// ```text
/// async fn fetch(self, url: String, (a, b): Pair) -> Result<Page, Error> {
///     let output = (::memprof::__private::output)();
///     if let Option::Some(never) = (::memprof::__private::value)(output) {
///         return never;
///     }
///     (::memprof::__private::tracked)(output, { …; &SITE }, async move {
///         …
///         let mut url = url;
///         match () {
///             () => { … }
///         }
///     })
///     .await
/// }
/// ```
pub(crate) fn tracked(
    function: Function,
    site: &TokenStream,
    watch: &Watch,
    seen: Seen,
    stays_async: bool,
    root: &Root,
) -> TokenStream {
    let Function { attrs, vis, mut sig, body: Body { inner_attrs, block } } = function;
    let there = sig.ident.span();
    let typed = Typed::new(&sig.output, there, root);
    let params = if stays_async { rebindings(&rebind_all(&mut sig, seen), there) } else { captured(&mut sig, seen) };
    let (expected, enclosed) = (typed.of_block(), typed.enclosed(&block));
    let code = braced(quote_spanned!(Span::mixed_site()=> #expected #params #enclosed), block.span());
    let asyncness = &sig.asyncness;
    let moves = Ident::new("move", asyncness.as_ref().map_or(there, Spanned::span));
    let future = typed.future(watch.has_window(), site, &quote!(#asyncness #moves #code));
    let future = if stays_async {
        let before = typed.of_async_function();
        quote_spanned!(Span::mixed_site()=> #before #future.await)
    } else {
        let before = typed.of_function();
        quote_spanned!(Span::mixed_site()=> #before #future)
    };
    if !stays_async {
        sig.asyncness = None;
        sig.output = future_of(&sig, &block, &root.private());
    }
    let body = braced(quote_spanned!(Span::mixed_site()=> #inner_attrs #future), block.span());
    quote!(#(#attrs)* #vis #sig #body)
}

/// Moves every argument into the future, used or not, and each there into locals in their order, as the compiler does for
/// an `async fn`.
fn captured(sig: &mut Signature, seen: Seen) -> TokenStream {
    let (here, there) = (Span::mixed_site(), sig.ident.span());
    let taken = names(sig);
    sig.inputs
        .iter_mut()
        .enumerate()
        .map(|(at, input)| match input {
            // It cannot be bound again. Where its parts are used, all of it must still be captured.
            FnArg::Receiver(receiver) => {
                let (receiver, attrs) = (&receiver.self_token, of_locals(&receiver.attrs));
                quote_spanned!(here=> #attrs let _ = &#receiver;)
            }
            FnArg::Typed(param) => match rebind(param, seen) {
                Some(rebound) => rebinding(&rebound, there),
                None => {
                    let mut name = format_ident!("argument{at}", span = here);
                    while taken.contains(&name.to_string()) {
                        name = format_ident!("{name}_", span = here);
                    }
                    let cfgs: Vec<_> = param.attrs.iter().filter(|attr| attr.path().is_ident("cfg")).collect();
                    let attrs = of_locals(&param.attrs);
                    let pattern = &param.pat;
                    let place = here.located_at(pattern.span());
                    let bound = quote_spanned! {place=>
                        #(#cfgs)* let #name = #name;
                        #attrs let #pattern = #name;
                    };
                    param.attrs.retain(|attr| !attr.path().is_ident("expect"));
                    *param.pat = Pat::Verbatim(name.to_token_stream());
                    bound
                }
            },
        })
        .collect()
}

/// The names of the parameters that are plain names.
fn names(sig: &Signature) -> Vec<String> {
    sig.inputs
        .iter()
        .filter_map(|input| match input {
            FnArg::Typed(param) => match &*param.pat {
                Pat::Ident(name) => Some(name.ident.to_string()),
                _ => None,
            },
            FnArg::Receiver(_) => None,
        })
        .collect()
}
