//! Violations as annotations of GitHub Actions: lines on standard output, which the runner reads.

use memprof::compare::Checked;

/// GitHub shows ten errors of a step.
const MOST: usize = 10;

/// The lines.
pub(super) fn of(checked: &Checked) -> String {
    let violations = checked.violations().map(|violation| {
        let place = match (&violation.file, violation.line) {
            (Some(file), Some(line)) => format!("file={},line={line},", property(file)),
            _ => String::new(),
        };
        let title = property(&format!("memprof: {} exceeds its limit", violation.figure));
        format!("::error {place}title={title}::{}\n", message(&violation.to_string()))
    });
    let problems = checked.problems.iter().map(|problem| {
        let title = property("memprof: not judged");
        format!("::error title={title}::{}\n", message(problem))
    });
    violations.chain(problems).take(MOST).collect()
}

/// The text of an annotation.
fn message(text: &str) -> String {
    text.replace('%', "%25").replace('\r', "%0D").replace('\n', "%0A")
}

/// The value of a property.
fn property(text: &str) -> String {
    message(text).replace(':', "%3A").replace(',', "%2C")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_separates_properties_is_escaped() {
        assert_eq!(property("a::b, 5 %\n"), "a%3A%3Ab%2C 5 %25%0A");
        assert_eq!(message("a::b, 5 %\r\n"), "a::b, 5 %25%0D%0A");
    }
}
