use proc_macro2::{Ident, Span, TokenStream, TokenTree};
use quote::{ToTokens, quote_spanned};
use syn::spanned::Spanned;

use super::body::{Place, braced, call, hidden, named, parenthesized};
use crate::item::{Body, Function, place};
use crate::limits::LimitArgs;
use crate::returned::Returned;
use crate::root::Root;

/// A function that returns a future. Its own work runs in the scope of its caller; the future is the call.
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
///     use ::memprof::__private::Itself as _;
///     let (site,) = ({ …; &SITE },);
///     let client = self.client.clone();
///     (::memprof::__private::Perhaps)(site, async move { client.get(url, LIMIT).await }).tracked()
/// }
/// fn fetch_boxed(&self, url: String) -> Pin<Box<dyn Future<Output = Page> + Send>> {
///     use ::memprof::__private::Itself as _;
///     let (site,) = ({ …; &SITE },);
///     let client = self.client.clone();
///     Box::pin((::memprof::__private::Perhaps)(site, async move { client.get(url).await }).tracked())
/// }
/// ```
pub(crate) fn tracked(
    function: Function,
    mut returned: Returned,
    site: &TokenStream,
    limits: &LimitArgs,
    alone: bool,
    root: &Root,
) -> TokenStream {
    let tracked = Ident::new(limits.wrap(), Span::mixed_site());
    let Function { attrs, vis, sig, body: Body { inner_attrs, block } } = function;
    let private = root.private();
    let here = Span::mixed_site();
    let there = place(&sig);
    let name = hidden("__memprof_site", &sig, there);
    // The number of items is taken before the arguments are, and counts from the first poll on.
    let items = hidden("__memprof_items", &sig, there);
    let (said, arguments) = match limits.items() {
        Some(number) => {
            (named(&items, quote_spanned!(here=> #private::number(#number)), there), quote_spanned!(here=> #items))
        }
        None if limits.counts() => (TokenStream::new(), quote_spanned!(here=> 0)),
        None => (TokenStream::new(), TokenStream::new()),
    };
    returned.wrap(|future| {
        // Attributes are allowed on the last expression of a block, but not on an argument.
        let attributed = matches!(future.to_token_stream().into_iter().next(), Some(TokenTree::Punct(hash)) if hash.as_char() == '#');
        let there = Place::of(future);
        let future = if attributed { quote_spanned!(here=> { #future }) } else { future.to_token_stream() };
        // Errors in the future are reported at its location.
        let perhaps = call(quote_spanned!(here=> #private::Perhaps), quote_spanned!(here=> #name, #future), there);
        let arguments = parenthesized(arguments.clone(), there.last);
        quote_spanned!(here=> #perhaps.#tracked #arguments)
    });
    let (items, rest) = returned.parts();
    // In a block the function is skipped silently.
    let checked = alone.then(|| returned.future()).flatten().map(|path| {
        let there = here.located_at(path.span());
        quote_spanned!(there=> const _: () = #private::is_future::<dyn #path<Output = ()>>();)
    });
    let bound = named(&name, quote_spanned!(here=> { #checked #site }), there);
    let code = quote_spanned!(here=> #inner_attrs #(#items)* use #private::Itself as _; #bound #said #(#rest)*);
    let body = braced(code, block.span());
    quote_spanned!(here=> #(#attrs)* #vis #sig #body)
}
