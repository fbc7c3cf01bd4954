//! Tokens as text, with the spaces of rustfmt.

use quote::ToTokens;

/// One line of the tokens.
pub(super) fn spell(tokens: impl ToTokens) -> String {
    let mut text = tokens.to_token_stream().to_string().split_whitespace().collect::<Vec<_>>().join(" ");
    const NO_SPACE: [(&str, &str); 16] = [
        (" :: ", "::"),
        (":: ", "::"),
        (" < ", "<"),
        (" <", "<"),
        (" >", ">"),
        ("< ", "<"),
        (" ,", ","),
        (" ;", ";"),
        (" : ", ": "),
        ("& ", "&"),
        ("* const ", "*const "),
        ("* mut ", "*mut "),
        ("( ", "("),
        (" )", ")"),
        (" (", "("),
        (" !", "!"),
    ];
    text = text.replace("->", "→").replace("=>", "⇒");
    for (from, to) in NO_SPACE {
        text = text.replace(from, to);
    }
    // These come before a parenthesis that is no list of arguments.
    for word in ["→", "&dyn", "where", "mut", "for", ",", "+", "="] {
        text = text.replace(&format!("{word}("), &format!("{word} ("));
    }
    text.replace("→!", "→ !").replace('→', "->").replace('⇒', "=>").replace(",)", ")").replace(",>", ">")
}

#[test]
fn types_are_spelled_as_one_writes_them() {
    for text in [
        "fn start(impl Into<Loaded>) -> Result<Profiler, Error>",
        "fn wrap<F, R>(&self, F) -> impl FnOnce() -> R + use<F, R> where F: FnOnce() -> R",
        "Option<&(dyn std::error::Error + 'static)>",
        "fn end(i32) -> !",
        "fn both() -> impl Iterator<Item = (&Function, &Violations)>",
        "struct Measured<R = ()>",
        "unsafe fn alloc(&mut self, Layout) -> *mut u8",
    ] {
        let tokens: proc_macro2::TokenStream = text.parse().expect("tokens");
        assert_eq!(spell(tokens), text);
    }
}
