//! The file as speedscope reads it.

use serde_json::Value;

use super::*;
use crate::report::formats::samples;
use crate::report::golden;

fn text(report: &Report) -> String {
    let mut text = Vec::new();
    write(report, &mut text).unwrap();
    String::from_utf8(text).unwrap()
}

fn parsed(report: &Report) -> Value {
    serde_json::from_str(&text(report)).unwrap_or_else(|error| panic!("{error}: {}", text(report)))
}

#[test]
fn each_profile_is_whole_and_its_sum_is_the_total() {
    for (name, report) in samples::all() {
        let file = parsed(&report);
        let frames = file["shared"]["frames"].as_array().unwrap().len() as u64;
        let totals = &report.totals;
        let net = |net: i64| net.max(0) as u64;
        let mut expected =
            vec![totals.allocated_bytes, totals.allocated_count, net(totals.net_bytes), net(totals.net_count)];
        expected.extend(report.peak.as_ref().map(|peak| net(peak.net_bytes)));
        let profiles = file["profiles"].as_array().unwrap();
        assert_eq!(profiles.len(), expected.len(), "{name}");
        for (profile, expected) in profiles.iter().zip(expected) {
            let (samples, weights) = (&profile["samples"], &profile["weights"]);
            let (samples, weights) = (samples.as_array().unwrap(), weights.as_array().unwrap());
            assert!(samples.len() == weights.len() && !samples.is_empty(), "{name}");
            let sum = weights.iter().map(|weight| u128::from(weight.as_u64().unwrap())).sum::<u128>();
            if samples::adds_up(name) {
                assert_eq!(sum, u128::from(expected), "{name}: {}", profile["name"]);
                assert_eq!(profile["endValue"], expected, "{name}");
            }
            for sample in samples {
                let sample = sample.as_array().unwrap();
                assert!(!sample.is_empty() && sample.iter().all(|frame| frame.as_u64().unwrap() < frames), "{name}");
            }
        }
    }
}

#[test]
fn an_estimate_says_so() {
    let names = |report: &Report| parsed(report)["profiles"].to_string();
    assert!(!names(&golden::report()).contains("estimated"));
    assert!(names(&samples::sampled()).contains("vector_search: live bytes, estimated"));
    assert!(!names(&samples::sampled()).contains("allocated bytes, estimated"));
}

#[test]
fn the_golden_file_reads_as_it_should() {
    let text = text(&golden::report()).replace(env!("CARGO_PKG_VERSION"), "0.0.0");
    golden::same("memory.speedscope.json", &text);
}
