use proc_macro2::{Delimiter, Span, TokenStream, TokenTree};
use syn::parse::Parser;
use syn::punctuated::Punctuated;
use syn::{Attribute, Meta, Token};

use crate::classify::{after_attributes_and_visibility, flat};
use crate::item::{Item, ends_in};

/// An `impl` block, a module or a trait, split into its items. Only functions and nested blocks are read: errors in
/// other items, and syntax that is new to this parser, are left to the compiler.
pub(crate) struct Block {
    /// "an `impl` block", "a module" or "a trait".
    pub(crate) kind: &'static str,
    /// The token of that keyword.
    pub(crate) span: Span,
    pub(crate) attrs: Vec<Attribute>,
    /// Everything before the braces, including attributes.
    pub(crate) head: TokenStream,
    /// None for `mod name;`.
    pub(crate) body: Option<Members>,
}

/// The contents of the braces of a block.
pub(crate) struct Members {
    pub(crate) braces: Span,
    pub(crate) members: Vec<Member>,
}

/// One item in a block.
pub(crate) struct Member {
    /// The whole item, as the user wrote it.
    pub(crate) tokens: TokenStream,
    /// Its documentation, which `item` does not include.
    pub(crate) docs: TokenStream,
    /// None if it has its own `#[track_memory]`, with or without `skip`, which handles it later.
    pub(crate) item: Option<Item>,
    /// The conditions under which a `#[cfg_attr(condition, track_memory)]` gives it one.
    pub(crate) unless: Vec<TokenStream>,
}

impl Block {
    pub(crate) fn read(tokens: &[TokenTree], kind: &'static str, span: Span) -> Self {
        let (head, body) = match tokens.split_last() {
            Some((TokenTree::Group(group), head)) if group.delimiter() == Delimiter::Brace => {
                let members = split(group.stream()).into_iter().map(Member::read).collect();
                (head, Some(Members { braces: group.span(), members }))
            }
            _ => (tokens, None),
        };
        Self { kind, span, attrs: outer_attrs(head), head: head.iter().cloned().collect(), body }
    }

    /// The place of `GlobalAlloc` in `impl … GlobalAlloc for …`. A scope in each allocation would keep everything from
    /// being counted.
    pub(crate) fn of_global_allocator(&self) -> Option<Span> {
        let mut name = None;
        for token in self.head.clone() {
            let TokenTree::Ident(ident) = token else {
                name = None;
                continue;
            };
            if ident == "for" && name.is_some() {
                return name;
            }
            name = (ident == "GlobalAlloc").then(|| ident.span());
        }
        None
    }
}

impl Member {
    fn read(tokens: TokenStream) -> Self {
        let mut unless = Vec::new();
        let begins_with_hash = |token: &TokenTree| !matches!(token, TokenTree::Ident(_));
        // Most functions have no attributes and do not come from a macro.
        if !tokens.clone().into_iter().next().as_ref().is_some_and(begins_with_hash) {
            let item = Some(Item::read(&tokens));
            return Self { tokens, docs: TokenStream::new(), item, unless };
        }
        let (docs, rest) = split_docs(flat(&tokens));
        for attr in outer_attrs(&rest) {
            if ends_in(attr.path(), "track_memory") {
                return Self { tokens, docs, item: None, unless };
            }
            unless.extend(condition_of_own(&attr));
        }
        let item = Some(Item::of(rest));
        Self { tokens, docs, item, unless }
    }
}

/// Splits off the documentation of an item, which may be long and need not be parsed.
pub(crate) fn split_docs(tokens: Vec<TokenTree>) -> (TokenStream, Vec<TokenTree>) {
    let is_doc = |attr: &TokenTree| {
        let TokenTree::Group(attr) = attr else { return false };
        matches!(attr.stream().into_iter().next(), Some(TokenTree::Ident(name)) if name == "doc")
    };
    let (mut docs, mut rest) = (Vec::new(), Vec::new());
    let mut tokens = tokens.into_iter().peekable();
    while let Some(TokenTree::Punct(hash)) = tokens.next_if(|token| matches!(token, TokenTree::Punct(_))) {
        let to = if hash.as_char() == '#' && tokens.peek().is_some_and(is_doc) { &mut docs } else { &mut rest };
        to.push(TokenTree::Punct(hash));
        to.extend(tokens.next());
    }
    rest.extend(tokens);
    (docs.into_iter().collect(), rest)
}

/// `#[cfg_attr(condition, …, track_memory(…), …)]` → `condition`.
fn condition_of_own(attr: &Attribute) -> Option<TokenStream> {
    let Meta::List(list) = &attr.meta else { return None };
    if !attr.path().is_ident("cfg_attr") {
        return None;
    }
    let metas = list.parse_args_with(Punctuated::<Meta, Token![,]>::parse_terminated).ok()?;
    let mut metas = metas.into_iter();
    let condition = metas.next()?;
    metas.any(|meta| ends_in(meta.path(), "track_memory")).then(|| quote::quote!(#condition))
}

/// The attributes above an item. None if they cannot be parsed, which the compiler reports. Nothing else is parsed.
fn outer_attrs(tokens: &[TokenTree]) -> Vec<Attribute> {
    let is_hash = |token: &TokenTree| matches!(token, TokenTree::Punct(punct) if punct.as_char() == '#');
    let mut end = 0;
    while tokens.get(end).is_some_and(is_hash) {
        end += 2;
    }
    if end == 0 {
        return Vec::new();
    }
    Attribute::parse_outer.parse2(tokens.iter().take(end).cloned().collect()).unwrap_or_default()
}

/// Splits the inside of a block at the ends of its items.
fn split(tokens: TokenStream) -> Vec<TokenStream> {
    let tokens: Vec<TokenTree> = tokens.into_iter().collect();
    let mut rest = tokens.as_slice();
    let mut items = Vec::new();
    while !rest.is_empty() {
        let (item, after) = rest.split_at_checked(length(rest)).unwrap_or((rest, &[]));
        items.push(item.iter().cloned().collect());
        rest = after;
    }
    items
}

/// Number of tokens of the first item: at least one.
fn length(tokens: &[TokenTree]) -> usize {
    if let [TokenTree::Punct(hash), TokenTree::Punct(bang), ..] = tokens
        && (hash.as_char(), bang.as_char()) == ('#', '!')
    {
        return 3; // `#![…]`
    }
    let start = after_attributes_and_visibility(tokens);
    let item = tokens.get(start..).unwrap_or_default();
    match item.first() {
        // `$item:item`
        Some(TokenTree::Group(group)) if group.delimiter() == Delimiter::None => start + 1,
        _ => start + end(item),
    }
}

/// The index after the braces that end an item, or else after its semicolon. A constant may be split at the braces in
/// its value: none of the parts begins like a function or a block, and they are put together again unchanged.
fn end(item: &[TokenTree]) -> usize {
    // In `A<{ N + 1 }>` the braces are an argument.
    let mut angles = 0_usize;
    let mut before = ' ';
    for (at, token) in item.iter().enumerate() {
        let sign = match token {
            TokenTree::Punct(punct) => punct.as_char(),
            TokenTree::Group(_) if angles == 0 && is_braced(token) => return at + 1,
            _ => ' ',
        };
        match sign {
            ';' => return at + 1,
            '<' => angles += 1,
            // The arrow of a return type does not close an angle bracket.
            '>' if before != '-' => angles = angles.saturating_sub(1),
            _ => {}
        }
        before = sign;
    }
    item.len()
}

/// True for braces, including those of a `$body:block`.
fn is_braced(token: &TokenTree) -> bool {
    let TokenTree::Group(group) = token else { return false };
    match group.delimiter() {
        Delimiter::Brace => true,
        Delimiter::None => group.stream().into_iter().next().is_some_and(|first| is_braced(&first)),
        _ => false,
    }
}
