//! Texts in JSON that a format writes itself.

use std::fmt;

/// A printable text as a JSON string: it has no control characters.
pub(super) struct JsonText<'t>(pub(super) &'t str);

impl fmt::Display for JsonText<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("\"")?;
        for part in self.0.split_inclusive(['"', '\\']) {
            match part.strip_suffix(['"', '\\']) {
                Some(before) => write!(f, "{before}\\{}", part.get(before.len()..).unwrap_or_default())?,
                None => f.write_str(part)?,
            }
        }
        f.write_str("\"")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quotes_and_backslashes_are_escaped() {
        for text in ["", "\"", "\\", "a\"b\\\\c", "größe </script>"] {
            assert_eq!(serde_json::from_str::<String>(&JsonText(text).to_string()).unwrap(), text);
        }
    }
}
