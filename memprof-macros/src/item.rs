use proc_macro2::{Delimiter, Group, Span, TokenStream, TokenTree};
use syn::parse::{ParseStream, Parser};
use syn::{Attribute, Error, Path, Result, Signature, Token, Visibility};

use crate::classify::{ItemKind, classify, flat};

mod block;

pub(crate) use block::{Block, Member, Members, split_docs};

/// The item under the attribute.
pub(crate) enum Item {
    Function(Box<Function>),
    /// A function that ends in `;`: in a trait, or in an `extern` block.
    WithoutBody(Box<Signature>),
    Block(Box<Block>),
    /// Neither; the span is that of the token that identifies it.
    Other(ItemKind, Span),
    /// A function whose signature this version of the parser does not know.
    Unreadable(Error),
}

/// A function, parsed only as far as needed.
pub(crate) struct Function {
    pub(crate) attrs: Vec<Attribute>,
    pub(crate) vis: Visibility,
    pub(crate) sig: Signature,
    pub(crate) body: Body,
}

/// The body stays raw tokens: its contents do not matter here, and a half-typed body must still reach the compiler.
pub(crate) struct Body {
    /// `#![…]` and `//!` at its start. They must stay first in the function.
    pub(crate) inner_attrs: TokenStream,
    /// The rest, in the user's own braces.
    pub(crate) block: Group,
}

impl Item {
    pub(crate) fn read(tokens: &TokenStream) -> Self {
        Self::of(flat(tokens))
    }

    /// Like [`read`](Self::read), for tokens that are [`flat`] already.
    pub(crate) fn of(tokens: Vec<TokenTree>) -> Self {
        match classify(&tokens) {
            (ItemKind::Function, _) => function(tokens).unwrap_or_else(Self::Unreadable),
            (ItemKind::Block(kind), span) => Self::Block(Box::new(Block::read(&tokens, kind, span))),
            (kind, span) => Self::Other(kind, span),
        }
    }
}

/// Parses only the part before the body.
fn function(mut tokens: Vec<TokenTree>) -> Result<Item> {
    let head = |input: ParseStream<'_>| Ok((input.call(Attribute::parse_outer)?, input.parse()?, input.parse()?));
    let body = match tokens.pop() {
        Some(TokenTree::Group(group)) if is_braced(&group) => Body::read(visible(group)),
        last => {
            // It has no body, or is not (or not yet) a function: a parser finds the error.
            tokens.extend(last);
            let without_body = |input: ParseStream<'_>| {
                let (_, _, sig): (_, Visibility, Signature) = head(input)?;
                if input.parse::<Option<Token![;]>>()?.is_some() {
                    return Ok(Item::WithoutBody(Box::new(sig)));
                }
                let token: TokenTree = input.parse()?;
                Err(Error::new(token.span(), "expected the body of the function"))
            };
            return without_body.parse2(tokens.into_iter().collect());
        }
    };
    let (attrs, vis, sig) = head.parse2(tokens.into_iter().collect())?;
    Ok(Item::Function(Box::new(Function { attrs, vis, sig, body })))
}

impl Body {
    fn read(braces: Group) -> Self {
        let mut rest = braces.stream().into_iter();
        let mut inner_attrs = TokenStream::new();
        // `#![…]`. A body that begins with `#[…]` begins with an attribute of its first statement.
        let mut tokens = braces.stream().into_iter();
        while let (Some(TokenTree::Punct(hash)), Some(TokenTree::Punct(bang)), Some(TokenTree::Group(attr))) =
            (tokens.next(), tokens.next(), tokens.next())
            && (hash.as_char(), bang.as_char()) == ('#', '!')
        {
            inner_attrs.extend([TokenTree::Punct(hash), TokenTree::Punct(bang), TokenTree::Group(attr)]);
            rest.by_ref().take(3).for_each(drop);
        }
        if inner_attrs.is_empty() {
            return Self { inner_attrs, block: braces };
        }
        let mut block = Group::new(Delimiter::Brace, rest.collect());
        block.set_span(braces.span());
        Self { inner_attrs, block }
    }
}

/// The location of a function for debuggers and reports: at the `fn` in the line of its name.
///
/// At the name itself, editors would take generated items for further definitions of it. If a macro generated the
/// function, the name may be the only token that is the user's.
pub(crate) fn place(sig: &Signature) -> Span {
    let (keyword, name) = (sig.fn_token.span, sig.ident.span());
    if !proc_macro::is_available() {
        return name;
    }
    let (at_keyword, at_name) = (keyword.unwrap(), name.unwrap());
    if at_keyword.line() == at_name.line() && at_keyword.file() == at_name.file() { keyword } else { name }
}

/// The body of a function that a macro generates (`$body:block`) is in an invisible group.
fn visible(group: Group) -> Group {
    match group.stream().into_iter().next() {
        Some(TokenTree::Group(inner)) if group.delimiter() == Delimiter::None => visible(inner),
        _ => group,
    }
}

fn is_braced(group: &Group) -> bool {
    match group.delimiter() {
        Delimiter::Brace => true,
        Delimiter::None => match group.stream().into_iter().next() {
            Some(TokenTree::Group(inner)) => is_braced(&inner),
            _ => false,
        },
        _ => false,
    }
}

/// True if the path's last name is `name`, whatever comes before it.
pub(crate) fn ends_in(path: &Path, name: &str) -> bool {
    path.segments.last().is_some_and(|segment| segment.ident == name)
}
