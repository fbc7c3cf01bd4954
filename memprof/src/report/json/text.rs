//! Texts as JSON strings.

use std::fmt::{self, Write};

use crate::printable::is_plain;

/// A text as a JSON string. Characters that a terminal or an editor would not show as they are, are escaped in addition
/// to those that JSON requires. Reading gives the same text again.
#[derive(Clone, Copy, Debug)]
pub(crate) struct JsonText<'t> {
    text: &'t str,
    in_html: bool,
}

impl<'t> JsonText<'t> {
    pub(crate) fn new(text: &'t str) -> Self {
        Self { text, in_html: false }
    }

    /// As [`new`](Self::new), and plain text within HTML: no element ends or begins in it.
    pub(crate) fn in_html(text: &'t str) -> Self {
        Self { text, in_html: true }
    }

    fn must_escape(self, letter: char) -> bool {
        matches!(letter, '"' | '\\') || self.in_html && matches!(letter, '<' | '>' | '&') || !is_plain(letter)
    }
}

impl fmt::Display for JsonText<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_char('"')?;
        let mut rest = self.text;
        while let Some((at, letter)) = rest.char_indices().find(|&(_, letter)| self.must_escape(letter)) {
            f.write_str(rest.get(..at).unwrap_or_default())?;
            write_escape(f, letter)?;
            rest = rest.get(at + letter.len_utf8()..).unwrap_or_default();
        }
        f.write_str(rest)?;
        f.write_char('"')
    }
}

fn write_escape(f: &mut fmt::Formatter<'_>, letter: char) -> fmt::Result {
    match letter {
        '"' => f.write_str("\\\""),
        '\\' => f.write_str("\\\\"),
        '\n' => f.write_str("\\n"),
        '\r' => f.write_str("\\r"),
        '\t' => f.write_str("\\t"),
        _ => letter.encode_utf16(&mut [0; 2]).iter().try_for_each(|unit| write!(f, "\\u{unit:04x}")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_text_is_read_as_it_was() {
        for text in [
            "",
            "\"",
            "\\",
            "a\"b\\\\c",
            "größe </script>&",
            "\n\r\t\u{8}\u{c}\0\u{1f}\u{7f}",
            "\u{202e}\u{1f600}\u{e0001}",
        ] {
            for json in [JsonText::new(text).to_string(), JsonText::in_html(text).to_string()] {
                assert_eq!(serde_json::from_str::<String>(&json).unwrap(), text, "{json}");
                assert!(json.chars().all(is_plain), "{json}");
            }
            assert!(!JsonText::in_html(text).to_string().contains(['<', '>', '&']), "{text}");
        }
    }
}
