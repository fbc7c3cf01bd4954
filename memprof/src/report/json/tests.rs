//! Texts that the reader accepts, and its errors for all others.

use serde_json::{Value, json};

use super::*;
use crate::printable::is_plain;
use crate::report::data::{Distribution, SCHEMA_VERSION};
use crate::report::{Written, golden, leaks, table};

fn message(text: &str) -> String {
    Report::from_json(text).expect_err("this is no report").to_string()
}

/// The golden report with few rows, as JSON: enough to have every field.
fn few_rows() -> Value {
    let mut report = golden::report();
    report.functions.retain(|function| function.per_call.is_some() || function.active > 0);
    report.call_tree.truncate(1);
    report.threads.truncate(1);
    report.live.groups.truncate(1);
    report.findings.truncate(1);
    parsed(&report)
}

/// The report as another JSON reader sees it.
fn parsed(report: &Report) -> serde_json::Value {
    serde_json::from_str(&report.to_json()).expect("a report is JSON")
}

/// Calls `visit` with the path of every value in `value`.
fn each_path(value: &Value, path: &str, pointer: &str, visit: &mut dyn FnMut(&str, &str, &Value)) {
    if !pointer.is_empty() {
        visit(path.trim_start_matches('.'), pointer, value);
    }
    match value {
        Value::Object(fields) => {
            for (name, value) in fields {
                each_path(value, &format!("{path}.{name}"), &format!("{pointer}/{name}"), visit);
            }
        }
        Value::Array(items) => {
            for (index, value) in items.iter().enumerate() {
                each_path(value, &format!("{path}[{index}]"), &format!("{pointer}/{index}"), visit);
            }
        }
        _ => {}
    }
}

#[test]
fn extremes_come_back_as_they_were() {
    let mut report = golden::report();
    report.totals.allocated_bytes = u64::MAX;
    report.totals.net_bytes = i64::MIN;
    report.totals.net_count = i64::MAX;
    report.program.started_at = "\u{0}\"\\\n\u{1f980}\u{2028}".into();
    for float in [0.1 + 0.2, f64::MAX, f64::MIN_POSITIVE, 5e-324, -0.0, 1.0 / 3.0] {
        report.program.duration_seconds = float;
        report.totals.net_mb = -float;
        let back = Report::from_json(&report.to_json()).expect("it was just written");
        assert_eq!(back, report);
        assert_eq!(back.program.duration_seconds.to_bits(), float.to_bits());
    }
}

#[test]
fn what_commands_turns_or_hides_is_escaped_and_comes_back_as_it_was() {
    let mut report = golden::report();
    let name: String =
        ['\u{1b}', '\u{7f}', '\u{9b}', '\u{61c}', '\u{200b}', '\u{202e}', '\u{2066}', '\u{feff}', '\u{e0041}', '🦀']
            .into_iter()
            .collect();
    report.program.name = name.clone();
    report.warnings.push(name);
    let text = report.to_json();
    assert!(text.contains(r"\u001b\u007f\u009b\u061c\u200b\u202e\u2066\ufeff\udb40\udc41🦀"), "{text}");
    assert!(text.chars().all(|letter| letter == '\n' || is_plain(letter)));
    assert_eq!(Report::from_json(&text).expect("it was just written"), report);
    assert_eq!(parsed(&report)["program"]["name"], report.program.name.as_str());
}

/// Reports can be read from untrusted files.
#[test]
fn no_text_shows_what_commands_turns_or_hides() {
    let hostile: String =
        ['\u{1b}', '\n', '\u{9b}', '\u{61c}', '\u{200b}', '\u{202e}', '\u{feff}', '\u{e0041}'].into_iter().collect();
    let whole = parsed(&golden::report());
    let mut report = whole.clone();
    each_path(&whole, "", "", &mut |_, pointer, value| {
        if let (Value::String(text), Some(place)) = (value, report.pointer_mut(pointer)) {
            *place = json!(format!("{text}{hostile}"));
        }
    });
    let report = Report::from_json(&report.to_string()).expect("only its texts differ");
    let written = Written {
        allocation_report: hostile.clone().into(),
        leak_report: hostile.clone().into(),
        formats: vec![(crate::Format::Html, hostile.clone().into())],
        fell_back: Some(hostile.clone()),
    };
    for text in [table::render(&report, Some(&written), table::TableForm::plain(100)), leaks::render(&report)] {
        for line in text.lines() {
            assert!(line.chars().all(is_plain), "{line:?}");
        }
        assert!(text.contains("\\u{202e}") && text.contains("\\u{e0041}"));
    }
}

#[test]
fn an_error_never_repeats_what_commands_turns_or_hides() {
    let whole = few_rows();
    let bad: String = (0..0x11_0000).filter_map(char::from_u32).filter(|letter| !is_plain(*letter)).collect();
    for raw in bad.chars() {
        // JSON requires escapes for characters below a space; all others may be in a text as they are.
        let written = if raw < ' ' { format!("\\u{:04x}", u32::from(raw)) } else { raw.to_string() };
        let text = golden::report().to_json().replacen("4711", &format!("\"{written}\""), 1);
        let version = format!("{{\"schema_version\": [\n\t\"{written}\"]}}");
        for text in [text, version, format!("{{\"{written}\": {written}}}")] {
            let message = message(&text);
            assert!(message.chars().all(is_plain), "{message:?}");
        }
        if raw > '\u{2100}' {
            break;
        }
    }
    each_path(&whole, "", "", &mut |path, pointer, _| {
        let mut report = whole.clone();
        *report.pointer_mut(pointer).expect("the path is there") = json!(bad.chars().take(80).collect::<String>());
        if let Err(error) = Report::from_json(&report.to_string()) {
            assert!(error.to_string().chars().all(is_plain), "{path}: {error}");
        }
    });
}

#[test]
fn floats_that_json_does_not_know_are_written_as_0() {
    for float in [f64::NAN, f64::INFINITY, f64::NEG_INFINITY] {
        let mut report = golden::report();
        report.program.duration_seconds = float;
        let totals = &mut report.totals;
        (totals.allocated_mb, totals.deallocated_mb, totals.net_mb, totals.peak_mb) = (float, float, float, float);
        let function = &mut report.functions[0];
        (function.allocated_mb, function.net_mb, function.peak_mb) = (float, float, Some(float));
        let group = &mut report.live.groups[0];
        (group.oldest_seconds, group.newest_seconds) = (float, float);
        (group.bytes_per_second, group.bytes_per_call) = (float, Some(float));
        let back = Report::from_json(&report.to_json()).expect("it was just written");
        assert_eq!(back.functions[0].peak_mb, Some(0.0));
    }
}

#[test]
fn an_empty_report_comes_back() {
    let report = Report { schema_version: SCHEMA_VERSION, ..Report::default() };
    assert_eq!(Report::from_json(&report.to_json()).expect("it was just written"), report);
}

/// Fields that schema 1 got later, of the whole report, of all objects with a name, or of all objects.
const LATER: [&str; 36] = [
    "limit",
    "settings.report_at_percent",
    "settings.report_at_bytes",
    "settings.report_at_new_high",
    "settings.keep_limit_reports",
    "settings.serve_address",
    "settings.serve_token",
    "merged",
    "tests",
    "repeats",
    "settings",
    "program.version",
    "program.build",
    "labels",
    "program.run",
    "program.final",
    "program.host",
    "findings",
    ".reallocated_count",
    ".grown_bytes",
    ".copied_bytes",
    "allocator.in_use_bytes",
    "allocator.held_bytes",
    "allocator.held_source",
    "os.anonymous_bytes",
    "os.file_bytes",
    "os.shared_bytes",
    ".stack_bytes",
    "os.limit_bytes",
    "os.limit_source",
    "timeline",
    "peak",
    ".items",
    ".max_net_bytes_per_item",
    ".worst.items",
    ".large_future",
];

fn is_later(path: &str) -> bool {
    // The totals had two of them from the start.
    !["totals.reallocated_count", "totals.grown_bytes"].contains(&path)
        && LATER.iter().any(|later| path == *later || later.starts_with('.') && path.ends_with(later))
}

#[test]
fn an_older_report_is_read() {
    let whole = few_rows();
    let mut older = whole.clone();
    each_path(&whole, "", "", &mut |path, pointer, _| {
        let (parent, name) = pointer.rsplit_once('/').expect("a pointer");
        if let Some(Value::Object(object)) = older.pointer_mut(parent).filter(|_| is_later(path)) {
            object.remove(name).expect("a field");
        }
    });
    let report = Report::from_json(&older.to_string()).expect("a report");
    assert_eq!((report.program.run.as_str(), report.program.is_final, &report.program.host), ("", false, &None));
    assert_eq!(Report::from_json(&report.to_json()).expect("it was just written"), report);
    // A field that is there twice, or of another type, is an error as in any field.
    older["program"]["run"] = serde_json::json!(1);
    assert!(message(&older.to_string()).starts_with("program.run: expected a string, found integer `1`"));
}

#[test]
fn every_missing_field_is_named() {
    let whole = few_rows();
    let mut fields = 0;
    each_path(&whole, "", "", &mut |path, pointer, _| {
        let (parent, name) = pointer.rsplit_once('/').expect("a pointer");
        let mut report = whole.clone();
        let Some(Value::Object(object)) = report.pointer_mut(parent) else { return };
        object.remove(name);
        fields += 1;
        if is_later(path) {
            return;
        }
        let message = message(&report.to_string());
        assert!(message.contains(path.trim_end_matches(name)) && message.contains(name), "{path}: {message}");
        assert!(message.contains("missing"), "{path}: {message}");
    });
    assert!(fields > 150, "{fields}");
}

#[test]
fn every_field_of_a_wrong_type_is_named() {
    let whole = few_rows();
    each_path(&whole, "", "", &mut |path, pointer, value| {
        for wrong in [json!([]), json!([1, "x", [], {}]), json!({}), json!("text"), json!(true), json!(-1.5)] {
            let both_empty = wrong.is_array() && value.is_array();
            let fits = std::mem::discriminant(&wrong) == std::mem::discriminant(value)
                || ["_mb", "bytes_per_call", "last_growth_seconds", "ended_seconds", "share"]
                    .iter()
                    .any(|name| path.ends_with(name))
                    && wrong.is_number();
            // A sentence is valid where a sentence or nothing is.
            let nullable = [
                "verdict",
                "growth",
                "expected",
                "function",
                "file",
                "module",
                "sampled_because",
                "_source",
                "version",
                "build",
            ]
            .iter()
            .any(|name| path.ends_with(name));
            if both_empty || fits || nullable && wrong.is_string() {
                continue;
            }
            let mut report = whole.clone();
            *report.pointer_mut(pointer).expect("the path is there") = wrong.clone();
            let message = message(&report.to_string());
            assert!(message.starts_with(path), "{path} = {wrong}: {message}");
        }
    });
}

#[test]
fn an_array_in_the_order_of_the_fields_is_no_object() {
    let mut report = parsed(&golden::report());
    report["functions"][3]["per_call"] = json!([1, 2, 3, 4, 5]);
    let message = message(&report.to_string());
    assert!(message.starts_with("functions[3].per_call: expected an object, found an array at line 1 "), "{message}");
}

#[test]
fn a_number_out_of_range_is_named_with_its_place() {
    let text = golden::report().to_json().replacen("\"pid\": 4711", "\"pid\": 4294967296", 1);
    let message = message(&text);
    assert!(
        message.starts_with("program.pid: expected an integer from 0 to 4294967295, found integer `4294967296`"),
        "{message}"
    );
    assert!(message.contains("line 5 column"), "{message}");
}

#[test]
fn what_is_no_report_is_told_apart() {
    let future = golden::report().to_json().replacen("\"schema_version\": 1", "\"schema_version\": 2", 1);
    let cases = [
        ("", "1:0: this is not JSON, or not all of it"),
        ("{\n  \"a\": x}", "2:8: this is not JSON: expected value"),
        ("{} {}", "1:4: this is not JSON: trailing characters"),
        ("\u{feff}{}", "1:1: this is not JSON: expected value"),
        ("[]", "this is no report: expected an object, found an array"),
        ("\"text\"", "this is no report: expected an object, found string \"text\""),
        ("null", "this is no report: expected an object, found null"),
        ("{}", "the field `schema_version` is missing"),
        ("{\"schema_version\": \"1\"}", "schema_version: expected an integer, found string \"1\" at line 1 column 22"),
        ("{\"schema_version\": 0}", "there is no schema 0"),
        ("{\"schema_version\": 1}", "program: missing field at line 1 column 21"),
        (&future, "this memprof reads schema 1: use a newer memprof"),
    ];
    for (text, words) in cases {
        let message = message(text);
        assert!(message.contains(words), "{words} is not in: {message}");
    }
}

#[test]
fn a_field_that_stands_there_twice_is_named() {
    let text = golden::report().to_json().replacen("\"pid\": 4711", "\"pid\": 1, \"pid\": 2", 1);
    let message = message(&text);
    assert!(message.starts_with("program.pid: duplicate field at line 5 column "), "{message}");
}

#[test]
fn fields_of_later_versions_are_passed_over() {
    let mut report = parsed(&golden::report());
    report["new"] = json!({"deep": [1, 2, {"x": null}]});
    report["functions"][0]["new"] = json!("x");
    report["totals"]["new"] = json!(1e300);
    assert_eq!(Report::from_json(&report.to_string()).expect("only more fields"), golden::report());
}

#[test]
fn deep_nesting_and_long_values_are_errors() {
    for open in ["[", "{\"a\":", "{\"schema_version\":1,\"program\":["] {
        let text = open.repeat(200_000);
        assert!(message(&text).contains("nested too deeply"), "{}", message(&text));
    }
    let long = golden::report().to_json().replacen("4711", &format!("\"{}\"", "ü".repeat(100_000)), 1);
    let message = message(&long);
    assert!(message.starts_with("program.pid: expected an integer, found string") && message.len() < 1000, "{message}");
    assert!(message.contains("… at line 5 column"), "{message}");
}

#[test]
fn damaged_reports_never_panic() {
    let text = golden::report().to_json();
    for end in (0..text.len()).step_by(61).filter(|end| text.is_char_boundary(*end)) {
        assert!(message(&text[..end]).contains("not all of it"), "cut at {end}");
    }
    let mut bytes = text.into_bytes();
    let mut random = 1_u64;
    for _ in 0..2_000 {
        random = random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        let place = (random >> 33) as usize % bytes.len();
        let before = bytes[place];
        bytes[place] = b"{}[]\",:0-9eE.ntf x"[(random >> 28) as usize % 18];
        let _ = std::str::from_utf8(&bytes).map(Report::from_json);
        bytes[place] = before;
    }
}

#[test]
fn the_place_of_a_wrong_value_is_named() {
    let wrong = |pointer: &str, value: Value| {
        let mut report = few_rows();
        *report.pointer_mut(pointer).expect("the path is there") = value;
        message(&report.to_string())
    };
    let cases = [
        ("/functions/0/calls", json!("x"), "functions[0].calls: expected an integer, found string \"x\""),
        ("/functions/0/calls", json!(1.5), "functions[0].calls: expected an integer, found floating point `1.5`"),
        ("/functions/0/calls", json!(null), "functions[0].calls: expected an integer, found null"),
        ("/functions/0/calls", json!({}), "functions[0].calls: expected an integer, found an object"),
        (
            "/functions/0/calls",
            json!(-1),
            "functions[0].calls: expected an integer from 0 to 18446744073709551615, found",
        ),
        ("/totals/net_mb", json!([]), "totals.net_mb: expected a number, found an array"),
        ("/allocator/installed", json!(0), "allocator.installed: expected true or false, found integer `0`"),
        (
            "/live/groups/0/stack/0/line",
            json!(true),
            "live.groups[0].stack[0].line: expected an integer, found boolean",
        ),
        ("/live/groups/0/path/0", json!(1), "live.groups[0].path[0]: expected a string, found integer `1`"),
        ("/live/interval_range", json!([1]), "live.interval_range: invalid length 1, expected an array of two"),
        ("/warnings", json!("x, expected y"), "warnings: expected an array, found string \"x, expected y\""),
    ];
    for (pointer, value, words) in cases {
        let message = wrong(pointer, value);
        assert!(message.starts_with(words), "{words} is not in: {message}");
        assert!(message.contains(" at line 1 column "), "{message}");
    }
}

#[test]
fn each_row_has_a_line_of_its_own() {
    let report = golden::report();
    let text = report.to_json();
    let lines: Vec<&str> = text.lines().collect();
    let rows = |name: &str| -> Vec<Value> {
        let is_start = |line: &&str| line.trim_start() == format!("\"{name}\": [");
        let start = lines.iter().position(is_start).expect("an array that is not empty") + 1;
        let is_row = |line: &&&str| !line.trim_start().starts_with(']');
        let rows = lines[start..].iter().take_while(is_row);
        rows.map(|row| serde_json::from_str(row.trim_end_matches(',')).expect("a row is JSON")).collect()
    };
    let whole = parsed(&report);
    for (name, pointer) in [
        ("functions", "/functions"),
        ("call_tree", "/call_tree"),
        ("threads", "/threads"),
        ("groups", "/live/groups"),
        ("warnings", "/warnings"),
        ("args", "/program/args"),
    ] {
        assert_eq!(Some(&Value::from(rows(name))), whole.pointer(pointer), "{name}");
    }
    // Objects that are no rows are indented, one field a line.
    assert!(text.starts_with("{\n  \"schema_version\": 1,\n  \"program\": {\n    \"name\": "), "{text}");
    assert!(text.contains("\n  \"os\": {\n    \"rss_bytes\": ") && text.ends_with("\n  ]\n}"), "{text}");
}

#[test]
fn what_is_empty_takes_no_line() {
    let text = Report::default().to_json();
    assert!(text.contains("\n  \"functions\": [],\n") && text.ends_with("\n  \"warnings\": []\n}"), "{text}");
}

/// Counts the bytes of each write.
#[derive(Default)]
struct Pieces {
    longest: usize,
    room: usize,
}

impl io::Write for Pieces {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.longest = self.longest.max(bytes.len());
        match self.room.checked_sub(bytes.len()) {
            None => Err(io::ErrorKind::StorageFull.into()),
            Some(room) => {
                self.room = room;
                Ok(bytes.len())
            }
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[test]
fn a_report_is_written_in_small_pieces() {
    let mut pieces = Pieces { longest: 0, room: usize::MAX };
    golden::report().write_json(&mut pieces).expect("there is room");
    assert!(pieces.longest < 300, "{}", pieces.longest);
}

#[test]
fn an_error_of_the_writer_comes_back_as_it_was() {
    let length = golden::report().to_json().len();
    for room in [0, 1, 100, length - 1, length] {
        let mut pieces = Pieces { longest: 0, room };
        let error = golden::report().write_json(&mut pieces).expect_err("there is no room");
        assert_eq!(error.kind(), io::ErrorKind::StorageFull, "{room}");
    }
}

/// Another format or serializer sees the same fields as our JSON.
#[test]
fn serde_sees_the_same_fields() {
    let report = golden::report();
    let theirs = serde_json::to_string(&report).expect("a report is JSON");
    let spaces = |text: &str| text.replace([' ', '\n'], "");
    assert_eq!(spaces(&theirs), spaces(&report.to_json()));
    assert_eq!(serde_json::from_str::<Report>(&theirs).expect("it was just written"), report);
}

/// Some formats have no field names.
#[test]
fn serde_reads_rows_without_names() {
    let row: Distribution = serde_json::from_value(json!([1, 2, null, 4, 5])).expect("the fields in their order");
    assert_eq!((row.min, row.p50, row.p95, row.p99, row.max), (1, Some(2), None, Some(4), 5));
    let error = serde_json::from_value::<Distribution>(json!([1, 2])).expect_err("three are missing");
    assert!(error.to_string().contains("missing field"), "{error}");
}
