//! The output after a mistake: the unchanged item and the error, so that one mistake is one message, without a dozen
//! "cannot find function" errors.

use proc_macro2::{TokenStream, TokenTree};
use quote::quote;
use syn::Error;

use crate::classify::ItemKind;
use crate::item::Item;

pub(crate) fn tracked(tokens: TokenStream, item: &Item, error: &Error) -> TokenStream {
    let errors = compile_errors(error);
    match item {
        // Nothing else can stand next to an expression.
        Item::Other(ItemKind::Expression(_), _) => quote!({ #errors #tokens }),
        _ => quote!(#tokens #errors),
    }
}

/// The errors, as calls of `compile_error!`. In edition 2015 a path from the root would be resolved in the user's
/// crate.
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

/// A `main` that the compiler would refuse too is nested in one that it accepts.
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
