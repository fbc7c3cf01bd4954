use proc_macro2::{Delimiter, Group, Span, TokenStream, TokenTree};

/// The kind of an item, determined from its first tokens alone.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum ItemKind {
    Function,
    /// `safe fn`, which can only stand in an `extern` block.
    SafeForeignFunction,
    /// `impl`, `mod` or `trait`, as named in a message.
    Block(&'static str),
    ExternBlock,
    /// A closure, a block or another expression, next to which no item can stand.
    Expression(&'static str),
    /// A statement that only declares a local.
    Let,
    /// Anything else, as named in a message.
    Other(&'static str),
}

/// The kind, and the token that identifies it.
pub(crate) fn classify(tokens: &[TokenTree]) -> (ItemKind, Span) {
    let start = after_attributes_and_visibility(tokens);
    let rest = tokens.get(start..).unwrap_or_default();
    let span = rest.first().map_or_else(Span::call_site, TokenTree::span);
    // `const`, `unsafe` and similar keywords stand before a function, but also before other items.
    for (at, token) in rest.iter().enumerate() {
        let next = rest.get(at + 1);
        let kind = match word(token).as_str() {
            "fn" => ItemKind::Function,
            "safe" => ItemKind::SafeForeignFunction,
            "extern" if next.map(word).as_deref() == Some("crate") => ItemKind::Other("an `extern crate`"),
            "extern" if opens_block(&rest[at + 1..]) => ItemKind::ExternBlock,
            "const" | "static" if next.is_some_and(begins_closure) => continue,
            "const" if next.is_some_and(names_a_constant) => ItemKind::Other("a constant"),
            "static" => ItemKind::Other("a static"),
            "async" | "auto" | "const" | "default" | "extern" | "move" | "unsafe" => continue,
            "impl" => ItemKind::Block("an `impl` block"),
            "mod" => ItemKind::Block("a module"),
            "trait" => ItemKind::Block("a trait"),
            "struct" => ItemKind::Other("a struct"),
            "enum" => ItemKind::Other("an enum"),
            "union" => ItemKind::Other("a union"),
            "type" => ItemKind::Other("a type"),
            "use" => ItemKind::Other("a `use`"),
            "let" => ItemKind::Let,
            "macro_rules" => ItemKind::Other("a macro"),
            "|" => ItemKind::Expression("a closure"),
            _ if at > 0 && is_literal(token) => continue, // The ABI after `extern`.
            _ => ItemKind::Expression("an expression"),
        };
        return (kind, token.span());
    }
    (ItemKind::Other("nothing"), span)
}

/// Flattens a macro fragment (`$item:item`), which is one invisible group, with or without attributes before it.
pub(crate) fn flat(item: &TokenStream) -> Vec<TokenTree> {
    let mut tokens: Vec<TokenTree> = item.clone().into_iter().collect();
    if let Some(last) = tokens.len().checked_sub(1)
        && after_attributes_and_visibility(&tokens) == last
        && let TokenTree::Group(group) = &tokens[last]
        && group.delimiter() == Delimiter::None
    {
        let item = flat(&group.stream());
        tokens.truncate(last);
        tokens.extend(item);
    }
    tokens
}

pub(crate) fn after_attributes_and_visibility(tokens: &[TokenTree]) -> usize {
    let mut at = 0;
    while tokens.get(at).is_some_and(|token| is_punct(token, '#')) {
        at += 2;
    }
    match tokens.get(at) {
        Some(TokenTree::Group(group)) if is_visibility(group) => at + 1,
        Some(token) if word(token) == "pub" => match tokens.get(at + 1) {
            Some(TokenTree::Group(group)) if group.delimiter() == Delimiter::Parenthesis => at + 2,
            _ => at + 1,
        },
        _ => at,
    }
}

/// `$vis:vis`, which may also be empty.
fn is_visibility(group: &Group) -> bool {
    let tokens: Vec<TokenTree> = group.stream().into_iter().collect();
    group.delimiter() == Delimiter::None && after_attributes_and_visibility(&tokens) == tokens.len()
}

/// The keyword or punctuation of a token; empty for groups and literals.
fn word(token: &TokenTree) -> String {
    match token {
        TokenTree::Ident(ident) => ident.to_string(),
        TokenTree::Punct(punct) => punct.to_string(),
        TokenTree::Group(_) | TokenTree::Literal(_) => String::new(),
    }
}

fn names_a_constant(token: &TokenTree) -> bool {
    matches!(token, TokenTree::Ident(_))
        && !matches!(word(token).as_str(), "async" | "extern" | "fn" | "impl" | "move" | "safe" | "trait" | "unsafe")
}

fn begins_closure(token: &TokenTree) -> bool {
    matches!(word(token).as_str(), "|" | "move")
}

/// True if an `extern` block follows, with or without an ABI.
fn opens_block(after_extern: &[TokenTree]) -> bool {
    let block = match after_extern {
        [abi, block, ..] if is_literal(abi) => block,
        [block, ..] => block,
        [] => return false,
    };
    matches!(block, TokenTree::Group(group) if group.delimiter() == Delimiter::Brace)
}

fn is_literal(token: &TokenTree) -> bool {
    matches!(token, TokenTree::Literal(_))
}

fn is_punct(token: &TokenTree, what: char) -> bool {
    matches!(token, TokenTree::Punct(punct) if punct.as_char() == what)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tokens(text: &str) -> Vec<TokenTree> {
        text.parse::<TokenStream>().expect("tokens").into_iter().collect()
    }

    #[test]
    fn an_item_is_told_by_its_first_tokens() {
        use ItemKind::{Block, Expression, ExternBlock, Function, Let, Other, SafeForeignFunction};
        for (text, kind) in [
            ("fn f() {}", Function),
            ("#[a] #[b(c)] pub(in crate::d) const async unsafe extern \"C\" fn f() {}", Function),
            ("pub extern fn f() {}", Function),
            ("default unsafe fn f() {}", Function),
            ("safe fn f();", SafeForeignFunction),
            ("extern \"C\" { fn f(); }", ExternBlock),
            ("unsafe extern { }", ExternBlock),
            ("extern crate a;", Other("an `extern crate`")),
            ("unsafe impl A for B {}", Block("an `impl` block")),
            ("default impl A for B {}", Block("an `impl` block")),
            ("unsafe auto trait A {}", Block("a trait")),
            ("pub(crate) mod a {}", Block("a module")),
            ("const A: fn() = b;", Other("a constant")),
            ("const _: () = ();", Other("a constant")),
            ("static mut A: u8 = 1;", Other("a static")),
            ("union A { b: u8 }", Other("a union")),
            ("macro_rules! a { () => {} }", Other("a macro")),
            ("let a = 1;", Let),
            ("move || 1", Expression("a closure")),
            ("async move |a| a", Expression("a closure")),
            ("static || 1", Expression("a closure")),
            ("1 + 1", Expression("an expression")),
            ("async { 1 }", Expression("an expression")),
            ("", Other("nothing")),
            ("#[a]", Other("nothing")),
        ] {
            assert_eq!(classify(&tokens(text)).0, kind, "{text}");
        }
    }

    #[test]
    fn fragments_of_macros_are_opened() {
        let group = |text: &str| {
            let group = Group::new(Delimiter::None, text.parse().expect("tokens"));
            TokenStream::from(TokenTree::Group(group))
        };
        let text = |tokens: Vec<TokenTree>| tokens.into_iter().collect::<TokenStream>().to_string();
        assert_eq!(text(flat(&group("fn f() {}"))), text(tokens("fn f() {}")));
        let mut marked: TokenStream = "#[a] pub".parse().expect("tokens");
        marked.extend(group("fn f() {}"));
        assert_eq!(text(flat(&marked)), text(tokens("#[a] pub fn f() {}")));
        // A visibility is a fragment too, and no item.
        let mut visible = group("pub(crate)");
        visible.extend("fn f() {}".parse::<TokenStream>());
        assert_eq!(flat(&visible).len(), 5);
        assert_eq!(classify(&flat(&visible)).0, ItemKind::Function);
    }
}
