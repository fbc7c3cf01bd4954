use proc_macro2::{Delimiter, Span, TokenStream, TokenTree};

/// What an attribute was put on, told from the first tokens alone.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    Function,
    /// `safe fn`, which only stands in an `extern` block.
    SafeForeignFunction,
    /// `impl`, `mod`, `trait` or an `extern` block.
    Container(&'static str),
    Closure,
    /// Anything else, by the words for it in a message.
    Other(&'static str),
}

/// The kind and the token that gave it away.
pub(crate) fn classify(item: &TokenStream) -> (Kind, Span) {
    let tokens = flat(item);
    let start = after_attributes_and_visibility(&tokens);
    let rest = tokens.get(start..).unwrap_or_default();
    let span = rest.first().map_or_else(Span::call_site, TokenTree::span);
    // `const`, `unsafe` and their like stand before a function, but also before other things.
    for (at, token) in rest.iter().enumerate() {
        let next = rest.get(at + 1);
        let kind = match word(token).as_str() {
            "fn" => Kind::Function,
            "safe" => Kind::SafeForeignFunction,
            "extern" if matches!(next, Some(TokenTree::Literal(_))) => continue,
            "extern" if next.map(word).as_deref() == Some("crate") => Kind::Other("an `extern crate`"),
            "extern" if next.is_some_and(is_block) => Kind::Container("an `extern` block"),
            "const" | "static" if next.is_some_and(begins_closure) => continue,
            "const" if next.is_some_and(names_a_constant) => Kind::Other("a constant"),
            "static" => Kind::Other("a static"),
            "async" | "auto" | "const" | "default" | "extern" | "move" | "unsafe" => continue,
            "impl" => Kind::Container("an `impl` block"),
            "mod" => Kind::Container("a module"),
            "trait" => Kind::Container("a trait"),
            "struct" => Kind::Other("a struct"),
            "enum" => Kind::Other("an enum"),
            "union" => Kind::Other("a union"),
            "type" => Kind::Other("a type"),
            "use" => Kind::Other("a `use`"),
            "let" => Kind::Other("a `let` statement"),
            "macro_rules" => Kind::Other("a macro"),
            "|" => Kind::Closure,
            _ if matches!(token, TokenTree::Literal(_)) && at > 0 => continue, // The ABI after `extern`.
            _ if is_block(token) && at > 0 && word(&rest[at - 1]).is_empty() => Kind::Container("an `extern` block"),
            _ => Kind::Other("an expression"),
        };
        return (kind, token.span());
    }
    (Kind::Other("nothing"), span)
}

/// A macro fragment (`$item:item`) comes as one invisible group.
pub(crate) fn flat(item: &TokenStream) -> Vec<TokenTree> {
    let tokens: Vec<TokenTree> = item.clone().into_iter().collect();
    match tokens.as_slice() {
        [TokenTree::Group(group)] if group.delimiter() == Delimiter::None => flat(&group.stream()),
        _ => tokens,
    }
}

fn after_attributes_and_visibility(tokens: &[TokenTree]) -> usize {
    let mut at = 0;
    while tokens.get(at).is_some_and(|token| is_punct(token, '#')) {
        at += 2;
    }
    match tokens.get(at) {
        // `$vis:vis`, which may also be empty.
        Some(TokenTree::Group(group)) if group.delimiter() == Delimiter::None => at + 1,
        Some(token) if word(token) == "pub" => match tokens.get(at + 1) {
            Some(TokenTree::Group(group)) if group.delimiter() == Delimiter::Parenthesis => at + 2,
            _ => at + 1,
        },
        _ => at,
    }
}

/// The keyword or sign that a token is; empty for groups and literals.
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

fn is_block(token: &TokenTree) -> bool {
    matches!(token, TokenTree::Group(group) if group.delimiter() == Delimiter::Brace)
}

fn is_punct(token: &TokenTree, what: char) -> bool {
    matches!(token, TokenTree::Punct(punct) if punct.as_char() == what)
}
