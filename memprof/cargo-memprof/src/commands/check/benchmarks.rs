//! Figures for tools that draw them over time.

use std::collections::HashMap;

use memprof::compare::NamedFigure;
use serde_json::{Map, Value, json};

use crate::failure::{Failure, Outcome};

/// The Bencher Metric Format: `{"benchmark": {"measure": {"value": 1}}}`.
pub(super) fn bencher(figures: &[NamedFigure]) -> Outcome<Vec<u8>> {
    let mut benchmarks = Map::new();
    for (figure, place) in placed(figures) {
        let measures = benchmarks.entry(format!("{}{place}", figure.subject)).or_insert_with(|| json!({}));
        let value = match bound(figure) {
            None => json!({"value": figure.value}),
            Some(error) => json!({
                "value": figure.value,
                "lower_value": figure.value.saturating_sub_unsigned(error),
                "upper_value": figure.value.saturating_add_unsigned(error),
            }),
        };
        if let Some(measures) = measures.as_object_mut() {
            measures.insert(figure.column.clone(), value);
        }
    }
    text(&Value::Object(benchmarks))
}

/// The rows of github-action-benchmark's `customSmallerIsBetter`.
pub(super) fn smaller_is_better(figures: &[NamedFigure]) -> Outcome<Vec<u8>> {
    let row = |(figure, place): (&NamedFigure, String)| {
        let mut row = json!({
            "name": format!("{}{place}", figure.name),
            "unit": figure.unit,
            "value": figure.value,
        });
        if let Some(error) = bound(figure) {
            row["range"] = format!("± {error}").into();
        }
        if let (Some(file), Some(line)) = (&figure.file, figure.line) {
            row["extra"] = format!("{}:{line}", file.replace('\\', "/")).into();
        }
        row
    };
    text(&placed(figures).map(row).collect())
}

fn text(value: &Value) -> Outcome<Vec<u8>> {
    let mut text = serde_json::to_vec_pretty(value).map_err(Failure::said)?;
    text.push(b'\n');
    Ok(text)
}

/// The error bound of a peak.
fn bound(figure: &NamedFigure) -> Option<u64> {
    figure.error.filter(|error| *error > 0 && figure.subject != "findings")
}

/// The figures, each with its place if others have the same name.
fn placed(figures: &[NamedFigure]) -> impl Iterator<Item = (&NamedFigure, String)> {
    let mut counts: HashMap<&str, usize> = HashMap::new();
    for figure in figures {
        *counts.entry(&figure.name).or_default() += 1;
    }
    figures.iter().map(move |figure| {
        let is_alone = counts.get(figure.name.as_str()) == Some(&1);
        let place = || Some(format!(" ({}:{})", figure.file.as_deref()?, figure.line?));
        (figure, if is_alone { String::new() } else { place().unwrap_or_default() })
    })
}
