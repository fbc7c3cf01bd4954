//! The lines as the crate csv reads them.

use super::*;
use crate::report::formats::samples;
use crate::report::golden;

fn text(report: &Report) -> String {
    let mut text = Vec::new();
    write(report, &mut text).unwrap();
    String::from_utf8(text).unwrap()
}

/// The names of the columns, and the rows.
fn read(report: &Report) -> (Vec<String>, Vec<Vec<String>>) {
    let text = text(report);
    let mut reader = ::csv::Reader::from_reader(text.as_bytes());
    let owned = |record: &::csv::StringRecord| record.iter().map(ToOwned::to_owned).collect::<Vec<_>>();
    let columns = owned(reader.headers().unwrap());
    let rows = reader.records().map(|record| owned(&record.unwrap())).collect();
    (columns, rows)
}

#[test]
fn the_sums_are_the_totals_and_names_come_back_as_they_were() {
    for (name, report) in samples::all().into_iter().filter(|(name, _)| !["deep", "no functions"].contains(name)) {
        let (columns, rows) = read(&report);
        let column = |name: &str| columns.iter().position(|column| column == name).unwrap();
        let sum = |name: &str| rows.iter().map(|row| row[column(name)].parse::<i64>().unwrap()).sum::<i64>();
        assert_eq!(rows.len(), report.functions.len() + 1, "{name}");
        for (row, function) in rows.iter().zip(&report.functions) {
            assert_eq!((&row[0], &row[1]), (&function.name, &function.file), "{name}");
        }
        assert_eq!(rows.last().unwrap()[0], OUTSIDE);
        let outside = &report.unattributed;
        let allocated: u64 = report.functions.iter().map(|function| function.self_allocated_bytes).sum();
        assert_eq!(sum("self_allocated_bytes"), (allocated + outside.self_allocated_bytes) as i64, "{name}");
        let net: i64 = report.functions.iter().map(|function| function.self_net_bytes).sum();
        assert_eq!(sum("self_net_bytes"), net + outside.self_net_bytes, "{name}");
    }
    let golden = golden::report();
    let (columns, rows) = read(&golden);
    let own = columns.iter().position(|column| column == "self_allocated_bytes").unwrap();
    let sum: u64 = rows.iter().map(|row| row[own].parse::<u64>().unwrap()).sum();
    assert_eq!(sum, golden.totals.allocated_bytes);
}

/// The columns of a row in JSON, at every depth.
fn columns_of(value: &serde_json::Value, prefix: &str, all: &mut Vec<(String, String)>) {
    for (name, value) in value.as_object().unwrap() {
        match value {
            serde_json::Value::Object(_) => columns_of(value, &format!("{prefix}{name}."), all),
            serde_json::Value::String(text) => all.push((format!("{prefix}{name}"), text.clone())),
            serde_json::Value::Null => all.push((format!("{prefix}{name}"), String::new())),
            value => all.push((format!("{prefix}{name}"), value.to_string())),
        }
    }
}

#[test]
fn every_column_of_the_json_is_there_with_its_value() {
    let report = golden::report();
    let (columns, rows) = read(&report);
    let json: serde_json::Value = serde_json::from_str(&report.to_json()).unwrap();
    for (row, object) in rows.iter().zip(json["functions"].as_array().unwrap()) {
        let mut expected = Vec::new();
        columns_of(object, "", &mut expected);
        for (name, value) in expected {
            // A missing object has its columns, all of them empty.
            let prefix = format!("{name}.");
            let Some(column) = columns.iter().position(|column| *column == name) else {
                assert!(value.is_empty() && columns.iter().any(|column| column.starts_with(&prefix)), "{name}");
                continue;
            };
            let same = |one: &str, other: &str| match (one.parse::<f64>(), other.parse::<f64>()) {
                (Ok(one), Ok(other)) => one == other,
                _ => one == other,
            };
            assert!(same(&row[column], &value), "{name}: {} instead of {value}", row[column]);
        }
    }
}

#[test]
fn the_golden_lines_read_as_they_should() {
    golden::same("memory_functions.csv", &text(&golden::report()));
}
