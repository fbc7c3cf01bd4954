//! `#[expect(…)]` of lints that do not occur in tracked code. They become `#[allow(…)]`, because an unfulfilled
//! expectation is itself a warning.

use proc_macro2::{Delimiter, Group, Ident, Span, TokenStream, TokenTree};
use quote::{ToTokens, quote, quote_spanned};
use syn::Attribute;
use syn::parse::Parser;

/// These lints, each for the reason given in `memprof/docs/guarantees.md`.
const SILENT: [&str; 11] = [
    "clippy::boxed_local",
    "clippy::default_numeric_fallback",
    "clippy::empty_drop",
    "clippy::implicit_return",
    "clippy::let_and_return",
    "clippy::manual_async_fn",
    "clippy::missing_const_for_fn",
    "clippy::needless_pass_by_value",
    "clippy::needless_question_mark",
    "clippy::only_used_in_recursion",
    "clippy::unused_async",
];

/// The same for the attributes of a function or of a parameter.
pub(crate) fn ease(attrs: &mut Vec<Attribute>) {
    if attrs.iter().any(|attr| may_expect(attr.path().get_ident()))
        && let Ok(eased) = Attribute::parse_outer.parse2(eased(quote!(#(#attrs)*)))
    {
        *attrs = eased;
    }
}

/// Rewrites the attributes, outer and inner, at the start of `tokens`.
///
/// *Input*
/// ```text
/// #[expect(clippy::boxed_local, unused_mut, reason = "…")]
/// #[cfg_attr(condition, expect(clippy::boxed_local))]
/// ```
/// *Output*
/// ```text
/// #[allow(clippy::boxed_local, reason = "…")]
/// #[expect(unused_mut, reason = "…")]
/// #[cfg_attr(condition, allow(clippy::boxed_local))]
/// ```
pub(crate) fn eased(tokens: TokenStream) -> TokenStream {
    let mut eased = TokenStream::new();
    let mut tokens = tokens.into_iter().peekable();
    while let Some(hash) = tokens.next_if(|token| is_punct(token, '#')) {
        let bang = tokens.next_if(|token| is_punct(token, '!'));
        match tokens.next() {
            Some(TokenTree::Group(attr)) if may_expect(first_ident(&attr).as_ref()) => {
                for meta in metas(attr.stream()) {
                    let mut group = Group::new(Delimiter::Bracket, meta);
                    group.set_span(attr.span());
                    eased.extend([Some(hash.clone()), bang.clone(), Some(group.into())].into_iter().flatten());
                }
            }
            attr => eased.extend([Some(hash), bang, attr].into_iter().flatten()),
        }
    }
    eased.extend(tokens);
    eased
}

fn may_expect(name: Option<&Ident>) -> bool {
    name.is_some_and(|name| name == "expect" || name == "cfg_attr")
}

/// Splits one attribute, without its brackets, into one or two.
fn metas(meta: TokenStream) -> Vec<TokenStream> {
    let mut tokens = meta.clone().into_iter();
    let (Some(TokenTree::Ident(name)), Some(TokenTree::Group(list)), None) =
        (tokens.next(), tokens.next(), tokens.next())
    else {
        return vec![meta];
    };
    let pieces = pieces(list.stream());
    if name == "cfg_attr" {
        let within = pieces.into_iter().flat_map(metas);
        return vec![quote!(#name(#(#within),*))];
    }
    let reason: Vec<_> = pieces.iter().filter(|piece| begins_with(piece, "reason")).cloned().collect();
    let (silent, others): (Vec<_>, Vec<_>) =
        pieces.into_iter().filter(|piece| !begins_with(piece, "reason")).partition(is_silent);
    if name != "expect" || silent.is_empty() {
        return vec![meta];
    }
    let here = Span::mixed_site().located_at(name.span());
    let allowed = quote_spanned!(here=> allow(#(#silent,)* #(#reason)*));
    let expected = (!others.is_empty()).then(|| quote!(#name(#(#others,)* #(#reason)*)));
    std::iter::once(allowed).chain(expected).collect()
}

fn is_silent(lint: &TokenStream) -> bool {
    let lint = lint.to_string().replace(' ', "");
    SILENT.contains(&lint.as_str())
}

fn pieces(tokens: TokenStream) -> Vec<TokenStream> {
    let tokens: Vec<TokenTree> = tokens.into_iter().collect();
    tokens
        .split(|token| is_punct(token, ','))
        .filter(|piece| !piece.is_empty())
        .map(|piece| piece.iter().map(ToTokens::to_token_stream).collect())
        .collect()
}

fn first_ident(group: &Group) -> Option<Ident> {
    match group.stream().into_iter().next() {
        Some(TokenTree::Ident(ident)) => Some(ident),
        _ => None,
    }
}

fn begins_with(tokens: &TokenStream, name: &str) -> bool {
    matches!(tokens.clone().into_iter().next(), Some(TokenTree::Ident(ident)) if ident == name)
}

fn is_punct(token: &TokenTree, sign: char) -> bool {
    matches!(token, TokenTree::Punct(punct) if punct.as_char() == sign)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_expectation_of_what_does_not_arise_is_an_allowance() {
        for (input, output) in [
            (quote!(#[expect(clippy::boxed_local)] fn), quote!(#[allow(clippy::boxed_local,)] fn)),
            (
                quote!(#![expect(unused_mut, clippy::boxed_local, reason = "a")]),
                quote!(#![allow(clippy::boxed_local, reason = "a")] #![expect(unused_mut, reason = "a")]),
            ),
            (
                quote!(#[inline] #[cfg_attr(a, cold, expect(clippy::unused_async, b))] #[cold] fn),
                quote!(#[inline] #[cfg_attr(a, cold, allow(clippy::unused_async,), expect(b,))] #[cold] fn),
            ),
            (quote!(#[expect(unused)] #[expect] fn), quote!(#[expect(unused)] #[expect] fn)),
        ] {
            assert_eq!(eased(input).to_string(), output.to_string());
        }
    }
}
