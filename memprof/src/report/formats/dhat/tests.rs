//! The file as valgrind's viewer and the Firefox Profiler read it.

use std::collections::BTreeSet;

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

fn points(file: &Value) -> &[Value] {
    file["pps"].as_array().expect("points")
}

#[test]
fn the_viewer_finds_every_field_that_it_asks_for() {
    for (name, report) in samples::all() {
        let file = parsed(&report);
        for field in "dhatFileVersion mode verb bklt bkacc tu Mtu cmd pid te pps ftbl tg tuth".split(' ') {
            assert!(file.get(field).is_some(), "{name}: {field}");
        }
        assert_eq!(file["ftbl"][0], "[root]");
        for point in points(&file) {
            for field in "tb tbk tl mb mbk gb gbk eb ebk fs".split(' ') {
                assert!(point.get(field).is_some(), "{name}: {field}");
            }
        }
    }
}

#[test]
fn no_two_points_have_the_same_stack_and_none_has_an_empty_one() {
    for (name, report) in samples::all() {
        let file = parsed(&report);
        let frames = file["ftbl"].as_array().expect("frames").len() as u64;
        let stacks: Vec<Vec<u64>> = points(&file)
            .iter()
            .map(|point| point["fs"].as_array().unwrap().iter().map(|frame| frame.as_u64().unwrap()).collect())
            .collect();
        assert!(stacks.iter().all(|stack| !stack.is_empty()), "{name}");
        assert!(stacks.iter().flatten().all(|frame| (1..frames).contains(frame)), "{name}");
        assert_eq!(stacks.iter().collect::<BTreeSet<_>>().len(), stacks.len(), "{name}");
        assert!(!stacks.is_empty(), "{name}");
    }
}

#[test]
fn the_sums_are_the_totals() {
    for (name, report) in samples::all().into_iter().filter(|(name, _)| samples::adds_up(name)) {
        let file = parsed(&report);
        let sum = |field: &str| points(&file).iter().map(|point| point[field].as_u64().unwrap()).sum::<u64>();
        let totals = &report.totals;
        assert_eq!((sum("tb"), sum("tbk")), (totals.allocated_bytes, totals.allocated_count), "{name}");
        let net = (totals.net_bytes.max(0) as u64, totals.net_count.max(0) as u64);
        assert_eq!((sum("eb"), sum("ebk")), net, "{name}");
        let peak = report.peak.as_ref().map_or(0, |peak| peak.net_bytes.max(0) as u64);
        assert_eq!(sum("gb"), peak, "{name}");
        assert_eq!(file["mode"].as_str().unwrap().contains("the peak t-gmax"), report.peak.is_none(), "{name}");
        let is_within = |point: &Value| point["mb"].as_u64() >= point["eb"].as_u64().max(point["gb"].as_u64());
        assert!(points(&file).iter().all(is_within), "{name}");
    }
}

#[test]
fn the_firefox_profiler_takes_frames_apart() {
    let file = parsed(&golden::report());
    let has = |frame: &str| file["ftbl"].as_array().unwrap().iter().any(|known| known == frame);
    assert!(has("0x0: vector_search::build (src/main.rs:29:0)"), "{file}");
    assert!(has("0x55d0c0de1234: vector_search::index::Hnsw::insert (src/index.rs:57:0)"), "{file}");
    assert!(has("0x55d0c0de1070: main"), "{file}");
}

#[test]
fn the_golden_file_reads_as_it_should() {
    golden::same("memory.dhat.json", &text(&golden::report()));
}
