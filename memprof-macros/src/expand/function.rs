use proc_macro2::{Span, TokenStream};
use quote::quote_spanned;
use syn::Ident;

use super::body::{Param, body as user_body, braced, call, enclosed, with_items};
use crate::item::{Body, Function, place};
use crate::limits::LimitArgs;
use crate::params::{NamedBy, rebind_all};
use crate::root::Root;

/// A function that is not async.
///
/// With `items` the body begins with `(::memprof::__private::items_at_entry)(rows.len());`.
///
/// The scope lives as long as a local, and has no name, so that it cannot collide with one of the user's.
///
/// *Input*
/// ```text
/// #[must_use]
/// pub fn build(rows: Vec<Row>, mut seed: Seed) -> Index {
///     #![allow(unused)]
///     …
/// }
/// ```
/// *Output*
/// ```text
/// #[must_use]
/// pub fn build(rows: Vec<Row>, seed: Seed) -> Index {
///     #![allow(unused)]
///     let &_ = &(::memprof::__private::enter)({ …; &SITE });
///     match rows { rows => { match seed { mut seed => { … } } } }
/// }
/// ```
pub(crate) fn tracked(
    function: Function,
    named_by: NamedBy,
    site: &TokenStream,
    limits: &LimitArgs,
    root: &Root,
) -> TokenStream {
    let Function { attrs, vis, mut sig, body: Body { inner_attrs, block } } = function;
    let (here, there) = (Span::mixed_site(), place(&sig));
    let block = with_items(block, limits, root);
    let params: Vec<_> = rebind_all(&mut sig, named_by, &block).into_iter().map(Param::Name).collect();
    let private = root.private();
    let enter = Ident::new(limits.enter(), here);
    let entered = call(quote_spanned!(here=> #private::#enter), site.clone(), there);
    let bound = quote_spanned!(there=> let &_ = &#entered;);
    let braces = block.span();
    let enclosed = enclosed(&params, user_body(block, &sig.output, &params), braces);
    let body = braced(quote_spanned!(here=> #inner_attrs #bound #enclosed), braces);
    quote_spanned!(here=> #(#attrs)* #vis #sig #body)
}
