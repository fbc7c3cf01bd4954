use proc_macro2::{Span, TokenStream};
use quote::quote_spanned;
use syn::Ident;

use super::body::{enclosed, hidden, rebindings};
use crate::item::{Body, Function, rebind_all};
use crate::root::Root;
use crate::watch::Watch;

/// A function that is not async.
///
/// *Input*
/// ```text
/// #[must_use]
/// pub fn build(rows: Vec<Row>, mut seed: u64) -> Index {
///     #![allow(unused)]
///     …
/// }
/// ```
/// *Output*
/// ```text
/// #[must_use]
/// pub fn build(rows: Vec<Row>, seed: u64) -> Index {
///     #![allow(unused)]
///     let guard = ::memprof::__private::enter({ …; &SITE });
///     let rows = rows;
///     let mut seed = seed;
///     match () {
///         () => { … }
///     }
/// }
/// ```
pub(crate) fn tracked(function: Function, site: &TokenStream, watch: &Watch, root: &Root) -> TokenStream {
    let Function { attrs, vis, mut sig, body: Body { inner_attrs, block } } = function;
    let params = rebindings(&rebind_all(&mut sig));
    let private = root.private();
    let guard = hidden("guard");
    // Only a function with a budget or a window has the guard that asks for them.
    let enter = Ident::new(if watch.first().is_some() { "enter_watched" } else { "enter" }, Span::mixed_site());
    let enclosed = enclosed(&block);
    quote_spanned! {Span::mixed_site()=>
        #(#attrs)*
        #vis #sig {
            #inner_attrs
            let #guard = #private::#enter(#site);
            #params
            #enclosed
        }
    }
}
