//! Tests of the page as text. A browser opens it in `tests/browser`.

use sha2::{Digest, Sha256};

use super::*;
use crate::report::golden;

/// The hash of a script or style as the policy has it: browsers see every line end as `\n`.
pub(super) fn hash(text: &str) -> String {
    const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let digest = Sha256::digest(text.replace("\r\n", "\n"));
    let mut encoded = String::from("sha256-");
    for three in digest.chunks(3) {
        let bits = three.iter().fold(0, |bits, byte| bits << 8 | u32::from(*byte)) << (8 * (3 - three.len()));
        for digit in 0..4 {
            let shown = digit <= three.len();
            encoded.push(if shown { DIGITS[(bits >> (18 - 6 * digit) & 63) as usize] as char } else { '=' });
        }
    }
    encoded
}

fn page_of(report: &Report) -> String {
    let mut page = Vec::new();
    write(report, &mut page).expect("memory takes all");
    String::from_utf8(page).expect("a page is UTF-8")
}

pub(super) fn data_of(page: &str) -> &str {
    let (_, rest) = page.split_once("id=\"report\">").expect("the data begin");
    rest.split_once("</script>").expect("the data end").0
}

#[test]
fn the_policy_has_the_hashes_of_the_style_and_the_scripts() {
    hold(
        concat!(env!("CARGO_MANIFEST_DIR"), "/src/report/formats/html.rs"),
        &[("STYLE", STYLE, STYLE_HASH), ("THEME", THEME, THEME_HASH), ("VIEWER", VIEWER, VIEWER_HASH)],
    );
}

/// Compares the hashes of texts with the constants in a source file, or writes them there.
pub(super) fn hold(file: &str, constants: &[(&str, &str, &str)]) {
    if std::env::var_os("MEMPROF_BLESS").is_none() {
        for (name, text, known) in constants {
            assert_eq!(&hash(text), known, "{name}: MEMPROF_BLESS=1 writes the new hash into {file}");
        }
        return;
    }
    let mut source = std::fs::read_to_string(file).expect("the source is there");
    for (name, text, _) in constants {
        let begin = format!("const {name}_HASH: &str = \"");
        let at = source.find(&begin).expect("the constant is there") + begin.len();
        let end = at + source[at..].find('"').expect("its text ends");
        source.replace_range(at..end, &hash(text));
    }
    std::fs::write(file, source).expect("the source can be written");
}

#[test]
fn a_hash_is_that_of_other_tools() {
    // printf '' | openssl dgst -sha256 -binary | base64
    assert_eq!(hash(""), "sha256-47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=");
}

#[test]
fn the_viewer_is_small() {
    let size = STYLE.len() + THEME.len() + VIEWER.len();
    println!("{size} bytes: {} of style, {} of scripts", STYLE.len(), VIEWER.len());
    assert!(size <= 106 << 10, "{size} bytes");
}

#[test]
fn the_packed_data_are_json_with_the_totals_of_the_report() {
    let report = golden::report();
    let page = page_of(&report);
    let data: serde_json::Value = serde_json::from_str(data_of(&page)).expect("the data are JSON");
    assert_eq!(data["totals"]["allocated_bytes"], report.totals.allocated_bytes);
    assert_eq!(data["functions"]["rows"].as_array().map(Vec::len), Some(report.functions.len()));
    let columns = data["functions"]["columns"].as_array().expect("columns");
    let column = columns.iter().position(|name| name == "self_allocated_bytes").expect("the column is there");
    let rows = data["functions"]["rows"].as_array().expect("rows");
    let own: u64 = rows.iter().filter_map(|row| row[column].as_u64()).sum();
    assert_eq!(own + report.unattributed.self_allocated_bytes, report.totals.allocated_bytes);
    let name = data["functions"]["rows"][0][0].as_u64().expect("the number of a text");
    assert_eq!(columns[0], "$name");
    assert_eq!(data["texts"][name as usize], report.functions[0].name);
}

#[test]
fn no_text_can_end_the_data() {
    let mut report = golden::report();
    let hostile = "</script><script>alert(1)</script><!-- & \u{2028}\u{2029}\u{202e}\u{0}\"\\'\u{1f600}";
    report.functions[0].name = hostile.to_owned();
    report.program.name = hostile.to_owned();
    let page = page_of(&report);
    let data = data_of(&page);
    assert!(!data.contains(['<', '>', '&', '\u{2028}', '\u{2029}', '\u{202e}', '\u{0}']));
    let data: serde_json::Value = serde_json::from_str(data).expect("the data are JSON");
    assert_eq!(data["program"]["name"], hostile);
    assert!(data["texts"].as_array().expect("texts").iter().any(|text| text == hostile));
    assert_eq!(page.matches("</script>").count(), 3);
    assert_eq!(page.matches("<script").count(), 3);
}

/// A report in which every path has a function and live blocks of its own, with stacks.
fn large(paths: u32) -> Report {
    let mut report = golden::report();
    let (function, node, group) =
        (report.functions[1].clone(), report.call_tree[1].clone(), report.live.groups[0].clone());
    let name = |number: u32| format!("a_program_of_some_size::a_module_{}::some_function_{number}", number % 50);
    report.functions = (0..paths)
        .step_by(4)
        .map(|number| {
            let mut row = function.clone();
            row.name = name(number);
            row.file = format!("src/a_module_{}/mod.rs", number % 50);
            row.line = number;
            row
        })
        .collect();
    report.call_tree = (0..paths)
        .map(|id| {
            let mut row = node.clone();
            (row.id, row.parent, row.function) = (id, id.checked_sub(1).map(|number| number / 3), name(id / 4 * 4));
            row
        })
        .collect();
    report.live.groups = (0..paths)
        .map(|number| {
            let mut row = group.clone();
            let mut at = number;
            row.path = vec![name(at / 4 * 4)];
            while let Some(above) = at.checked_sub(1) {
                at = above / 3;
                row.path.insert(0, name(at / 4 * 4));
            }
            row.stack = (0..40)
                .map(|depth| {
                    let frame = if depth < 12 { number % 97 * 50 + depth } else { depth };
                    let mut made = group.stack[0].clone();
                    made.function = Some(name(frame).into());
                    (made.line, made.address) = (Some(frame), 94_355_077_337_652 + u64::from(frame) * 77);
                    made
                })
                .collect();
            row
        })
        .collect();
    report
}

#[test]
fn a_page_is_bounded_by_its_call_paths() {
    for (paths, limit) in [(1_000, 1 << 20), (10_000, 5 << 20)] {
        let report = large(paths);
        let size = page_of(&report).len();
        println!("{paths} call paths: {size} bytes");
        assert!(size <= limit, "{paths} call paths: {size} bytes");
    }
}

#[test]
fn rows_of_different_shapes_are_in_one_table() {
    let mut report = golden::report();
    report.functions[0].per_call = None;
    let page = page_of(&report);
    let data: serde_json::Value = serde_json::from_str(data_of(&page)).expect("the data are JSON");
    let columns = data["functions"]["columns"].as_array().expect("columns");
    let at = columns.iter().position(|column| column[0] == "per_call").expect("a row within the rows");
    assert!(data["functions"]["rows"][0][at].is_null());
    let width = columns[at].as_array().expect("its columns").len() - 1;
    let rows = data["functions"]["rows"].as_array().expect("rows");
    assert!(rows.iter().filter_map(|row| row[at].as_array()).all(|row| row.len() == width));
}
