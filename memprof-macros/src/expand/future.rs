use proc_macro2::{Span, TokenStream};
use quote::{ToTokens, quote_spanned};
use syn::spanned::Spanned;
use syn::{GenericArgument, Ident, PathArguments, ReturnType, Type, TypeInfer};

use super::body::{enclosed, rebindings};
use crate::item::{Body, Function, rebind};
use crate::root::Root;
use crate::watch::Watch;

/// An `async fn`, which stays one.
///
/// *Input*
/// ```text
/// async fn fetch(&self, mut url: String) -> Result<Page, Error> { … }
/// ```
/// *Output*
/// ```text
/// async fn fetch(&self, url: String) -> Result<Page, Error> {
///     ::memprof::__private::Tracked::new({ …; &SITE }, async move {
///         if let Option::Some(output) = Option::<Result<Page, Error>>::None {
///             return output;
///         }
///         let mut url = url;
///         match () {
///             () => { … }
///         }
///     })
///     .await
/// }
/// ```
pub(crate) fn tracked(function: Function, site: &TokenStream, watch: &Watch, root: &Root) -> TokenStream {
    let Function { attrs, vis, mut sig, body: Body { inner_attrs, block } } = function;
    let params = rebindings(&rebind(&mut sig));
    let private = root.private();
    let output = output_type(&sig.output, &private);
    let enclosed = enclosed(&block);
    // Only a function with a window has a future with room for one.
    let new = Ident::new(if watch.has_window() { "windowed" } else { "new" }, Span::mixed_site());
    quote_spanned! {Span::mixed_site()=>
        #(#attrs)*
        #vis #sig {
            #inner_attrs
            #private::Tracked::#new(#site, async move {
                #output
                #params
                #enclosed
            })
            .await
        }
    }
}

/// Tells the compiler the type of the async block, which cannot be written on it: without it `?` knows no error type
/// and `return Box::new(x)` no trait object. Empty where the type has no name.
fn output_type(output: &ReturnType, private: &TokenStream) -> TokenStream {
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
    let output = Ident::new("output", here);
    quote_spanned! {here=>
        if let #private::Option::Some(#output) = #private::Option::<#named>::None {
            return #output;
        }
    }
}

/// `Result<impl Display, Error>` → `Result<_, Error>`: what an `impl` stands for is still found by inference.
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
