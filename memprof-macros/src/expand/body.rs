use proc_macro2::{Group, Span, TokenStream};
use quote::quote_spanned;
use syn::{Ident, LitStr, Signature};

use crate::item::Rebound;
use crate::root::Root;
use crate::watch::Watch;

/// An expression for the `&'static Site` of a function. All it declares stays inside its braces, where no name of the
/// user's body can meet it.
///
/// *Input*
/// ```text
/// fn build(…) { … }
/// ```
/// *Output*
/// ```text
/// {
///     struct Marker; // its `type_name` is `crate::module::Type::build::Marker`, whatever is generic around it
///     static SITE: Site = Site::function(type_name::<Marker>, file!(), line!());
///     &SITE
/// }
/// ```
pub(crate) fn site(sig: &Signature, name: Option<&LitStr>, watch: &Watch, root: &Root) -> TokenStream {
    let here = Span::mixed_site();
    let private = root.private();
    let place = root.place(sig.ident.span());
    let (marker, made) = match name {
        Some(name) => (TokenStream::new(), quote_spanned!(here=> named(#name, #place))),
        None => (
            quote_spanned!(here=> struct Marker;),
            quote_spanned!(here=> function(#private::type_name::<Marker>, #place)),
        ),
    };
    let watched = watch.setters().map(|setters| quote_spanned!(here=> .watched(#private::Watch::NOTHING #setters)));
    quote_spanned! {here=>
        {
            #marker
            static SITE: #private::Site = #private::Site::#made #watched;
            &SITE
        }
    }
}

/// A local variable that the user's body can neither see nor shadow.
pub(crate) fn hidden(name: &str) -> Ident {
    Ident::new(name, Span::mixed_site())
}

/// The user's body, so that everything in it is gone before what was bound before it.
///
/// The arm of a `match` ends the life of all temporaries in it. In a plain block of edition 2021 those of the last
/// expression (`m.lock().unwrap().len()`) outlive the locals, that is, the parameters they borrow from and the scope.
/// It is no closure: `return`, `?` and `Location::caller()` mean what they meant. (Blocks that a macro makes have the
/// edition of the macro's crate, 2024 here, so the `match` is what keeps this true should that ever change.)
///
/// *Input*
/// ```text
/// { m.lock().unwrap().len() }
/// ```
/// *Output*
/// ```text
/// match () { () => { m.lock().unwrap().len() } }
/// ```
pub(crate) fn enclosed(block: &Group) -> TokenStream {
    quote_spanned! {Span::mixed_site()=>
        match () {
            () => #block
        }
    }
}

/// Moves the parameters into locals, in their order, so that they are dropped in the scope and in the order they had.
///
/// *Input*
/// ```text
/// fn f(a: A, #[cfg(unix)] mut b: B)
/// ```
/// *Output*
/// ```text
/// let a = a;
/// #[cfg(unix)] let mut b = b;
/// ```
pub(crate) fn rebindings(params: &[Rebound]) -> TokenStream {
    params.iter().map(rebinding).collect()
}

/// The same for one parameter.
pub(crate) fn rebinding(Rebound { attrs, mutability, ident }: &Rebound) -> TokenStream {
    // Only lints that the second binding itself offends; that a parameter is unused or needlessly `mut` is still said.
    let here = Span::mixed_site();
    let underscore = ident
        .to_string()
        .starts_with('_')
        .then(|| quote_spanned!(here=> , clippy::no_effect_underscore_binding, clippy::used_underscore_binding));
    quote_spanned! {here=>
        #attrs
        #[allow(clippy::shadow_same #underscore)]
        let #mutability #ident = #ident;
    }
}
