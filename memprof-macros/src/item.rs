use proc_macro2::{Delimiter, Group, Span, TokenStream, TokenTree};
use syn::parse::{Parse, ParseStream, Parser};
use syn::{Attribute, Error, Path, Result, Signature, Token, Visibility};

use crate::block::Block;
use crate::classify::{Kind, classify, flat};

/// What stands under the attribute.
pub(crate) enum Item {
    Function(Box<Function>),
    /// A function that ends in `;`: in a trait, or in an `extern` block.
    WithoutBody(Box<Signature>),
    Block(Box<Block>),
    /// Neither; the span is that of the token that says so.
    Other(Kind, Span),
    /// A function whose signature this version of the parser does not know.
    Unreadable(Error),
}

/// A function, taken apart only as far as needed.
pub(crate) struct Function {
    pub(crate) attrs: Vec<Attribute>,
    pub(crate) vis: Visibility,
    pub(crate) sig: Signature,
    pub(crate) body: Body,
}

/// The body stays raw tokens: nothing in it matters here, and what the user has only half typed must still reach the
/// compiler.
pub(crate) struct Body {
    /// `#![…]` and `//!` at its start. They must stay the first thing in the function.
    pub(crate) inner_attrs: TokenStream,
    /// The rest, in the user's own braces.
    pub(crate) block: Group,
}

impl Item {
    pub(crate) fn read(tokens: &TokenStream) -> Self {
        let tokens = flat(tokens);
        match classify(&tokens) {
            (Kind::Function, _) => parse_function.parse2(tokens.into_iter().collect()).unwrap_or_else(Self::Unreadable),
            (Kind::Block(kind), span) => Self::Block(Box::new(Block::read(&tokens, kind, span))),
            (kind, span) => Self::Other(kind, span),
        }
    }
}

fn parse_function(input: ParseStream<'_>) -> Result<Item> {
    let attrs = input.call(Attribute::parse_outer)?;
    let vis = input.parse()?;
    let sig = input.parse()?;
    if input.parse::<Option<Token![;]>>()?.is_some() {
        return Ok(Item::WithoutBody(Box::new(sig)));
    }
    let body = input.parse()?;
    Ok(Item::Function(Box::new(Function { attrs, vis, sig, body })))
}

impl Parse for Body {
    fn parse(input: ParseStream<'_>) -> Result<Self> {
        let braces = match input.parse()? {
            TokenTree::Group(group) => visible(group),
            other => return Err(Error::new(other.span(), "expected the body of the function")),
        };
        let split = |input: ParseStream<'_>| {
            let attrs = input.call(Attribute::parse_inner)?;
            Ok((quote::quote!(#(#attrs)*), input.parse::<TokenStream>()?))
        };
        // Inner attributes that cannot be read are left where they are: the compiler says it better.
        let (inner_attrs, code) =
            split.parse2(braces.stream()).unwrap_or_else(|_| (TokenStream::new(), braces.stream()));
        let mut block = Group::new(Delimiter::Brace, code);
        block.set_span(braces.span());
        Ok(Self { inner_attrs, block })
    }
}

/// The body of a function made by a macro (`$body:block`) stands in an invisible group.
fn visible(group: Group) -> Group {
    match group.stream().into_iter().next() {
        Some(TokenTree::Group(inner)) if group.delimiter() == Delimiter::None => visible(inner),
        _ => group,
    }
}

/// Whether the path's last name is `name`, however the user reaches it.
pub(crate) fn ends_in(path: &Path, name: &str) -> bool {
    path.segments.last().is_some_and(|segment| segment.ident == name)
}
