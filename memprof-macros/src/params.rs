//! Parameters that are moved into locals, so that they are dropped inside the scope.

use proc_macro2::{Delimiter, Group, Ident, Span, TokenStream, TokenTree};
use quote::quote;
use syn::punctuated::Punctuated;
use syn::{Attribute, FnArg, Meta, Pat, PatType, Signature, Token, Type};

use crate::item::ends_in;

/// A parameter that is dropped inside the scope.
pub(crate) struct Rebound {
    /// `#[cfg(…)]` and lint levels of the parameter.
    pub(crate) attrs: TokenStream,
    pub(crate) mutability: Option<Token![mut]>,
    /// The local, as the body names it.
    pub(crate) ident: Ident,
    /// The parameter.
    pub(crate) param: Ident,
    pub(crate) named_by: NamedBy,
    /// True if the type appears to have no values: an arm that binds one would be an unreachable pattern.
    has_no_values: bool,
}

impl Rebound {
    /// True if the local shadows nothing and has no attributes, so that any pattern can bind it.
    pub(crate) fn is_hidden(&self) -> bool {
        self.named_by == NamedBy::TheBody && self.attrs.is_empty() && !self.has_no_values
    }
}

/// The code that may name the parameters.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum NamedBy {
    /// Only the body. The parameters get hidden names that read the same, so that the locals shadow nothing.
    TheBody,
    /// Another attribute macro may, as in `#[instrument(fields(rows = rows.len()))]`.
    OtherMacros,
}

/// Names that are in use in one function: that of the local in an `async fn`, and the hidden names of parameters.
pub(crate) struct Names {
    given: Vec<String>,
    /// True if the body is a `match x {}`.
    matches_nothing: bool,
}

impl Names {
    pub(crate) fn of(body: &Group) -> Self {
        Self { given: vec!["__memprof_output".to_owned()], matches_nothing: matches_nothing(body) }
    }

    /// A hidden name that reads like the user's. If two read alike, one of them from a macro, the second gets another
    /// name: otherwise both would be the same.
    fn hidden(&mut self, ident: &Ident) -> Ident {
        self.free(ident.to_string(), Span::mixed_site().located_at(ident.span()))
    }

    /// The name, or the next one that is not in use yet.
    pub(crate) fn free(&mut self, mut name: String, span: Span) -> Ident {
        while self.given.contains(&name) {
            name.push('_');
        }
        let ident = match name.strip_prefix("r#") {
            Some(raw) => Ident::new_raw(raw, span),
            None => Ident::new(&name, span),
        };
        self.given.push(name);
        ident
    }
}

/// Removes `mut` from the parameters that are dropped inside the scope, and returns these parameters in order.
///
/// These are the plain names after the last pattern. The part of a parameter that a pattern does not bind cannot be
/// moved: it is dropped after the scope, and must be dropped before the parameters in front of it.
pub(crate) fn rebind_all(sig: &mut Signature, named_by: NamedBy, body: &Group) -> Vec<Rebound> {
    let mut names = Names::of(body);
    let mut params: Vec<_> = sig
        .inputs
        .iter_mut()
        .rev()
        .map_while(|input| match input {
            FnArg::Typed(param) if never_drops(&param.ty) => Some(None),
            FnArg::Typed(param) => rebind(param, named_by, &mut names).map(Some),
            FnArg::Receiver(_) => None,
        })
        .flatten()
        .collect();
    params.reverse();
    params
}

/// The same for one parameter.
pub(crate) fn rebind(param: &mut PatType, named_by: NamedBy, names: &mut Names) -> Option<Rebound> {
    let Pat::Ident(name) = &mut *param.pat else { return None };
    if name.by_ref.is_some() || name.subpat.is_some() {
        return None;
    }
    let attrs = of_locals(&param.attrs);
    // The expected lint now occurs at the second binding and nowhere else.
    param.attrs.retain(|attr| !attr.path().is_ident("expect"));
    let ident = name.ident.clone();
    let has_no_values = names.matches_nothing || is_never(&param.ty);
    if named_by == NamedBy::TheBody {
        name.ident = names.hidden(&ident);
    }
    Some(Rebound {
        attrs,
        mutability: name.mutability.take(),
        ident,
        param: name.ident.clone(),
        named_by,
        has_no_values,
    })
}

/// The attributes of a parameter that are allowed on a local: `#[cfg(…)]`, lint levels, and these inside
/// `#[cfg_attr(…)]`. All others are read by a macro that looks for them on parameters.
pub(crate) fn of_locals(attrs: &[Attribute]) -> TokenStream {
    attrs
        .iter()
        .filter_map(|attr| {
            let meta = of_local(&attr.meta)?;
            Some(quote!(#[#meta]))
        })
        .collect()
}

fn of_local(meta: &Meta) -> Option<TokenStream> {
    const KEPT: [&str; 6] = ["allow", "cfg", "deny", "expect", "forbid", "warn"];
    if let Meta::List(list) = meta
        && list.path.is_ident("cfg_attr")
    {
        let metas = list.parse_args_with(Punctuated::<Meta, Token![,]>::parse_terminated).ok()?;
        let mut metas = metas.iter();
        let condition = metas.next()?;
        let kept: Vec<_> = metas.filter_map(of_local).collect();
        let path = &list.path;
        return (!kept.is_empty()).then(|| quote!(#path(#condition, #(#kept),*)));
    }
    KEPT.iter().any(|name| meta.path().is_ident(name)).then(|| quote!(#meta))
}

/// True if a body ends in `match x {}`, so that some parameter has a type without values.
fn matches_nothing(body: &Group) -> bool {
    let tokens: Vec<TokenTree> = body.stream().into_iter().collect();
    let is_match = |token: &TokenTree| matches!(token, TokenTree::Ident(ident) if ident == "match");
    matches!(tokens.last(), Some(TokenTree::Group(last)) if last.delimiter() == Delimiter::Brace && last.stream().is_empty())
        && tokens.iter().any(is_match)
}

/// True if a type has one of the common names of types without values.
fn is_never(ty: &Type) -> bool {
    const NAMES: [&str; 4] = ["Infallible", "Never", "Uninhabited", "Void"];
    matches!(ty, Type::Path(ty) if NAMES.iter().any(|name| ends_in(&ty.path, name)))
}

/// True if dropping a value of the type does nothing, as far as the written type shows: it can be left in place.
pub(crate) fn never_drops(ty: &Type) -> bool {
    const PRIMITIVES: [&str; 16] = [
        "bool", "char", "f32", "f64", "i128", "i16", "i32", "i64", "i8", "isize", "u128", "u16", "u32", "u64", "u8",
        "usize",
    ];
    match ty {
        Type::Reference(_) | Type::Ptr(_) | Type::Never(_) | Type::FnPtr(_) => true,
        Type::Group(group) => never_drops(&group.elem),
        Type::Paren(paren) => never_drops(&paren.elem),
        Type::Array(array) => never_drops(&array.elem),
        Type::Tuple(tuple) => tuple.elems.iter().all(never_drops),
        Type::Path(ty) => ty.qself.is_none() && PRIMITIVES.iter().any(|name| ty.path.is_ident(name)),
        _ => false,
    }
}
