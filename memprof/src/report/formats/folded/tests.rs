//! The lines as tools for flame graphs read them.

use super::*;
use crate::report::formats::samples;
use crate::report::golden;

fn text(report: &Report) -> String {
    let mut text = Vec::new();
    write(report, &mut text).unwrap();
    String::from_utf8(text).unwrap()
}

#[test]
fn each_line_is_a_stack_and_a_number_and_the_sum_is_the_total() {
    for (name, report) in samples::all() {
        let text = text(&report);
        let bytes = text.lines().map(|line| {
            let (stack, bytes) = line.rsplit_once(' ').unwrap_or_else(|| panic!("{name}: {line:?}"));
            assert!(stack.split(';').all(|frame| !frame.is_empty()), "{name}: {line:?}");
            u128::from(bytes.parse::<u64>().unwrap_or_else(|error| panic!("{name}: {error}: {line:?}")))
        });
        let sum: u128 = bytes.sum();
        if samples::adds_up(name) {
            assert_eq!(sum, u128::from(report.totals.allocated_bytes), "{name}");
        }
        assert!(!text.is_empty(), "{name}");
    }
}

#[test]
fn a_semicolon_in_a_name_ends_no_frame() {
    let mut report = golden::report();
    for row in &mut report.call_tree {
        row.function = "take::<[u8; 32]>\n".into();
    }
    let text = text(&report);
    assert!(text.contains("\ntake::<[u8, 32]>\\n;take::<[u8, 32]>\\n 121322496\n"), "{text}");
}

#[test]
fn the_golden_lines_read_as_they_should() {
    golden::same("memory.folded", &text(&golden::report()));
}
