//! Names of functions as the text reports show them.

use crate::printable::Printable;
use std::borrow::Cow;
use unicode_width::{UnicodeWidthChar, UnicodeWidthStr};

/// Row of messages and backtraces of panics. No name of a Rust function has parentheses around it.
pub(crate) const PANIC: &str = "(panic)";
/// Path of blocks that no tracked function allocated.
pub const OUTSIDE: &str = "(outside tracked functions)";

/// The name with escapes for characters that would break a line, command a terminal, or turn or hide text: a user can
/// choose any name.
pub(crate) fn printable(name: &str) -> String {
    Printable(name).to_string()
}

/// The path of a file with `/` between its parts, whichever system it comes from.
pub(crate) fn slashes(file: &str) -> String {
    file.replace('\\', "/")
}

/// A call path, outermost function first: `build → insert → grow`.
pub(crate) fn path(names: &[String]) -> String {
    if names.is_empty() {
        return OUTSIDE.to_owned();
    }
    names.iter().map(|name| printable(name)).collect::<Vec<_>>().join(" → ")
}

/// The name without its trait: `Type::method` for `<Type as Trait>::method`. A function of a trait's impl gets the long
/// form in reports once another one has the same short form.
pub(crate) fn without_trait(name: &str) -> Cow<'_, str> {
    let Some((inner, after)) = name.strip_prefix('<').and_then(|rest| rest.split_at_checked(closing(rest)?)) else {
        return Cow::Borrowed(name);
    };
    match (inner.split_once(" as "), after.strip_prefix('>')) {
        (Some((of_type, _)), Some(after)) => Cow::Owned(format!("{of_type}{after}")),
        _ => Cow::Borrowed(name),
    }
}

/// Place of the `>` that closes a bracket before the text.
fn closing(text: &str) -> Option<usize> {
    let mut open = 1_usize;
    let mut previous = ' ';
    for (index, letter) in text.char_indices() {
        match letter {
            '<' => open += 1,
            // The arrow of `fn(A) -> B` closes no bracket.
            '>' if previous != '-' => open -= 1,
            _ => {}
        }
        if open == 0 {
            return Some(index);
        }
        previous = letter;
    }
    None
}

/// Bytes from the end of a name that are looked at: the effort grows with their square.
const LOOKED_AT: usize = 2_048;

/// The name in at most `width` columns. Its end, `Type::method`, is kept.
pub(crate) fn shorten(name: &str, width: usize) -> String {
    if name.len() > LOOKED_AT.max(width.saturating_mul(4)) {
        let start = (name.len() - LOOKED_AT.max(width.saturating_mul(4))..).find(|start| name.is_char_boundary(*start));
        return last_columns(name.get(start.unwrap_or_default()..).unwrap_or_default(), width);
    }
    if name.width() <= width {
        return name.to_owned();
    }
    // Modules inside angle brackets are the least important: `<a::b::Type as c::Trait>::f` becomes `<Type as
    // Trait>::f`.
    let bare = without_inner_modules(name);
    if bare.width() <= width {
        return bare;
    }
    for start in segment_starts(&bare) {
        // One column is for the ellipsis.
        let tail = bare.get(start..).unwrap_or_default();
        if tail.width() < width {
            return format!("…{tail}");
        }
    }
    last_columns(&bare, width)
}

/// The end of `name` after an ellipsis, `width` columns in all.
fn last_columns(name: &str, width: usize) -> String {
    let mut start = name.len();
    let mut taken = 1;
    for (index, letter) in name.char_indices().rev() {
        taken += letter.width().unwrap_or(0);
        if taken > width {
            break;
        }
        start = index;
    }
    format!("…{}", name.get(start..).unwrap_or_default())
}

/// Starts of the path segments outside angle brackets, without the first and the last.
fn segment_starts(name: &str) -> Vec<usize> {
    let mut starts = Vec::new();
    let mut depth = 0_usize;
    let mut previous = ' ';
    for (index, letter) in name.char_indices() {
        match letter {
            '<' => depth += 1,
            // The arrow of `fn(A) -> B` closes no bracket.
            '>' if previous != '-' => depth = depth.saturating_sub(1),
            ':' if previous == ':' && depth == 0 => starts.push(index + 1),
            _ => {}
        }
        previous = letter;
    }
    starts.pop();
    starts
}

/// The name with every path inside angle brackets cut to its last segment.
fn without_inner_modules(name: &str) -> String {
    let mut text = String::with_capacity(name.len());
    let mut depth = 0_usize;
    let mut word = 0; // where the identifier at the end of `text` begins
    let mut previous = ' ';
    for letter in name.chars() {
        match letter {
            '<' => depth += 1,
            '>' if previous != '-' => depth = depth.saturating_sub(1),
            _ => {}
        }
        let inner_separator = depth > 0 && letter == ':' && previous == ':';
        text.push(letter);
        if inner_separator {
            text.truncate(word);
        } else if !(letter.is_alphanumeric() || letter == '_' || letter == ':') {
            word = text.len();
        }
        previous = letter;
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_known_without_its_trait() {
        for (name, short) in [
            ("<names::T as names::Tr>::m", "names::T::m"),
            ("<names::G<u8> as names::Tr<u8>>::m", "names::G<u8>::m"),
            ("<fn(u8) -> u8 as names::Tr>::m", "fn(u8) -> u8::m"),
            ("names::T::m", "names::T::m"),
            ("names::G<u8>::m", "names::G<u8>::m"),
            ("<[u8]>::m", "<[u8]>::m"),
            ("<a as b", "<a as b"),
            ("<", "<"),
            ("", ""),
            ("<ä>", "<ä>"),
        ] {
            assert_eq!(without_trait(name), short, "{name}");
        }
    }

    #[test]
    fn the_end_of_a_name_stays() {
        let name = "vector_search::index::hnsw::Builder::insert";
        assert_eq!(shorten(name, 43), name);
        assert_eq!(shorten(name, 42), "…index::hnsw::Builder::insert");
        assert_eq!(shorten(name, 20), "…Builder::insert");
        assert_eq!(shorten(name, 16), "…Builder::insert");
        assert_eq!(shorten(name, 10), "…r::insert");
        assert_eq!(shorten("a sentence as a name", 10), "… a name".replace("… ", "…as "));
    }

    #[test]
    fn types_in_angle_brackets_lose_their_modules_first() {
        let name = "<my_app::store::Cache<alloc::vec::Vec<u8>> as core::iter::Iterator>::next";
        assert_eq!(shorten(name, 60), "<Cache<Vec<u8>> as Iterator>::next");
        assert_eq!(shorten("a::b::call::<fn(x::A) -> y::B>", 26), "a::b::call::<fn(A) -> B>");
        assert_eq!(shorten("a::b::call::<fn(x::A) -> y::B>::last", 29), "…b::call::<fn(A) -> B>::last");
    }

    #[test]
    fn the_longest_names_take_no_longer() {
        let name = "module::".repeat(100_000) + "größe";
        let started = std::time::Instant::now();
        for width in [0, 1, 12, 100] {
            assert!(
                shorten(&name, width).ends_with(if width > 5 { "größe" } else { "" })
                    && shorten(&name, width).width() <= width.max(1)
            );
        }
        assert_eq!(shorten(&name, 12), "…dule::größe");
        assert!(started.elapsed().as_secs() < 2);
    }

    #[test]
    fn shortened_names_never_exceed_the_width() {
        for name in
            ["ab::cd::Ef::gh", "naïve::größe::Straße::länge", "数据::索引::构建", "::", "<", ">>>::x", "a:::b", ""]
        {
            for width in 1..30 {
                let short = shorten(name, width);
                assert!(short.width() <= width, "{name} in {width}: {short}");
            }
        }
    }

    #[test]
    fn control_characters_are_written_out() {
        assert_eq!(printable("a\nb\u{1b}[31m"), "a\\nb\\u{1b}[31m");
        assert_eq!(printable("\u{202e}gnp.\u{200b}exe"), "\\u{202e}gnp.\\u{200b}exe");
        assert_eq!(path(&["größe".into(), "x\ty".into()]), "größe → x\\ty");
        assert_eq!(path(&[]), OUTSIDE);
    }
}
