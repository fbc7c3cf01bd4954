use syn::{Error, LitStr, Result};

/// The units of a size and their bytes. KB is 2^10 bytes, as in every figure of memprof.
const UNITS: [(&str, u64); 7] =
    [("B", 1), ("KB", 1 << 10), ("KiB", 1 << 10), ("MB", 1 << 20), ("MiB", 1 << 20), ("GB", 1 << 30), ("GiB", 1 << 30)];

/// The bytes of a size in quotes, such as `"64 KiB"` or `"1.5 MB"`: a number, and a unit after it.
///
/// # Errors
/// A description of the error and, if it can be guessed, of the intended size.
pub(crate) fn bytes(literal: &LitStr) -> Result<u64> {
    read(&literal.value()).map_err(|message| Error::new(literal.span(), message))
}

fn read(text: &str) -> std::result::Result<u64, String> {
    let text = text.trim();
    let end = text.find(|letter: char| !(letter.is_ascii_digit() || "._".contains(letter))).unwrap_or(text.len());
    let (number, unit) = (&text[..end], text[end..].trim_start());
    let number = Number::read(number).ok_or_else(|| not_a_size(text))?;
    let Some(&(_, unit_bytes)) = UNITS.iter().find(|(name, _)| *name == unit) else {
        return Err(wrong_unit(text, &text[..end], unit));
    };
    number.times(unit_bytes).map_err(|why| format!("`{text}` {why}"))
}

/// A number as it was written: 1.5 is 15 tenths.
struct Number {
    digits: u128,
    /// Ten to the number of digits after the point.
    parts: u128,
}

impl Number {
    /// `None`: not a number. Digits, with or without `_`, and optionally a point with digits on both sides of it.
    fn read(text: &str) -> Option<Self> {
        let (whole, behind) = text.split_once('.').unwrap_or((text, "0"));
        let starts_and_ends = |part: &str| !part.is_empty() && !part.starts_with('_') && !part.ends_with('_');
        if !starts_and_ends(whole) || !starts_and_ends(behind) || behind.contains('.') {
            return None;
        }
        let (whole, behind) = (whole.replace('_', ""), behind.replace('_', ""));
        // Trailing zeroes have no effect; without them only a number with very many digits exceeds 128 bits.
        let behind = behind.trim_end_matches('0');
        let parts = 10u128.checked_pow(u32::try_from(behind.len()).ok()?)?;
        Some(Self { digits: format!("{whole}{behind}").parse().ok()?, parts })
    }

    fn times(&self, unit: u64) -> std::result::Result<u64, &'static str> {
        let all = self.digits.checked_mul(u128::from(unit)).ok_or("is too large")?;
        if !all.is_multiple_of(self.parts) {
            return Err("is not a whole number of bytes");
        }
        u64::try_from(all / self.parts).map_err(|_| "is too large")
    }
}

fn not_a_size(text: &str) -> String {
    format!("`{text}` is not a size; write a number and a unit, such as \"64 KiB\", \"1.5 MB\" or \"0 B\"")
}

fn wrong_unit(text: &str, number: &str, unit: &str) -> String {
    if unit.is_empty() {
        return format!("`{text}` has no unit; write \"{number} B\" for bytes, or KiB, MiB, GiB");
    }
    let shown = unit.to_ascii_lowercase();
    let shown = shown.trim_end_matches(['?', '.', '!']);
    let meant = UNITS.iter().map(|(name, _)| *name).find(|name| {
        let name = name.to_ascii_lowercase();
        let words = [("b", "byte"), ("b", "bytes"), ("kb", "k"), ("mb", "m"), ("gb", "g")];
        name == shown || words.contains(&(name.as_str(), shown))
    });
    let units = "the units are B, KB = KiB, MB = MiB and GB = GiB (1 KB = 1024 B)";
    match meant {
        Some(meant) => format!("`{text}` has an unknown unit `{unit}`; did you mean \"{number} {meant}\"? {units}"),
        None => format!("`{text}` has an unknown unit `{unit}`; {units}"),
    }
}

#[cfg(test)]
mod tests {
    use super::read;

    #[test]
    fn a_size_is_a_number_and_a_unit() {
        for (text, bytes) in [
            ("0 B", 0),
            ("1 B", 1),
            ("64 KiB", 65_536),
            ("64 KB", 65_536),
            ("64KiB", 65_536),
            (" 1 MiB ", 1 << 20),
            ("1.5 MB", 1_572_864),
            ("0.5 KiB", 512),
            ("2.000 B", 2),
            ("1_000_000 B", 1_000_000),
            ("3 GiB", 3 << 30),
            ("3 GB", 3 << 30),
            ("18446744073709551615 B", u64::MAX),
        ] {
            assert_eq!(read(text), Ok(bytes), "{text}");
        }
    }

    #[test]
    fn what_is_no_size_says_what_to_write() {
        for (text, says) in [
            ("", "is not a size"),
            ("KiB", "is not a size"),
            ("-1 B", "is not a size"),
            ("+1 B", "is not a size"),
            ("1. B", "is not a size"),
            (".5 KiB", "is not a size"),
            ("1.2.3 KiB", "is not a size"),
            ("_1 B", "is not a size"),
            ("1_ B", "is not a size"),
            ("1e3 B", "unknown unit `e3 B`"),
            ("1,000 B", "unknown unit"),
            ("64", "has no unit; write \"64 B\""),
            ("1 Mb?", "did you mean \"1 MB\"?"),
            ("1 mib", "did you mean \"1 MiB\"?"),
            ("1 kb", "did you mean \"1 KB\"?"),
            ("12 bytes", "did you mean \"12 B\"?"),
            ("5 k", "did you mean \"5 KB\"?"),
            ("1 TB", "the units are B"),
            ("0.3 B", "not a whole number of bytes"),
            ("0.0001 KiB", "not a whole number of bytes"),
            ("18446744073709551616 B", "is too large"),
            ("99999999999999999 GiB", "is too large"),
            ("99999999999999999999999999999999999999999999 B", "is not a size"),
        ] {
            let message = read(text).expect_err(text);
            assert!(message.contains(says), "{text}: {message}");
        }
    }
}
