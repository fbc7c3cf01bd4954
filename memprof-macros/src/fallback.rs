//! What the compiler still sees after a mistake: the item as it was and the error, so that one mistake is one message
//! and not also a dozen "cannot find function".

use proc_macro2::{TokenStream, TokenTree};
use quote::quote;
use syn::Error;

use crate::classify::Kind;
use crate::item::Item;

pub(crate) fn tracked(tokens: TokenStream, item: &Item, error: &Error) -> TokenStream {
    let errors = compile_errors(error);
    match item {
        // Beside an expression nothing else can stand.
        Item::Other(Kind::Expression(_), _) => quote!({ #errors #tokens }),
        _ => quote!(#tokens #errors),
    }
}

/// The errors, as calls of `compile_error!`. A path from the root would be looked for in the user's crate in edition
/// 2015.
///
/// *Input*
/// ```text
/// ::core::compile_error! { "…" }
/// ```
/// *Output*
/// ```text
/// compile_error! { "…" }
/// ```
pub(crate) fn compile_errors(error: &Error) -> TokenStream {
    let is_of_path = |token: &TokenTree| match token {
        TokenTree::Punct(sign) => sign.as_char() == ':',
        TokenTree::Ident(name) => name == "core",
        _ => false,
    };
    error.to_compile_error().into_iter().filter(|token| !is_of_path(token)).collect()
}

/// A `main` that the compiler would refuse too is hidden in one that it accepts.
///
/// *Input*
/// ```text
/// async fn main() { … }
/// ```
/// *Output*
/// ```text
/// fn main() {
///     #[allow(dead_code)]
///     async fn main() { … }
/// }
/// compile_error!(…);
/// ```
pub(crate) fn main(tokens: TokenStream, item: &Item, error: &Error) -> TokenStream {
    let errors = compile_errors(error);
    match item {
        Item::Function(function) if function.sig.ident == "main" => quote! {
            fn main() {
                #[allow(dead_code)]
                #tokens
            }
            #errors
        },
        _ => quote!(#tokens #errors),
    }
}
