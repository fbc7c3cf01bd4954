//! Reading JSON into `serde_json::Value`: many small blocks of many sizes.

use super::random::Random;
use crate::Parameters;
use serde_json::Value;
use std::hint::black_box;

pub(super) fn json(parameters: &Parameters) -> Box<dyn FnOnce() -> (u64, u64)> {
    let mut random = Random::new(parameters.seed);
    let rows: Vec<String> = (0..2_000)
        .map(|row| {
            let tags: Vec<String> = (0..random.next() % 6).map(|tag| format!("\"tag {tag}\"")).collect();
            let (a, b) = (random.next() % 1_000_000, random.next() % 100);
            let tags = tags.join(", ");
            format!("{{\"id\": {row}, \"name\": \"row {a}\", \"score\": {b}.5, \"tags\": [{tags}], \"none\": null}}")
        })
        .collect();
    let text = format!("[{}]", rows.join(",\n"));
    let times = parameters.times(60);
    Box::new(move || {
        let mut checksum = 0;
        for _ in 0..times {
            let value: Value = serde_json::from_str(&text).expect("it is JSON");
            checksum += black_box(&value).as_array().map_or(0, Vec::len) as u64;
        }
        (times as u64, checksum)
    })
}
