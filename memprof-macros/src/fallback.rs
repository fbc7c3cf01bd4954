//! What the compiler still sees after a mistake: the item as it was and the error, so that one mistake is one message
//! and not also a dozen "cannot find function".

use proc_macro2::TokenStream;
use quote::quote;
use syn::Error;

use crate::classify::Kind;
use crate::item::Item;

pub(crate) fn tracked(tokens: TokenStream, item: &Item, error: &Error) -> TokenStream {
    let errors = error.to_compile_error();
    match item {
        // Beside an expression nothing else can stand.
        Item::Other(Kind::Expression(_), _) => quote!({ #errors #tokens }),
        _ => quote!(#tokens #errors),
    }
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
    let errors = error.to_compile_error();
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
