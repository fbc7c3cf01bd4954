//! Scripts and styles of memprof's pages without their comments, indentation and most line breaks: programs carry the
//! rest.
//!
//! Not a constant function: the compiler takes seconds to interpret one for all these bytes.

use std::path::PathBuf;

use proc_macro2::TokenStream;
use quote::quote;
use syn::parse::{ParseStream, Parser};
use syn::{Error, LitStr, Result};

use crate::fallback;

/// A literal with the shortened text of files, in their order. The arguments: their folder within the crate that is
/// compiled, and their names.
pub(crate) fn files(arguments: TokenStream) -> TokenStream {
    match read.parse2(arguments) {
        Ok(text) => quote!(#text),
        Err(error) => fallback::compile_errors(&error),
    }
}

fn read(arguments: ParseStream<'_>) -> Result<String> {
    let root = std::env::var_os("CARGO_MANIFEST_DIR").map(PathBuf::from).unwrap_or_default();
    let folder = root.join(arguments.parse::<LitStr>()?.value());
    let mut text = String::new();
    while !arguments.is_empty() {
        let name: LitStr = arguments.parse()?;
        let file = folder.join(name.value());
        let source = std::fs::read_to_string(&file)
            .map_err(|error| Error::new(name.span(), format!("cannot read {}: {error}", file.display())))?;
        text.push_str(&shorten(&source));
    }
    Ok(text)
}

/// A comment begins a line, or begins with `/**`: no text of the pages has these in it, and none has several lines.
fn shorten(source: &str) -> String {
    let source = source.replace('\r', "");
    let mut short = String::new();
    let mut rest = source.as_str();
    let mut line_begins = true;
    while !rest.is_empty() {
        if line_begins && rest.starts_with([' ', '\t', '\n']) {
            rest = rest.trim_start_matches([' ', '\t', '\n']);
        } else if line_begins && rest.starts_with("//") {
            rest = after(rest, "\n");
        } else if rest.starts_with("/**") || line_begins && rest.starts_with("/*") {
            rest = after(&rest[2..], "*/");
        } else {
            let line = rest.find('\n').map_or(rest, |end| &rest[..=end]);
            let kept = line.find("/**").map_or(line, |end| &line[..end]);
            line_begins = kept.ends_with('\n');
            short.push_str(if goes_on(kept) { kept.trim_end() } else { kept });
            rest = &rest[kept.len()..];
        }
    }
    short
}

/// True for a line that may have the next one beside it.
fn goes_on(line: &str) -> bool {
    let ends = line.strip_suffix('\n').is_some_and(|text| text.ends_with([',', '{', '(', '[', ';']));
    ends && !line.contains("//")
}

fn after<'s>(source: &'s str, end: &str) -> &'s str {
    source.split_once(end).map_or("", |(_, rest)| rest)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn comments_and_indentation_are_omitted() {
        let source =
            "// one\n\t/** two\n\t * lines */\n\tf(/** @type {X} */ (a)); // kept\r\n\n\t\tg('//');\n/* x */ h\n";
        assert_eq!(shorten(source), "f( (a)); // kept\ng('//');\nh\n");
    }

    #[test]
    fn lines_that_go_on_are_joined() {
        let source = "f(\n\t[\n\t\t1, // one,\n\t\t2,\n\t],\n);\nif (a) {\n\t// no\n\tb();\n}\nelse c()\nd()\n";
        assert_eq!(shorten(source), "f([1, // one,\n2,],);if (a) {b();}\nelse c()\nd()\n");
    }

    #[test]
    fn a_comment_without_an_end_is_omitted() {
        assert_eq!(shorten("a\n/* b"), "a\n");
        assert_eq!(shorten("a /** b"), "a ");
        assert_eq!(shorten("// b"), "");
    }

    #[test]
    fn files_come_in_their_order() {
        let text = files(quote!("src" "value.rs" "root.rs")).to_string();
        let [value, root] = ["fn set_once", "struct Root"].map(|part| text.find(part).expect("the part is there"));
        assert!(value < root);
        assert!(!text.contains("The value of one argument"));
    }

    #[test]
    fn a_file_that_is_not_there_is_named() {
        let text = files(quote!("src" "none.rs")).to_string();
        assert!(text.contains("compile_error") && text.contains("none.rs"), "{text}");
    }
}
