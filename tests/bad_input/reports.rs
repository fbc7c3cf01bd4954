//! Possible contents of `memory_allocations.json`.

use std::path::Path;
use std::sync::LazyLock;

use memprof::{Error, Report};
use proptest::prelude::*;
use proptest::sample::{Index, select};
use serde_json::{Value, json};

use super::{assert_is_readable, cases, on_a_small_stack};

/// A report with every field, and a few rows of each kind.
static WHOLE: LazyLock<Value> = LazyLock::new(|| {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("golden/memory_allocations.json");
    let mut report: Value = serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap();
    for (rows, kept) in [("/functions", 2), ("/call_tree", 2), ("/threads", 1), ("/live/groups", 1), ("/warnings", 1)] {
        report.pointer_mut(rows).unwrap().as_array_mut().unwrap().truncate(kept);
    }
    report
});

static TEXT: LazyLock<String> = LazyLock::new(|| WHOLE.to_string());

/// Reads it. What is read can be written and read again; what is not is an error in words that can be read.
fn read(text: &str) -> Result<Report, String> {
    match Report::from_json(text) {
        Ok(report) => {
            assert_eq!(Report::from_json(&report.to_json()).unwrap(), report);
            Ok(report)
        }
        Err(error) => {
            assert!(matches!(error, Error::Report { .. }));
            let message = error.to_string();
            assert_is_readable(&message);
            Err(message)
        }
    }
}

#[test]
fn the_whole_report_is_read() {
    assert_eq!(read(&TEXT).unwrap().schema_version, 1);
}

#[test]
fn cut_off_at_every_byte() {
    let text = &*TEXT;
    for end in (0..text.len()).filter(|end| text.is_char_boundary(*end)) {
        let message = read(&text[..end]).expect_err("it is not all there");
        assert!(message.starts_with("1:") && message.contains("not all of it"), "{end}: {message}");
    }
}

#[test]
fn with_a_bit_turned_in_every_byte() {
    let mut bytes = TEXT.clone().into_bytes();
    let mut read_all_the_same = 0;
    for place in 0..bytes.len() {
        for bit in [place % 7, 7] {
            bytes[place] ^= 1 << bit;
            if let Ok(text) = std::str::from_utf8(&bytes) {
                read_all_the_same += usize::from(read(text).is_ok());
            }
            bytes[place] ^= 1 << bit;
        }
    }
    // A digit or a letter of a name that is another one is a report all the same.
    assert!(read_all_the_same > 100, "{read_all_the_same}");
}

/// The place of each number in the text.
fn numbers(text: &str) -> Vec<(usize, usize)> {
    let mut found = Vec::new();
    let mut start = None;
    for (place, byte) in text.bytes().enumerate() {
        match (start, byte) {
            (None, b'0'..=b'9' | b'-') if text[..place].ends_with([':', ',', '[']) => start = Some(place),
            (Some(begin), b',' | b'}' | b']') => {
                found.push((begin, place));
                start = None;
            }
            _ => {}
        }
    }
    found
}

#[test]
fn numbers_that_are_far_too_large() {
    let text = &*TEXT;
    let digits = "9".repeat(400);
    let all = numbers(text);
    assert!(all.len() > 100, "{}", all.len());
    for (start, end) in all {
        for number in ["18446744073709551616", "1e308", "1e999", "-1e999", "-1", "1e-999", "0.5", "NaN", "007", &digits]
        {
            let damaged = format!("{}{number}{}", &text[..start], &text[end..]);
            if let Err(message) = read(&damaged) {
                // It says where: the place in the text, or the field.
                let field = message.split(':').next().unwrap_or_default();
                assert!(message.starts_with("1:") || field.chars().any(char::is_alphabetic), "{message}");
            }
        }
    }
}

#[test]
fn nested_deeply() {
    for depth in [100, 127, 128, 129, 1_000, 300_000] {
        for (open, close) in [("[", "]"), ("{\"a\":", "}"), ("[{\"a\":", "}]")] {
            let nested = format!("{}1{}", open.repeat(depth), close.repeat(depth));
            let unknown = TEXT.replacen('{', &format!("{{\"new\":{nested},"), 1);
            let known = TEXT.replacen("\"pid\":4711", &format!("\"pid\":{nested}"), 1);
            for (text, is_fine) in [(&nested, false), (&unknown, depth <= 100 && open.len() < 6), (&known, false)] {
                let result = on_a_small_stack(|| read(text));
                assert_eq!(result.is_ok(), is_fine, "{depth} {open}: {result:?}");
            }
        }
    }
}

/// Any JSON.
fn json() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<u64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        any::<String>().prop_map(Value::from),
        select(vec![json!("\u{0}\u{1b}[31m"), json!("x".repeat(5_000))]),
    ];
    leaf.prop_recursive(4, 40, 6, |inner| {
        let name = prop_oneof![
            3 => select(vec!["schema_version", "program", "totals", "functions", "live", "name", "groups"]).prop_map(str::to_owned),
            1 => any::<String>(),
        ];
        prop_oneof![
            proptest::collection::vec(inner.clone(), 0..6).prop_map(Value::from),
            proptest::collection::vec((name, inner), 0..6).prop_map(|fields| fields.into_iter().collect()),
        ]
    })
}

/// The pointers to all values of a report.
static POINTERS: LazyLock<Vec<String>> = LazyLock::new(|| {
    fn walk(value: &Value, pointer: &str, found: &mut Vec<String>) {
        found.push(pointer.to_owned());
        match value {
            Value::Object(fields) => {
                fields.iter().for_each(|(name, value)| walk(value, &format!("{pointer}/{name}"), found));
            }
            Value::Array(rows) => {
                rows.iter().enumerate().for_each(|(row, value)| walk(value, &format!("{pointer}/{row}"), found));
            }
            _ => {}
        }
    }
    let mut found = Vec::new();
    walk(&WHOLE, "", &mut found);
    found
});

proptest! {
    #![proptest_config(cases(500))]

    #[test]
    fn any_text(text in any::<String>()) {
        prop_assert!(read(&text).is_err());
    }

    #[test]
    fn any_json(value in json()) {
        prop_assert!(read(&value.to_string()).is_err());
    }

    #[test]
    fn any_json_in_any_place(place in any::<Index>(), value in json()) {
        let mut report = WHOLE.clone();
        *report.pointer_mut(&POINTERS[place.index(POINTERS.len())]).unwrap() = value;
        let _ = read(&report.to_string());
    }

    /// Whatever a later version has changed, that it is one is said before anything else.
    #[test]
    fn later_versions(version in 2_u64.., place in any::<Index>(), value in json()) {
        let mut report = WHOLE.clone();
        *report.pointer_mut(&POINTERS[place.index(POINTERS.len())]).unwrap() = value;
        if let Some(fields) = report.as_object_mut() {
            fields.insert("schema_version".into(), version.into());
            let message = read(&report.to_string()).unwrap_err();
            prop_assert!(message.contains(&format!("schema {version}")), "{}", message);
            prop_assert!(message.ends_with("use a newer memprof"), "{}", message);
        }
    }
}
