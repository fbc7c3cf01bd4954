//! The picture as XML, and the places of its boxes.

use super::*;
use crate::report::data::CallTreeNode;
use crate::report::formats::samples;
use crate::report::golden;

fn text(report: &Report) -> String {
    let mut text = Vec::new();
    write(report, &mut text).unwrap();
    String::from_utf8(text).unwrap()
}

/// Panics unless the tags are balanced and the texts have no markup.
fn expect_xml(name: &str, text: &str) {
    let mut open: Vec<&str> = Vec::new();
    for part in text.split('<').skip(1) {
        let (tag, rest) = part.split_once('>').unwrap_or_else(|| panic!("{name}: no end of {part:?}"));
        let is_entity = |rest: &&str| ["amp;", "lt;", "gt;", "quot;"].iter().any(|known| rest.starts_with(known));
        assert!(rest.split('&').skip(1).all(|rest| is_entity(&rest)), "{name}: {rest:?}");
        assert!(rest.chars().all(|letter| letter == '\n' || letter >= ' '), "{name}: {rest:?}");
        match tag.strip_prefix('/') {
            Some(closed) => assert_eq!(open.pop(), Some(closed), "{name}: {part:?}"),
            None if tag.ends_with('/') => {}
            None => open.push(tag.split(' ').next().unwrap()),
        }
        let known = ["svg", "title", "style", "text", "g", "rect"];
        assert!(known.contains(&tag.trim_start_matches('/').split([' ', '/']).next().unwrap()), "{name}: {tag}");
    }
    assert!(open.is_empty(), "{name}: {open:?}");
}

#[test]
fn every_picture_is_xml_without_script_and_reference() {
    for (name, report) in samples::all() {
        let text = text(&report);
        expect_xml(name, &text);
        assert_eq!(
            text.matches("http").count(),
            1 + text.matches("https&").count() + text.matches("https:").count(),
            "{name}"
        );
        assert!(!text.contains("<script") && !text.contains("href") && !text.contains("url("), "{name}");
    }
}

#[test]
fn boxes_stand_within_their_callers_and_side_by_side() {
    for (name, report) in samples::all() {
        let tree = FrameTree::of(&report);
        for figure in [(|own: &Amounts| own.allocated_bytes) as fn(&Amounts) -> u64, |own| own.live_bytes] {
            let boxes = FlameBox::all(&tree, figure);
            let mut rows: std::collections::BTreeMap<usize, Vec<(u128, u128)>> = Default::default();
            for (node, flame) in tree.nodes.iter().zip(&boxes) {
                rows.entry(flame.depth).or_default().push((flame.start, flame.start + flame.total));
                if let Some(parent) = node.parent.map(|parent| boxes[parent]) {
                    assert!(parent.start <= flame.start && flame.start + flame.total <= parent.start + parent.total);
                }
            }
            for row in rows.values_mut() {
                row.sort_unstable();
                assert!(row.windows(2).all(|two| two[0].1 <= two[1].0), "{name}: boxes overlap");
            }
        }
    }
}

#[test]
fn the_picture_of_a_large_report_stays_small() {
    assert!(text(&samples::deep()).len() < 100_000);
}

#[test]
fn the_picture_has_the_widest_boxes_of_many() {
    let mut report = golden::report();
    report.live.groups.clear();
    report.peak = None;
    let name = |id: u32| format!("app::part{}::step_{}", id % 7, id % 31);
    report.call_tree = (0..30_000)
        .map(|id| CallTreeNode {
            id,
            // Chains of 30 functions beneath 1,000 roots.
            parent: (id % 30 > 0).then(|| id - 1),
            function: name(id),
            self_allocated_bytes: 1_000 + u64::from(id / 30),
            ..CallTreeNode::default()
        })
        .collect();
    report.unattributed.self_allocated_bytes = 0;
    let text = text(&report);
    expect_xml("many", &text);
    let boxes = text.matches("<g ").count();
    assert!((900..=1_010).contains(&boxes), "{boxes} boxes");
    assert!(text.len() < 400_000, "{} bytes", text.len());
}

#[test]
fn the_golden_picture_reads_as_it_should() {
    golden::same("memory_flame.svg", &text(&golden::report()));
}
