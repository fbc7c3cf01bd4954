//! A check as JUnit XML: one test case for each figure.

use memprof::compare::Checked;
use quick_xml::escape::escape;
use std::fmt::Write;

/// The file.
pub(super) fn of(checked: &Checked) -> String {
    let (failures, errors, skipped) = (checked.violations().count(), checked.problems.len(), checked.not_judged.len());
    let tests = checked.judged.len() + errors + skipped;
    let counts = format!(r#"tests="{tests}" failures="{failures}" errors="{errors}" skipped="{skipped}""#);
    let mut text = format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites name=\"cargo memprof check\" {counts}>\n  \
         <testsuite name=\"memprof\" {counts}>\n"
    );
    for judged in &checked.judged {
        let name = value(&judged.figure);
        let file = judged.file.as_deref().map(|file| format!(" file=\"{}\"", value(file))).unwrap_or_default();
        let line = judged.line.map(|line| format!(" line=\"{line}\"")).unwrap_or_default();
        let start = format!("    <testcase classname=\"memprof\" name=\"{name}\"{file}{line}");
        let _ = if judged.is_violation {
            let message = value(&judged.to_string());
            writeln!(text, "{start}>\n      <failure type=\"regression\" message=\"{message}\"/>\n    </testcase>")
        } else {
            writeln!(text, "{start}/>")
        };
    }
    let rest = checked.not_judged.iter().map(|row| (row.figure.as_str(), "skipped", row.reason.as_str()));
    let problems = checked.problems.iter().map(|problem| ("rules", "error", problem.as_str()));
    for (name, kind, message) in rest.chain(problems) {
        let _ = writeln!(
            text,
            "    <testcase classname=\"memprof\" name=\"{}\">\n      <{kind} message=\"{}\"/>\n    </testcase>",
            value(name),
            value(message)
        );
    }
    text.push_str("  </testsuite>\n</testsuites>\n");
    text
}

/// The value of an attribute. XML has no control characters, not even escaped ones.
fn value(text: &str) -> String {
    let plain: String = text.chars().map(|c| if is_of_xml(c) { c } else { '\u{fffd}' }).collect();
    escape(plain).replace('\n', "&#10;").replace('\t', "&#9;").replace('\r', "&#13;")
}

fn is_of_xml(letter: char) -> bool {
    matches!(letter, '\t' | '\n' | '\r' | ' '..='\u{d7ff}' | '\u{e000}'..='\u{fffd}' | '\u{10000}'..)
}

#[cfg(test)]
mod tests {
    use super::value;

    #[test]
    fn every_name_is_a_value_of_an_attribute() {
        assert_eq!(
            value("<a::B as C<\"d\">>::e & '\u{1b}'\n"),
            "&lt;a::B as C&lt;&quot;d&quot;&gt;&gt;::e &amp; &apos;\u{fffd}&apos;&#10;"
        );
    }
}
