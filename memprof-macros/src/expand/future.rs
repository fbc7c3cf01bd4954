use proc_macro2::{Span, TokenStream};
use quote::{ToTokens, format_ident, quote_spanned};
use syn::spanned::Spanned;
use syn::{FnArg, Pat, Signature};

use super::body::{enclosed, rebinding, rebindings};
use super::output::{declared, future};
use crate::item::{Body, Function, rebind, rebind_all};
use crate::root::Root;
use crate::watch::Watch;

/// An `async fn`, as the function that the compiler makes of it: what it returns is the tracked future itself, which holds
/// the arguments once. In edition 2024, which is that of these tokens whatever the user's is, its type captures all
/// lifetimes, as that of an `async fn` does.
///
/// *Input*
/// ```text
/// async fn fetch(self, mut url: String, (a, b): Pair) -> Result<Page, Error> { … }
/// ```
/// *Output*
/// ```text
/// fn fetch(self, url: String, argument2: Pair) -> impl Future<Output = Result<Page, Error>> {
///     ::memprof::__private::Tracked::new({ …; &SITE }, async move {
///         if let Option::Some(output) = Option::<Result<Page, Error>>::None {
///             return output;
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
///     ::memprof::__private::Tracked::new({ …; &SITE }, async move {
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
    stays_async: bool,
    root: &Root,
) -> TokenStream {
    let Function { attrs, vis, mut sig, body: Body { inner_attrs, block } } = function;
    let private = root.private();
    let declared = declared(&sig.output, &private);
    let (params, wait) = if stays_async {
        (rebindings(&rebind_all(&mut sig)), quote_spanned!(Span::mixed_site()=> .await))
    } else {
        let params = captured(&mut sig);
        sig.asyncness = None;
        sig.output = future(&sig, &private);
        (params, TokenStream::new())
    };
    let enclosed = enclosed(&block);
    let new = watch.future();
    let here = Span::mixed_site();
    // What the compiler says of the future as a whole then stands at the function's name.
    let there = here.located_at(sig.ident.span());
    let future = quote_spanned!(there=> async move { #declared #params #enclosed });
    quote_spanned! {here=>
        #(#attrs)*
        #vis #sig {
            #inner_attrs
            #private::Tracked::#new(#site, #future)
            #wait
        }
    }
}

/// Moves every argument into the future, used or not, and each there into locals in their order, as the compiler does for
/// an `async fn`.
fn captured(sig: &mut Signature) -> TokenStream {
    let here = Span::mixed_site();
    sig.inputs
        .iter_mut()
        .enumerate()
        .map(|(at, input)| match input {
            // It cannot be bound again. Where its parts are used, all of it must still be captured.
            FnArg::Receiver(receiver) => {
                let (receiver, attrs) = (&receiver.self_token, &receiver.attrs);
                quote_spanned!(here=> #(#attrs)* let _ = &#receiver;)
            }
            FnArg::Typed(param) => match rebind(param) {
                Some(rebound) => rebinding(&rebound),
                None => {
                    let name = format_ident!("argument{at}", span = here);
                    let cfgs: Vec<_> = param.attrs.iter().filter(|attr| attr.path().is_ident("cfg")).collect();
                    let attrs = &param.attrs;
                    let pattern = &param.pat;
                    let there = here.located_at(pattern.span());
                    let bound = quote_spanned! {there=>
                        #(#cfgs)* let #name = #name;
                        #(#attrs)* let #pattern = #name;
                    };
                    param.attrs.retain(|attr| !attr.path().is_ident("expect"));
                    *param.pat = Pat::Verbatim(name.to_token_stream());
                    bound
                }
            },
        })
        .collect()
}
