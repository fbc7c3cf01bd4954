//! The tracked functions with all columns of the JSON, one line each, and a last line for what was allocated outside of
//! them: the sums of the `self_` columns are the totals.
//!
//! A column of an inner object has its name before its own: `per_call.p50`. An unknown figure is empty.

use std::io::{self, Write};

use crate::report::data::field::{Field, Fields, Row, Value};
use crate::report::data::{Budget, Distribution, Function, Items, LargeFuture, Report, Violations, Window, WorstCall};
use crate::report::name::OUTSIDE;

/// Writes the lines.
pub(super) fn write(report: &Report, out: &mut dyn Write) -> io::Result<()> {
    let full = with_all_objects();
    let mut columns = Vec::new();
    names(&full, "", &mut columns);
    line(columns.iter().map(String::as_str), out)?;
    for function in &report.functions {
        let mut cells = Vec::new();
        fill(&full, Some(function), &mut cells);
        line(cells.iter().map(String::as_str), out)?;
    }
    let mut outside = vec![String::new(); columns.len()];
    report.unattributed.with_fields(&mut |fields| {
        for (name, field) in fields {
            set(&columns, &mut outside, name, text(&field.value()));
        }
    });
    set(&columns, &mut outside, "name", OUTSIDE.to_owned());
    line(outside.iter().map(String::as_str), out)
}

fn set(columns: &[String], cells: &mut [String], name: &str, text: String) {
    let cell = columns.iter().position(|column| column == name).and_then(|place| cells.get_mut(place));
    if let Some(cell) = cell {
        *cell = text;
    }
}

/// A row with every object that a row can have: it has all columns.
fn with_all_objects() -> Function {
    let violations =
        Violations { budget: Budget::default(), worst: Some(WorstCall::default()), ..Violations::default() };
    Function {
        per_call: Some(Distribution::default()),
        peak_per_call: Some(Distribution::default()),
        violations: Some(violations),
        window: Some(Window::default()),
        items: Some(Items::default()),
        large_future: Some(LargeFuture::default()),
        ..Function::default()
    }
}

/// The names of all columns.
fn names(full: &dyn Row, prefix: &str, columns: &mut Vec<String>) {
    full.with_fields(&mut |fields| {
        for (name, field) in fields {
            match object(*field) {
                Some(row) => names(row, &format!("{prefix}{name}."), columns),
                None => columns.push(format!("{prefix}{name}")),
            }
        }
    });
}

/// The cells of a row, as many as `full` has columns.
fn fill(full: &dyn Row, row: Option<&dyn Row>, cells: &mut Vec<String>) {
    let mut pairs = |fields: &Fields<'_>, own: Option<&Fields<'_>>| {
        for (index, (_, field)) in fields.iter().enumerate() {
            let own = own.and_then(|own| own.get(index)).map(|(_, field)| *field);
            match object(*field) {
                Some(full) => fill(full, own.and_then(object), cells),
                None => cells.push(own.map(|field| text(&field.value())).unwrap_or_default()),
            }
        }
    };
    full.with_fields(&mut |fields| match row {
        Some(row) => row.with_fields(&mut |own| pairs(fields, Some(own))),
        None => pairs(fields, None),
    });
}

/// The object in a field.
fn object(field: &dyn Field) -> Option<&dyn Row> {
    match field.value() {
        Value::Row(row) => Some(row),
        Value::Some(inner) => object(inner),
        _ => None,
    }
}

fn text(value: &Value<'_>) -> String {
    match *value {
        Value::None | Value::List(_) | Value::Row(_) => String::new(),
        Value::Some(field) => text(&field.value()),
        Value::Bool(flag) => flag.to_string(),
        Value::U32(number) => number.to_string(),
        Value::U64(number) => number.to_string(),
        Value::I64(number) => number.to_string(),
        Value::F64(number) if number.is_finite() => number.to_string(),
        Value::F64(_) => "0".to_owned(),
        Value::Text(text) => text.to_owned(),
    }
}

/// One line. A cell that contains a separator, a quote or a line end is quoted.
fn line<'c>(cells: impl Iterator<Item = &'c str>, out: &mut dyn Write) -> io::Result<()> {
    for (index, cell) in cells.enumerate() {
        if index > 0 {
            out.write_all(b",")?;
        }
        if cell.contains([',', '"', '\n', '\r']) {
            write!(out, "\"{}\"", cell.replace('"', "\"\""))?;
        } else {
            out.write_all(cell.as_bytes())?;
        }
    }
    out.write_all(b"\n")
}

#[cfg(test)]
mod tests;
