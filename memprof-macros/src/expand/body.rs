use proc_macro2::{Delimiter, Group, Span, TokenStream};
use quote::{format_ident, quote_spanned};
use syn::{Ident, LitStr, ReturnType, Signature, Type};

use crate::params::{Rebound, Seen};
use crate::returned::bare;
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

/// A local variable that the user's body can neither see nor shadow. Parameters may stand beside it (see
/// [`Seen`](crate::params::Seen)), so it has a name that none of them has.
pub(crate) fn hidden(name: &str) -> Ident {
    format_ident!("memprof_{name}", span = Span::mixed_site())
}

/// A call of one of memprof's functions that debuggers find at `there`, a place of the user's.
///
/// The compiler takes the line of a call from its first and its last token. If these came from a macro, it would be the line of the
/// attribute, which may be far above. All that lints look at, the path, stays out of their sight.
///
/// *Output*
/// ```text
/// (::memprof::__private::enter)(&SITE)
/// ```
pub(crate) fn call(path: TokenStream, arguments: TokenStream, there: Span) -> TokenStream {
    let (path, arguments) = (parenthesized(path, there), parenthesized(arguments, there));
    quote_spanned!(there=> #path #arguments)
}

fn parenthesized(tokens: TokenStream, span: Span) -> Group {
    group(Delimiter::Parenthesis, tokens, span)
}

/// Braces of the user's around other contents. They make what they end, a function or a block, the user's own in the eyes of lints,
/// of coverage and of debuggers.
pub(crate) fn braced(tokens: TokenStream, span: Span) -> Group {
    group(Delimiter::Brace, tokens, span)
}

fn group(delimiter: Delimiter, tokens: TokenStream, span: Span) -> Group {
    let mut group = Group::new(delimiter, tokens);
    group.set_span(span);
    group
}

/// The user's body, so that everything in it is gone before what was bound before it.
///
/// The arm of a `match` ends the life of all temporaries in it, and so does a statement. In a plain block of edition 2021 those of the
/// last expression (`m.lock().unwrap().len()`) outlive the locals, that is, the parameters they borrow from and the scope. Neither is
/// a closure: `return`, `?` and `Location::caller()` mean what they meant.
///
/// A `match` does not tell its arms of an output `impl Fn(&str)` what kind of closure is expected; `return` does. It is not used for all
/// functions because Clippy looks for a needless `return` of the user's only where it finds none before. The label keeps rustc from
/// finding the braces needless.
///
/// *Input*
/// ```text
/// { m.lock().unwrap().len() }
/// ```
/// *Output*
/// ```text
/// match () { () => { m.lock().unwrap().len() } }
/// return '_body: { m.lock().unwrap().len() };
/// ```
pub(crate) fn enclosed(block: &Group, output: &ReturnType) -> TokenStream {
    let here = Span::mixed_site();
    match output {
        ReturnType::Type(_, ty) if matches!(bare(ty), Type::ImplTrait(_) | Type::Macro(_)) => {
            quote_spanned!(here=> return '_body: #block;)
        }
        _ => quote_spanned!(here=> match () { () => #block }),
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
pub(crate) fn rebindings(params: &[Rebound], there: Span) -> TokenStream {
    params.iter().map(|param| rebinding(param, there)).collect()
}

/// The same for one parameter.
pub(crate) fn rebinding(rebound: &Rebound, there: Span) -> TokenStream {
    let Rebound { attrs, mutability, ident, param, seen } = rebound;
    let here = Span::mixed_site();
    // Only lints that a second binding of the same name offends; that a parameter is unused or needlessly `mut` is still said.
    let offended = match seen {
        Seen::ByTheBody => TokenStream::new(),
        Seen::ByOthers if ident.to_string().starts_with('_') => quote_spanned! {here=>
            #[allow(clippy::shadow_same, clippy::no_effect_underscore_binding, clippy::used_underscore_binding)]
        },
        Seen::ByOthers => quote_spanned!(here=> #[allow(clippy::shadow_same)]),
    };
    let mut moved = param.clone();
    moved.set_span(there.resolved_at(param.span()));
    quote_spanned! {here=> #attrs #offended let #mutability #ident = #moved; }
}
