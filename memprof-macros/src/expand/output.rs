use proc_macro2::{Group, Span, TokenStream};
use quote::{ToTokens, quote_spanned};
use syn::spanned::Spanned;
use syn::{GenericArgument, Ident, PathArguments, ReturnType, Signature, Type, TypeInfer};

/// The return type of the function that an `async fn` becomes.
///
/// *Input*
/// ```text
/// -> Result<Page, Error>
/// ```
/// *Output*
/// ```text
/// -> impl Future<Output = Result<Page, Error>>
/// ```
pub(crate) fn future(sig: &Signature, block: &Group, private: &TokenStream) -> ReturnType {
    // The signature ends in a token of the user's, so that lints see it as the user's own, and errors in the type point
    // at the user's code. `impl` is generated: these tokens belong to edition 2024, in which it captures all lifetimes.
    let (here, output) = match &sig.output {
        ReturnType::Default => (sig.ident.span(), quote_spanned!(block.span_open()=> ())),
        ReturnType::Type(_, ty) => (ty.span(), ty.to_token_stream()),
    };
    let ours = Span::mixed_site().located_at(here);
    let (path, end) = (quote_spanned!(ours=> impl #private::Future), syn::Token![>](here));
    let future = quote_spanned!(ours=> #path<Output = #output #end);
    ReturnType::Type(syn::Token![->](here), Box::new(Type::Verbatim(future)))
}

/// Tells the compiler the type of the async block, which cannot be written on it: without it `?` has no error type and
/// `return Box::new(x)` no trait object. Empty if the type has no name.
pub(crate) fn declared(output: &ReturnType, private: &TokenStream) -> TokenStream {
    let mut here = Span::mixed_site();
    let named = match output {
        ReturnType::Default => quote_spanned!(here=> ()),
        ReturnType::Type(_, ty) => match &**ty {
            Type::Never(_) | Type::ImplTrait(_) => return TokenStream::new(),
            ty => {
                // "Expected this type" then points at the type, as it does without the attribute.
                here = here.located_at(ty.span());
                without_impl(ty)
            }
        },
    };
    let output = Ident::new("__memprof_output", here);
    quote_spanned! {here=>
        if let #private::Option::Some(#output) = #private::Option::<#named>::None {
            return #output;
        }
    }
}

/// `Result<impl Display, Error>` → `Result<_, Error>`: inference still finds the type of the `impl`.
fn without_impl(ty: &Type) -> TokenStream {
    let mut tokens = ty.to_token_stream();
    if let Ok(mut copy) = syn::parse2::<Type>(tokens.clone()) {
        erase_impl(&mut copy);
        tokens = copy.into_token_stream();
    }
    tokens
}

fn erase_impl(ty: &mut Type) {
    match ty {
        Type::ImplTrait(_) => {
            *ty = Type::Infer(TypeInfer { attrs: Vec::new(), underscore_token: syn::Token![_](Span::mixed_site()) });
        }
        Type::Array(array) => erase_impl(&mut array.elem),
        Type::Group(group) => erase_impl(&mut group.elem),
        Type::Paren(paren) => erase_impl(&mut paren.elem),
        Type::Reference(reference) => erase_impl(&mut reference.elem),
        Type::Slice(slice) => erase_impl(&mut slice.elem),
        Type::Tuple(tuple) => tuple.elems.iter_mut().for_each(erase_impl),
        Type::Path(path) => {
            for segment in &mut path.path.segments {
                let PathArguments::AngleBracketed(args) = &mut segment.arguments else { continue };
                for arg in &mut args.args {
                    if let GenericArgument::Type(ty) = arg {
                        erase_impl(ty);
                    }
                }
            }
        }
        _ => {}
    }
}
