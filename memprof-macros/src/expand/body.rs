use proc_macro2::{Delimiter, Group, Span, TokenStream, TokenTree};
use quote::{ToTokens, quote, quote_spanned};
use syn::{Ident, LitStr, ReturnType, Signature, Type};

use crate::item::place;
use crate::limits::LimitArgs;
use crate::params::{NamedBy, Rebound};
use crate::returned::{bare, has_value};
use crate::root::Root;

/// An expression for the `&'static Site` of a function. All its declarations stay inside its braces, where they cannot
/// collide with a name in the user's body. It is a macro of memprof: the compiler expands it faster than it parses that
/// many generated tokens.
///
/// *Input*
/// ```text
/// fn build(…) { … }
/// ```
/// *Output*
/// ```text
/// ::memprof::__private::site!()
/// ```
/// which is
/// ```text
/// {
///     enum Marker {} // its `type_name` is `crate::module::Type::build::Marker`, whatever is generic around it
///     static SITE: Site = Site::function(type_name::<Marker>, file!(), line!());
///     &SITE
/// }
/// ```
pub(crate) fn site(sig: &Signature, name: Option<&LitStr>, limits: &LimitArgs, root: &Root) -> TokenStream {
    let (here, there) = (Span::mixed_site(), place(sig));
    let site = root.private_at(there);
    let with_limits = limits.setters().map(|setters| {
        let private = root.private();
        quote_spanned!(here=> .with_limits(#private::Limits::NOTHING #setters))
    });
    quote_spanned!(there=> #site::site!(#name #with_limits))
}

/// A hidden local variable. No name in the body refers to it, and it does not refer to a parameter of the user. Hygiene
/// does not separate statics and constants from locals, so the name must be one that no program uses.
pub(crate) fn hidden(name: &str, sig: &Signature, there: Span) -> Ident {
    let mut name = name.to_owned();
    while sig.generics.const_params().any(|param| param.ident == name) {
        name.push('_');
    }
    Ident::new(&name, Span::mixed_site().located_at(there))
}

/// Gives a value the name of a [`hidden`] local.
///
/// The first instructions of a function have the line of its first statement, and for a simple local that is the line
/// of its name, which is generated. So the first statement creates a tuple at `there`, a location in the user's code.
///
/// *Output*
/// ```text
/// let (__memprof_output,) = ((::memprof::__private::output)(),);
/// ```
pub(crate) fn named(name: &Ident, value: TokenStream, there: Span) -> TokenStream {
    let (name, value) = (parenthesized(quote!(#name,), there), parenthesized(quote!(#value,), there));
    quote_spanned!(there=> let #name = #value;)
}

/// A call of one of memprof's functions that debuggers find at `there`, a location in the user's code.
///
/// The compiler takes the line of a call from its first and its last token. If these came from a macro, it would be the
/// line of the attribute, which may be far above. The path, which lints look at, stays hidden from them.
///
/// *Output*
/// ```text
/// (::memprof::__private::enter)(&SITE)
/// ```
pub(crate) fn call(path: TokenStream, arguments: TokenStream, there: impl Into<Place>) -> TokenStream {
    let Place { first, last } = there.into();
    let (path, arguments) = (parenthesized(path, first), parenthesized(arguments, last));
    quote_spanned!(first=> #path #arguments)
}

/// A location in the user's code, by its first and its last token: an error in tokens with these spans marks the whole
/// range.
#[derive(Clone, Copy)]
pub(crate) struct Place {
    pub(crate) first: Span,
    pub(crate) last: Span,
}

impl Place {
    /// The location of all given tokens.
    pub(crate) fn of(tokens: &impl ToTokens) -> Self {
        let tokens: Vec<TokenTree> = tokens.to_token_stream().into_iter().collect();
        let first = tokens.first().map_or_else(Span::mixed_site, TokenTree::span);
        Self { first, last: tokens.last().map_or(first, TokenTree::span) }
    }
}

impl From<Span> for Place {
    fn from(span: Span) -> Self {
        Self { first: span, last: span }
    }
}

pub(crate) fn parenthesized(tokens: TokenStream, span: Span) -> Group {
    group(Delimiter::Parenthesis, tokens, span)
}

/// The user's braces with other contents. Lints, coverage and debuggers then see the function or block that they end as
/// the user's own.
pub(crate) fn braced(tokens: TokenStream, span: Span) -> Group {
    group(Delimiter::Brace, tokens, span)
}

fn group(delimiter: Delimiter, tokens: TokenStream, span: Span) -> Group {
    let mut group = Group::new(delimiter, tokens);
    group.set_span(span);
    group
}

/// Encloses the user's body, so that everything in it is dropped before the values bound outside of it: the scope, and
/// the parameters. The parameters are moved into locals in their order, so that they are dropped in the scope and in
/// their original order.
///
/// The braces around the body are generated, at the location of the user's, and so belong to edition 2024, in which the
/// temporaries of a block's last expression end with it. In a block of the user's in edition 2021 those of
/// `m.lock().unwrap().len()` outlive the locals. The body is not a closure: `return`, `?` and `Location::caller()` keep
/// their meaning, and the body has its expected type. The parentheses avoid rustc's warning about needless inner
/// braces.
///
/// An arm of a `match` also ends all temporaries in it.
///
/// *Input*
/// ```text
/// fn f() -> usize { m.lock().unwrap().len() }
/// fn g(a: A, mut b: B) -> usize { m.lock().unwrap().len() }
/// ```
/// *Output*
/// ```text
/// { ({ m.lock().unwrap().len() }) }
/// match a { a => { match b { mut b => { m.lock().unwrap().len() } } } }
/// ```
pub(crate) fn enclosed(params: &[Param], body: UsersBody, braces: Span) -> TokenStream {
    let here = Span::mixed_site();
    let (rest, body) = match (params, body) {
        ([rest @ .., Param::Name(last)], UsersBody::Value(block)) if last.is_hidden() => (rest, arm(last, block)),
        (_, UsersBody::Value(block)) => {
            let block = parenthesized(block.into_token_stream(), here);
            (params, braced(block.into_token_stream(), here.located_at(braces)).into_token_stream())
        }
        (_, UsersBody::Returned(statement)) => (params, statement),
    };
    rest.iter().rev().fold(body, |body, param| match param {
        // It ends with the user's body, so it is dropped here.
        Param::Name(name) if name.is_hidden() => arm(name, braced(body, braces)),
        Param::Name(name) => bound(name, body),
        Param::Stmts(stmts) => quote_spanned!(here=> #stmts #body),
    })
}

/// The user's body, which first says how many items the call has, if there is the argument `items`.
///
/// *Output*
/// ```text
/// { (::memprof::__private::items_at_entry)(points.len()); … }
/// ```
pub(crate) fn with_items(block: Group, limits: &LimitArgs, root: &Root) -> Group {
    let Some(items) = limits.items() else { return block };
    let here = Span::mixed_site();
    let private = root.private();
    let said = call(quote_spanned!(here=> #private::items_at_entry), items.clone(), Place::of(items));
    let code = block.stream();
    braced(quote_spanned!(here=> #said; #code), block.span())
}

/// The user's body, by the way it ends the function.
pub(crate) enum UsersBody {
    /// It ends with a value.
    Value(Group),
    /// It ends in a statement that returns the value.
    Returned(TokenStream),
}

/// The way a parameter gets into the body.
pub(crate) enum Param {
    Name(Rebound),
    /// By other statements.
    Stmts(TokenStream),
}

/// The end of a function: the user's body.
///
/// For an output `impl Fn(&str)` a `match` does not tell its arms the expected kind of closure; `return` does. It is
/// not used for all functions, because Clippy only looks for a needless `return` of the user if it finds none before
/// it. It is not used for a body without a value either, because then it is itself unreachable. The label avoids
/// rustc's warning about needless braces.
///
/// *Output*
/// ```text
/// return '_body: { m.lock().unwrap().len() };
/// ```
pub(crate) fn body(block: Group, output: &ReturnType, params: &[Param]) -> UsersBody {
    let is_opaque =
        || matches!(output, ReturnType::Type(_, ty) if matches!(bare(ty), Type::ImplTrait(_) | Type::Macro(_)));
    if !params.is_empty() && is_opaque() && has_value(&block) {
        return UsersBody::Returned(quote_spanned!(Span::mixed_site()=> return '_body: #block;));
    }
    UsersBody::Value(block)
}

/// A parameter as the pattern of an arm: the move has the line of the pattern, which is the parameter's own. With a
/// `let`, rustc would not warn that the parameter's first value is never read.
fn arm(Rebound { mutability, ident, param, .. }: &Rebound, body: Group) -> TokenStream {
    let word = Ident::new("match", body.span());
    let arms = braced(quote_spanned!(Span::mixed_site()=> #mutability #ident => #body), body.span());
    quote_spanned!(Span::mixed_site()=> #word #param #arms)
}

/// A parameter that an arm cannot bind, because it has attributes or other macros know its name.
fn bound(rebound: &Rebound, body: TokenStream) -> TokenStream {
    let Rebound { attrs, mutability, ident, param, named_by, .. } = rebound;
    let here = Span::mixed_site();
    // Only lints about a second binding of the same name; rustc still warns if a parameter is unused or needlessly
    // `mut`.
    let offended = match named_by {
        NamedBy::TheBody => TokenStream::new(),
        NamedBy::OtherMacros if ident.to_string().starts_with('_') => quote_spanned! {here=>
            #[allow(clippy::shadow_same, clippy::no_effect_underscore_binding, clippy::used_underscore_binding)]
        },
        NamedBy::OtherMacros => quote_spanned!(here=> #[allow(clippy::shadow_same)]),
    };
    quote_spanned!(here=> #attrs #offended let #mutability #ident = #param; #body)
}
