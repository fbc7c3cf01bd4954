use super::render;
use crate::report::data::{Function, LabelRow, LiveGroup, NetRise, Report};
use crate::report::name::OUTSIDE;
use crate::serve::series::{FUNCTIONS, OTHER, Series, VALUES};
use std::collections::{BTreeMap, BTreeSet};

type Labels = Vec<(String, String)>;

/// The samples of a text, by name and labels. Panics unless the text keeps every rule of the format 0.0.4.
fn parse(text: &str) -> BTreeMap<(String, Labels), f64> {
    assert!(text.ends_with('\n'));
    let (mut samples, mut families) = (BTreeMap::new(), BTreeSet::new());
    let (mut helped, mut typed) = (String::new(), String::new());
    for line in text.lines() {
        if let Some(rest) = line.strip_prefix("# HELP ") {
            let (name, help) = rest.split_once(' ').expect("a help text");
            assert!(families.insert(name.to_owned()), "{name} stands twice");
            assert!(!help.is_empty() && !help.contains('\\'), "{line}");
            name.clone_into(&mut helped);
        } else if let Some(rest) = line.strip_prefix("# TYPE ") {
            let (name, kind) = rest.split_once(' ').expect("a type");
            assert_eq!(name, helped);
            assert!(matches!(kind, "counter" | "gauge"), "{line}");
            assert_eq!(kind == "counter", name.ends_with("_total"), "{line}");
            name.clone_into(&mut typed);
        } else {
            let (name, labels, value) = sample(line);
            assert_eq!((name.as_str(), helped.as_str()), (typed.as_str(), typed.as_str()), "{line}");
            let value: f64 = value.parse().unwrap_or_else(|_| panic!("{line}"));
            assert!(value.is_finite(), "{line}");
            assert_eq!(samples.insert((name, labels), value), None, "{line} stands twice");
        }
    }
    samples
}

fn sample(line: &str) -> (String, Labels, &str) {
    let is_name = |name: &str| {
        !name.is_empty()
            && !name.starts_with(|letter: char| letter.is_ascii_digit())
            && name.chars().all(|letter| letter.is_ascii_alphanumeric() || letter == '_')
    };
    let end = line.find(['{', ' ']).expect("a value");
    let (name, mut rest) = line.split_at(end);
    assert!(is_name(name), "{line}");
    let mut labels = Labels::new();
    if let Some(inner) = rest.strip_prefix('{') {
        rest = inner;
        loop {
            let (label, after) = rest.split_once("=\"").expect("a label");
            assert!(is_name(label), "{line}");
            let (mut value, mut letters) = (String::new(), after.char_indices());
            let end = loop {
                match letters.next().expect("the end of a label") {
                    (place, '"') => break place,
                    (_, '\\') => match letters.next().expect("an escape").1 {
                        'n' => value.push('\n'),
                        letter @ ('"' | '\\') => value.push(letter),
                        other => panic!("the escape {other} in {line}"),
                    },
                    (_, letter) => {
                        assert!(!letter.is_control(), "{line}");
                        value.push(letter);
                    }
                }
            };
            labels.push((label.to_owned(), value));
            rest = &after[end + 1..];
            if let Some(after) = rest.strip_prefix('}') {
                rest = after;
                break;
            }
            rest = rest.strip_prefix(',').expect("another label");
        }
    }
    (name.to_owned(), labels, rest.strip_prefix(' ').expect("a value"))
}

fn of<'s>(samples: &'s BTreeMap<(String, Labels), f64>, name: &'s str) -> impl Iterator<Item = (&'s Labels, f64)> + 's {
    samples.iter().filter(move |((other, _), _)| other == name).map(|((_, labels), value)| (labels, *value))
}

fn report(functions: u32) -> Report {
    let functions = 0..functions;
    let allocated_bytes = 7 + functions.clone().map(u64::from).sum::<u64>();
    let functions = functions
        .map(|number| Function {
            name: format!("shop::f{number}"),
            file: "src/main.rs".into(),
            line: number,
            calls: 1,
            self_allocated_bytes: u64::from(number),
            retained_bytes: Some(2),
            ..Function::default()
        })
        .collect();
    let mut report = Report { functions, ..Report::default() };
    report.totals.allocated_bytes = allocated_bytes;
    report.unattributed.self_allocated_bytes = 7;
    report.unattributed.retained_bytes = Some(1);
    report
}

const SELF: &str = "memprof_function_self_allocated_bytes_total";

#[test]
fn an_empty_report_is_a_valid_text() {
    let samples = parse(&render(&Report::default(), &mut Series::default()));
    assert_eq!(of(&samples, "memprof_allocated_bytes_total").next(), Some((&Vec::new(), 0.0)));
    assert_eq!(of(&samples, "memprof_build_info").count(), 1);
    assert_eq!(of(&samples, "memprof_limit_bytes").count(), 0, "unknown is no series");
}

#[test]
fn hostile_names_are_escaped() {
    let hostile = ["a\"b", "a\\b", "a\nb", "\u{1b}[31m", "é 日本", "}", "a\",b=\"c", "\u{202e}x", "", "a\\"];
    let mut report = report(hostile.len() as u32);
    for (row, name) in report.functions.iter_mut().zip(hostile) {
        row.name = name.into();
    }
    report.program.name = "\"\\\n".into();
    report.labels = hostile
        .iter()
        .map(|value| LabelRow {
            key: (*value).into(),
            value: (*value).into(),
            retained_bytes: Some(1),
            ..LabelRow::default()
        })
        .collect();
    let mut series = Series::default();
    let samples = parse(&render(&report, &mut series));
    assert_eq!(of(&samples, "memprof_function_calls_total").count(), hostile.len());
    assert_eq!(of(&samples, "memprof_label_retained_bytes").count(), hostile.len());
    // Names that look alike have one series.
    report.functions[0].name = "a\\nb".into();
    report.labels[0].key = "a\\nb".into();
    report.labels[0].value = "a\\nb".into();
    let samples = parse(&render(&report, &mut Series::default()));
    assert_eq!(of(&samples, "memprof_function_calls_total").count(), hostile.len() - 1);
    assert_eq!(of(&samples, "memprof_label_retained_bytes").count(), hostile.len() - 1);
}

#[test]
fn the_series_are_bounded_and_their_sum_is_true() {
    let mut series = Series::default();
    let mut report = report(500);
    let samples = parse(&render(&report, &mut series));
    assert_eq!(of(&samples, SELF).count(), FUNCTIONS + 2, "the functions, `other`, and outside of all");
    let sum: f64 = of(&samples, SELF).map(|(_, value)| value).sum();
    assert_eq!(sum, report.totals.allocated_bytes as f64);
    let calls: f64 = of(&samples, "memprof_function_calls_total").map(|(_, value)| value).sum();
    assert_eq!(calls, 500.0);
    let retained: f64 = of(&samples, "memprof_function_retained_bytes").map(|(_, value)| value).sum();
    assert_eq!(retained, 1001.0);
    // The smallest becomes the largest: it stays in `other`, and no counter falls.
    report.functions[0].self_allocated_bytes = 1 << 40;
    report.functions.reverse();
    let later = parse(&render(&report, &mut series));
    for (sample, value) in of(&samples, SELF) {
        let after = later.get(&(SELF.to_owned(), sample.clone())).expect("the series is still there");
        assert!(*after >= value, "{sample:?}");
    }
    assert_eq!(later.len(), samples.len());
}

#[test]
fn new_functions_get_a_series_while_there_are_some() {
    let mut series = Series::default();
    render(&report(40), &mut series);
    let samples = parse(&render(&report(120), &mut series));
    let names: BTreeSet<&str> = of(&samples, SELF).map(|(labels, _)| labels[0].1.as_str()).collect();
    assert!((0..40).all(|number| names.contains(format!("shop::f{number}").as_str())), "{names:?}");
    assert_eq!(names.len(), FUNCTIONS + 2);
    assert!(names.contains(OTHER) && names.contains(OUTSIDE));
}

#[test]
fn a_function_that_is_renamed_keeps_its_series() {
    let mut series = Series::default();
    let mut report = report(2);
    report.functions[1].name = "shop::Shop::f1".into();
    let before = parse(&render(&report, &mut series));
    report.functions[1].name = "<shop::Shop as Trait>::f1".into();
    assert_eq!(parse(&render(&report, &mut series)), before);
}

#[test]
fn functions_of_one_macro_call_have_their_own_series() {
    let mut series = Series::default();
    let mut report = report(3);
    for (row, name) in report.functions.iter_mut().zip(["shop::A::read", "shop::B::read", "shop::C::read"]) {
        (row.name, row.line) = (name.into(), 7);
    }
    let samples = parse(&render(&report, &mut series));
    let figures: Vec<(&str, f64)> = of(&samples, SELF).map(|(labels, sum)| (labels[0].1.as_str(), sum)).collect();
    assert_eq!(figures, [(OUTSIDE, 7.0), ("shop::A::read", 0.0), ("shop::B::read", 1.0), ("shop::C::read", 2.0)]);
}

#[test]
fn functions_and_values_named_other_are_in_the_sum() {
    let mut series = Series::default();
    let mut report = report(150);
    report.functions[149].name = OTHER.into();
    report.functions[148].name = OUTSIDE.into();
    let value = |value: &str| LabelRow {
        key: "tenant".into(),
        value: value.into(),
        retained_bytes: Some(1),
        ..LabelRow::default()
    };
    report.labels = (0..200).map(|number| value(&format!("t{number}"))).chain([value(OTHER)]).collect();
    let samples = parse(&render(&report, &mut series));
    let sum: f64 = of(&samples, SELF).map(|(_, value)| value).sum();
    assert_eq!(sum, report.totals.allocated_bytes as f64);
    let labels: Vec<f64> = of(&samples, "memprof_label_retained_bytes").map(|(_, value)| value).collect();
    assert_eq!((labels.len(), labels.iter().sum::<f64>()), (VALUES + 1, 201.0));
}

#[test]
fn unknown_figures_have_no_series() {
    let mut report = report(2);
    report.functions[0].retained_bytes = None;
    let samples = parse(&render(&report, &mut Series::default()));
    assert_eq!(of(&samples, "memprof_function_retained_bytes").count(), 2);
    assert_eq!(of(&samples, SELF).count(), 3);
}

#[test]
fn growth_is_that_of_growing_groups() {
    let mut report = report(3);
    let group = |path: &[&str], line, verdict: &str| LiveGroup {
        path: path.iter().map(|name| (*name).to_owned()).collect(),
        file: (!path.is_empty()).then(|| "src/main.rs".into()),
        line: (!path.is_empty()).then_some(line),
        bytes_per_second: 1.5,
        verdict: Some(verdict.into()),
        ..LiveGroup::default()
    };
    report.live.groups = vec![
        group(&["shop::f1"], 1, "growing"),
        group(&["shop::f2", "shop::f1"], 1, "growing"),
        group(&["shop::f2"], 2, "kept"),
        LiveGroup { expected: Some("shop::*".into()), ..group(&["shop::f2"], 2, "growing") },
        group(&[], 0, "growing"),
        group(&["gone"], 9, "growing"),
    ];
    let samples = parse(&render(&report, &mut Series::default()));
    let rates: Vec<(&str, f64)> =
        of(&samples, "memprof_growing_bytes_per_second").map(|(labels, rate)| (labels[0].1.as_str(), rate)).collect();
    assert_eq!(rates, [(OUTSIDE, 1.5), (OTHER, 1.5), ("shop::f1", 3.0)]);
}

#[test]
fn without_groups_growth_is_that_of_the_net() {
    let mut report = report(3);
    report.live.net_rise = Some(NetRise {
        bytes: 5_000,
        seconds: 2.0,
        function: Some("shop::f1".into()),
        function_bytes: Some(4_000),
        ..NetRise::default()
    });
    let rates = |report: &Report| -> Vec<(String, f64)> {
        let samples = parse(&render(report, &mut Series::default()));
        let of = of(&samples, "memprof_growing_bytes_per_second");
        of.map(|(labels, rate)| (labels[0].1.clone(), rate)).collect()
    };
    assert_eq!(rates(&report), [("shop::f1".to_owned(), 2_000.0)]);
    let rise = report.live.net_rise.clone().expect("it rises");
    for other in [
        NetRise { ended_seconds: Some(1.0), ..rise.clone() },
        NetRise { function: None, ..rise.clone() },
        NetRise { function: Some("gone".into()), ..rise.clone() },
        NetRise { seconds: 0.0, ..rise.clone() },
        NetRise { function_bytes: Some(-1), ..rise },
    ] {
        report.live.net_rise = Some(other);
        assert_eq!(rates(&report), []);
    }
}
