use proc_macro2::{Span, TokenStream};
use quote::quote_spanned;

use super::body::{enclosed, hidden, rebindings};
use crate::item::{Body, Function, rebind_all};
use crate::root::Root;

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
pub(crate) fn tracked(function: Function, site: &TokenStream, root: &Root) -> TokenStream {
    let Function { attrs, vis, mut sig, body: Body { inner_attrs, block } } = function;
    let params = rebindings(&rebind_all(&mut sig));
    let private = root.private();
    let guard = hidden("guard");
    let enclosed = enclosed(&block);
    quote_spanned! {Span::mixed_site()=>
        #(#attrs)*
        #vis #sig {
            #inner_attrs
            let #guard = #private::enter(#site);
            #params
            #enclosed
        }
    }
}
