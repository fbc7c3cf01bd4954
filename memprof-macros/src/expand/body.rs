use proc_macro2::{Delimiter, Group, Span, TokenStream, TokenTree};
use quote::{ToTokens, quote, quote_spanned};
use syn::{Ident, LitStr, ReturnType, Signature, Type};

use crate::item::place;
use crate::params::{Rebound, Seen};
use crate::returned::{bare, has_value};
use crate::root::Root;
use crate::watch::Watch;

/// An expression for the `&'static Site` of a function. All that it declares stays inside of its braces, where no name
/// of the user's body can meet it. It is a macro of memprof's: the compiler is quicker at it than at so many tokens of
/// ours.
///
/// *Input*
/// ```text
/// fn build(…) { … }
/// ```
/// *Output*
/// ```text
/// ::memprof::__private::site!()
/// ```
/// that is
/// ```text
/// {
///     struct Marker; // its `type_name` is `crate::module::Type::build::Marker`, whatever is generic around it
///     static SITE: Site = Site::function(type_name::<Marker>, file!(), line!());
///     &SITE
/// }
/// ```
pub(crate) fn site(sig: &Signature, name: Option<&LitStr>, watch: &Watch, root: &Root) -> TokenStream {
    let (here, there) = (Span::mixed_site(), place(sig));
    let site = root.private_at(there);
    let watched = watch.setters().map(|setters| {
        let private = root.private();
        quote_spanned!(here=> .watched(#private::Watch::NOTHING #setters))
    });
    quote_spanned!(there=> #site::site!(#name #watched))
}

/// A local variable of ours. No name in the body means it, nor does it mean a parameter of the user's. Statics and
/// constants are not kept apart from locals by hygiene, so the name must be one that no program has.
pub(crate) fn hidden(name: &str, sig: &Signature, there: Span) -> Ident {
    let mut name = name.to_owned();
    while sig.generics.const_params().any(|param| param.ident == name) {
        name.push('_');
    }
    Ident::new(&name, Span::mixed_site().located_at(there))
}

/// Gives a value the name of a [`hidden`] local.
///
/// The first instructions of a function have the line of its first statement, and that of a simple local is where its
/// name is, which is ours. So the first is to make a tuple at `there`, a place of the user's.
///
/// *Output*
/// ```text
/// let (__memprof_output,) = ((::memprof::__private::output)(),);
/// ```
pub(crate) fn named(name: &Ident, value: TokenStream, there: Span) -> TokenStream {
    let (name, value) = (parenthesized(quote!(#name,), there), parenthesized(quote!(#value,), there));
    quote_spanned!(there=> let #name = #value;)
}

/// A call of one of memprof's functions that debuggers find at `there`, a place of the user's.
///
/// The compiler takes the line of a call from its first and its last token. If these came from a macro, it would be the
/// line of the attribute, which may be far above. All that lints look at, the path, stays out of their sight.
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

/// A place of the user's, by its first and its last token: what is made of tokens with these spans is marked as a whole
/// where something is wrong with it.
#[derive(Clone, Copy)]
pub(crate) struct Place {
    pub(crate) first: Span,
    pub(crate) last: Span,
}

impl Place {
    /// Of all tokens of something.
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

/// Braces of the user's around other contents. They make what they end, a function or a block, the user's own in the
/// eyes of lints, of coverage and of debuggers.
pub(crate) fn braced(tokens: TokenStream, span: Span) -> Group {
    group(Delimiter::Brace, tokens, span)
}

fn group(delimiter: Delimiter, tokens: TokenStream, span: Span) -> Group {
    let mut group = Group::new(delimiter, tokens);
    group.set_span(span);
    group
}

/// The user's body, so that everything in it is gone before what was bound before it: the scope, and the parameters,
/// which are moved into locals in their order, so that they are dropped in the scope and in the order they had.
///
/// The braces around it are ours, at the place of the user's, and so of edition 2024: there the temporaries of a block's
/// last expression end with it. In a block of the user's in edition 2021 those of `m.lock().unwrap().len()` outlive the
/// locals. It is no closure: `return`, `?` and `Location::caller()` mean what they meant, and the body knows the type
/// that is expected of it. The parentheses keep rustc from finding the inner braces needless.
///
/// An arm of a `match` ends all temporaries in it, too.
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
        // It ends where the user's body ends, so this is where it is dropped.
        Param::Name(name) if name.is_hidden() => arm(name, braced(body, braces)),
        Param::Name(name) => bound(name, body),
        Param::Stmts(stmts) => quote_spanned!(here=> #stmts #body),
    })
}

/// The user's body, by how it ends the function.
pub(crate) enum UsersBody {
    /// By its value.
    Value(Group),
    /// In a statement that returns the value.
    Returned(TokenStream),
}

/// How a parameter comes into the body.
pub(crate) enum Param {
    Name(Rebound),
    /// By other statements.
    Stmts(TokenStream),
}

/// The end of a function: the user's body.
///
/// A `match` does not tell its arms of an output `impl Fn(&str)` what kind of closure is expected; `return` does. It is
/// not used for all functions because Clippy looks for a needless `return` of the user's only where it finds none
/// before, and not around a body without a value, because then it is unreachable itself. The label keeps rustc from
/// finding the braces needless.
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

/// A parameter as the pattern of an arm: the move has the line of the pattern, which is the parameter's own. Of a `let`
/// rustc would not say that its first value is never read.
fn arm(Rebound { mutability, ident, param, .. }: &Rebound, body: Group) -> TokenStream {
    let word = Ident::new("match", body.span());
    let arms = braced(quote_spanned!(Span::mixed_site()=> #mutability #ident => #body), body.span());
    quote_spanned!(Span::mixed_site()=> #word #param #arms)
}

/// A parameter that an arm cannot bind, because attributes stand on it or others know its name.
fn bound(rebound: &Rebound, body: TokenStream) -> TokenStream {
    let Rebound { attrs, mutability, ident, param, seen, .. } = rebound;
    let here = Span::mixed_site();
    // Only lints that a second binding of the same name offends; that a parameter is unused or needlessly `mut` is
    // still said.
    let offended = match seen {
        Seen::ByTheBody => TokenStream::new(),
        Seen::ByOthers if ident.to_string().starts_with('_') => quote_spanned! {here=>
            #[allow(clippy::shadow_same, clippy::no_effect_underscore_binding, clippy::used_underscore_binding)]
        },
        Seen::ByOthers => quote_spanned!(here=> #[allow(clippy::shadow_same)]),
    };
    quote_spanned!(here=> #attrs #offended let #mutability #ident = #param; #body)
}
