//! Words of a text, between which a line may be broken.

/// Units that stay on the line of their number.
const UNITS: [&str; 6] = ["B", "KB", "MB", "GB", "TB", "%"];

/// The words of a line, without the blanks between them. A number and its unit are one word.
pub(super) fn words(line: &str) -> Vec<&str> {
    let mut words = Vec::new();
    let (mut start, mut at) = (0, 0);
    for word in line.split(' ') {
        let end = at + word.len();
        let next = line.get(end + 1..).and_then(|rest| rest.split(' ').next()).unwrap_or_default();
        let unit = next.trim_end_matches([',', ';', ':', '.', ')']).trim_end_matches("/s");
        let is_number = word.ends_with(|last: char| last.is_ascii_digit());
        if !(is_number && UNITS.contains(&unit)) {
            words.extend(line.get(start..end));
            start = end + 1;
        }
        at = end + 1;
    }
    words
}

#[cfg(test)]
mod tests {
    use super::words;

    #[test]
    fn a_number_stays_with_its_unit() {
        assert_eq!(words("RSS 1.0 MB = 3 blocks"), ["RSS", "1.0 MB", "=", "3", "blocks"]);
        assert_eq!(words("(16.0 % of all, 2.0 KB), 3"), ["(16.0 %", "of", "all,", "2.0 KB),", "3"]);
        assert_eq!(words("+15.1 KB/s, 80 B each"), ["+15.1 KB/s,", "80 B", "each"]);
        assert_eq!(words("  two  blanks"), ["", "", "two", "", "blanks"]);
        assert_eq!(words(""), [""]);
        assert_eq!(words("ends with 7"), ["ends", "with", "7"]);
    }
}
