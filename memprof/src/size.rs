//! Sizes, counts, shares and ages for people. 1 KB = 2^10 bytes, 1 MB = 2^20, and so on.

const UNITS: [&str; 6] = ["KB", "MB", "GB", "TB", "PB", "EB"];

/// A size in MB (2^20 bytes), as in every `_mb` figure.
pub(crate) fn mb(bytes: impl Into<i128>) -> f64 {
    bytes.into() as f64 / 1_048_576.0
}

/// A size in the largest unit that leaves at least 1 before the point: `512 B`, `1.5 KB`, `-12.3 MB`.
pub(crate) fn bytes(bytes: impl Into<i128>) -> String {
    in_units(bytes.into())
}

/// Compiled once, for every kind of number; as the others below.
fn in_units(bytes: i128) -> String {
    let size = bytes.unsigned_abs();
    let sign = if bytes < 0 { "-" } else { "" };
    if size < 1024 {
        return format!("{sign}{size} B");
    }
    // Whole tenths, rounded: 1023.96 KB must come out as 1.0 MB, not as 1,024.0 KB.
    let tenths = |unit: u128| size / unit * 10 + (size % unit * 10 + unit / 2) / unit;
    let mut unit = 1024;
    let mut names = UNITS.iter();
    let mut name = names.next();
    while tenths(unit) >= 10_240
        && let Some(next) = names.next()
    {
        unit *= 1024;
        name = Some(next);
    }
    let tenths = tenths(unit);
    format!("{sign}{}.{} {}", grouped(tenths / 10), tenths % 10, name.unwrap_or(&""))
}

/// A size as in [`bytes`], with the raw number if that is more precise: `1.5 KB (1,536 bytes)`, `512 bytes`.
pub(crate) fn exact(size: impl Into<i128>) -> String {
    exactly(size.into())
}

fn exactly(size: i128) -> String {
    let raw = with_noun(size, "byte");
    if size.unsigned_abs() < 1024 { raw } else { format!("{} ({raw})", in_units(size)) }
}

/// A number with thousands separators: `-1,204`.
pub(crate) fn count(number: impl Into<i128>) -> String {
    with_separators(number.into())
}

fn with_separators(number: i128) -> String {
    let sign = if number < 0 { "-" } else { "" };
    format!("{sign}{}", grouped(number.unsigned_abs()))
}

/// A number and its noun: `1 block`, `1,204 blocks`.
pub(crate) fn plural(number: impl Into<i128>, noun: &str) -> String {
    with_noun(number.into(), noun)
}

fn with_noun(number: i128, noun: &str) -> String {
    format!("{} {noun}{}", with_separators(number), if number == 1 { "" } else { "s" })
}

/// A share of the whole: `65.3 %`. Empty if the whole is 0.
pub(crate) fn share(part: u64, whole: u64) -> String {
    if whole == 0 {
        return String::new();
    }
    let percent = part as f64 / whole as f64 * 100.0;
    // A small share must not read as none.
    if part > 0 && percent < 0.05 { "<0.1 %".into() } else { format!("{percent:.1} %") }
}

/// A length of time in its two largest units: `8 ms`, `12.3 s`, `2 min 5 s`, `3 h 12 min`, `4 d 6 h`.
pub(crate) fn age(seconds: f64) -> String {
    if !seconds.is_finite() || seconds < 0.0 {
        return "an unknown time".into();
    }
    // A cast from a float saturates, so that no value is out of range.
    let whole = seconds.round() as u64;
    match whole {
        0..60 if seconds < 0.9995 => format!("{:.0} ms", seconds * 1000.0),
        0..60 if seconds < 59.95 => format!("{seconds:.1} s"),
        0..3600 => format!("{} min {} s", whole / 60, whole % 60),
        3600..86_400 => format!("{} h {} min", whole / 3600, whole % 3600 / 60),
        _ => format!("{} d {} h", grouped(u128::from(whole / 86_400)), whole % 86_400 / 3600),
    }
}

fn grouped(number: u128) -> String {
    let digits = number.to_string();
    let mut text = String::with_capacity(digits.len() + digits.len() / 3);
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_take_the_largest_unit_and_keep_their_sign() {
        let cases: [(i128, &str); 13] = [
            (0, "0 B"),
            (1023, "1023 B"),
            (-1, "-1 B"),
            (1024, "1.0 KB"),
            (1536, "1.5 KB"),
            (-1536, "-1.5 KB"),
            (1_048_575, "1.0 MB"),
            (1_048_576 * 1023, "1,023.0 MB"),
            (4_402_341_478, "4.1 GB"),
            (1 << 40, "1.0 TB"),
            (u64::MAX.into(), "16.0 EB"),
            (i64::MIN.into(), "-8.0 EB"),
            (i128::MAX, "147,573,952,589,676,412,928.0 EB"),
        ];
        for (size, text) in cases {
            assert_eq!(bytes(size), text, "{size}");
        }
    }

    #[test]
    fn the_raw_number_stands_beside_what_was_rounded() {
        assert_eq!(exact(12_897_485u64), "12.3 MB (12,897,485 bytes)");
        assert_eq!(exact(1u64), "1 byte");
        assert_eq!(exact(-700i64), "-700 bytes");
    }

    #[test]
    fn counts_have_thousands_separators() {
        assert_eq!(count(0u64), "0");
        assert_eq!(count(999u64), "999");
        assert_eq!(count(-1_204i64), "-1,204");
        assert_eq!(count(u64::MAX), "18,446,744,073,709,551,615");
        assert_eq!(plural(1u64, "block"), "1 block");
        assert_eq!(plural(0u64, "block"), "0 blocks");
    }

    #[test]
    fn shares_never_round_something_to_nothing() {
        assert_eq!(share(1, 0), "");
        assert_eq!(share(0, 10), "0.0 %");
        assert_eq!(share(1, u64::MAX), "<0.1 %");
        assert_eq!(share(653, 1000), "65.3 %");
    }

    #[test]
    fn ages_have_two_units_at_most() {
        let cases = [
            (0.0, "0 ms"),
            (0.0084, "8 ms"),
            (0.9999, "1.0 s"),
            (12.34, "12.3 s"),
            (59.97, "1 min 0 s"),
            (125.0, "2 min 5 s"),
            (3599.6, "1 h 0 min"),
            (11_520.0, "3 h 12 min"),
            (4.25 * 86_400.0, "4 d 6 h"),
            (f64::NAN, "an unknown time"),
            (-1.0, "an unknown time"),
            (f64::INFINITY, "an unknown time"),
        ];
        for (seconds, text) in cases {
            assert_eq!(age(seconds), text, "{seconds}");
        }
        assert!(age(f64::MAX).ends_with(" h"));
    }
}
