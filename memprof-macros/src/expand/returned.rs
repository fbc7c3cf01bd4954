use proc_macro2::{Delimiter, Group, Span, TokenStream, TokenTree};
use quote::{ToTokens, quote_spanned};

use super::body::hidden;
use crate::item::{Body, Function};
use crate::returned::Returned;
use crate::root::Root;
use crate::watch::Watch;

/// A function that returns a future. What it does itself is done in the scope of its caller; the future is the call.
///
/// *Input*
/// ```text
/// fn fetch(&self, url: String) -> impl Future<Output = Page> + use<> {
///     const LIMIT: usize = 3;
///     let client = self.client.clone();
///     async move { client.get(url, LIMIT).await }
/// }
/// fn fetch_boxed(&self, url: String) -> Pin<Box<dyn Future<Output = Page> + Send>> {
///     let client = self.client.clone();
///     Box::pin(async move { client.get(url).await })
/// }
/// ```
/// *Output*
/// ```text
/// fn fetch(&self, url: String) -> impl Future<Output = Page> + use<> {
///     const LIMIT: usize = 3;
///     let site = { …; &SITE };
///     let client = self.client.clone();
///     ::memprof::__private::Tracked::new(site, async move { client.get(url, LIMIT).await })
/// }
/// fn fetch_boxed(&self, url: String) -> Pin<Box<dyn Future<Output = Page> + Send>> {
///     let site = { …; &SITE };
///     let client = self.client.clone();
///     Box::pin(::memprof::__private::Tracked::new(site, async move { client.get(url).await }))
/// }
/// ```
pub(crate) fn tracked(
    function: Function,
    mut returned: Returned,
    site: &TokenStream,
    watch: &Watch,
    root: &Root,
) -> TokenStream {
    let new = watch.future();
    let Function { attrs, vis, sig, body: Body { inner_attrs, block } } = function;
    let private = root.private();
    let here = Span::mixed_site();
    let name = hidden("site");
    returned.wrap(|future| {
        // Attributes may stand on the last expression of a block, but not on an argument.
        let attributed = matches!(future.to_token_stream().into_iter().next(), Some(TokenTree::Punct(hash)) if hash.as_char() == '#');
        let future = if attributed { quote_spanned!(here=> { #future }) } else { future.to_token_stream() };
        quote_spanned!(here=> #private::Tracked::#new(#name, #future))
    });
    let (items, rest) = returned.parts();
    let code = quote_spanned!(here=> #inner_attrs #(#items)* let #name = #site; #(#rest)*);
    let mut body = Group::new(Delimiter::Brace, code);
    body.set_span(block.span());
    quote_spanned!(here=> #(#attrs)* #vis #sig #body)
}
