//! The profile, decoded and held against the rules of its readers.

use super::*;
use crate::report::formats::samples;
use crate::report::golden;

/// A message as field numbers with their values.
type Fields = Vec<(u64, Decoded)>;

#[derive(Clone, Debug, PartialEq)]
enum Decoded {
    Number(u64),
    Bytes(Vec<u8>),
}

impl Decoded {
    fn number(&self) -> u64 {
        let Self::Number(number) = self else { panic!("{self:?} is no number") };
        *number
    }

    fn bytes(&self) -> &[u8] {
        let Self::Bytes(bytes) = self else { panic!("{self:?} has no bytes") };
        bytes
    }
}

fn varint(bytes: &mut &[u8]) -> u64 {
    let mut number = 0;
    for shift in (0..).step_by(7) {
        let (first, rest) = bytes.split_first().expect("a varint ends");
        *bytes = rest;
        number |= u64::from(first & 0x7f) << shift;
        if first & 0x80 == 0 {
            return number;
        }
    }
    unreachable!()
}

fn decoded(mut bytes: &[u8]) -> Fields {
    let mut fields = Vec::new();
    while !bytes.is_empty() {
        let key = varint(&mut bytes);
        let value = match key & 7 {
            0 => Decoded::Number(varint(&mut bytes)),
            2 => {
                let length = varint(&mut bytes) as usize;
                let (value, rest) = bytes.split_at(length);
                bytes = rest;
                Decoded::Bytes(value.to_vec())
            }
            other => panic!("wire type {other}"),
        };
        fields.push((key >> 3, value));
    }
    fields
}

fn numbers(mut bytes: &[u8]) -> Vec<u64> {
    let mut numbers = Vec::new();
    while !bytes.is_empty() {
        numbers.push(varint(&mut bytes));
    }
    numbers
}

/// One number of a message; 0 if it is omitted.
fn number(fields: &Fields, field: u64) -> u64 {
    fields.iter().find(|(number, _)| *number == field).map_or(0, |(_, value)| value.number())
}

/// A profile as its readers see it.
struct Profile {
    fields: Fields,
    texts: Vec<String>,
}

impl Profile {
    fn of(report: &Report) -> Self {
        let mut file = Vec::new();
        write(report, &mut file).unwrap();
        Self::decoded(&gzip::stored(&file))
    }

    /// The profile of the time between two reports.
    fn between(base: &Report, report: &Report) -> Self {
        Self::decoded(&profile(report, &Scraped { base: Some(base), default_type: None }))
    }

    fn decoded(file: &[u8]) -> Self {
        let fields = decoded(file);
        let texts = fields.iter().filter(|(field, _)| *field == 6);
        let texts = texts.map(|(_, text)| String::from_utf8(text.bytes().to_vec()).unwrap()).collect();
        Self { fields, texts }
    }

    fn messages(&self, field: u64) -> Vec<Fields> {
        let of = self.fields.iter().filter(|(number, _)| *number == field);
        of.map(|(_, message)| decoded(message.bytes())).collect()
    }

    fn text(&self, number: u64) -> &str {
        &self.texts[number as usize]
    }

    fn value_types(&self, messages: &[Fields]) -> Vec<(String, String)> {
        let text = |message: &Fields, field| self.text(number(message, field)).to_owned();
        messages.iter().map(|message| (text(message, 1), text(message, 2))).collect()
    }

    /// The frames' names of each sample, the innermost first, and its values.
    fn samples(&self) -> Vec<(Vec<String>, [u64; 4])> {
        let (locations, functions) = (self.messages(4), self.messages(5));
        let name = |location: u64| {
            let line = locations[location as usize - 1].iter().find(|(field, _)| *field == 4).expect("a line");
            let function = number(&decoded(line.1.bytes()), 1);
            self.text(number(&functions[function as usize - 1], 2)).to_owned()
        };
        let sample = |message: &Fields| {
            let packed = |field: u64| {
                numbers(message.iter().find(|(number, _)| *number == field).expect("it is packed").1.bytes())
            };
            (packed(1).into_iter().map(name).collect(), packed(2).try_into().expect("four values"))
        };
        self.messages(2).iter().map(sample).collect()
    }

    fn comments(&self) -> String {
        let packed = self.fields.iter().find(|(field, _)| *field == 13);
        let comments = packed.map_or_else(Vec::new, |(_, packed)| numbers(packed.bytes()));
        comments.into_iter().map(|comment| self.text(comment)).collect::<Vec<_>>().join("\n")
    }
}

#[test]
fn the_types_are_those_of_go_in_its_order_for_every_report() {
    let expected =
        [("alloc_objects", "count"), ("alloc_space", "bytes"), ("inuse_objects", "count"), ("inuse_space", "bytes")];
    for (name, report) in samples::all() {
        let profile = Profile::of(&report);
        let expected: Vec<_> = expected.iter().map(|(kind, unit)| ((*kind).to_owned(), (*unit).to_owned())).collect();
        assert_eq!(profile.value_types(&profile.messages(1)), expected, "{name}");
        assert_eq!(profile.value_types(&profile.messages(11)), [("space".to_owned(), "bytes".to_owned())], "{name}");
        assert_eq!(number(&profile.fields, 14), 0, "no default: readers choose the last type");
    }
}

#[test]
fn the_sums_are_the_totals() {
    for (name, report) in samples::all().into_iter().filter(|(name, _)| samples::adds_up(name)) {
        let samples = Profile::of(&report).samples();
        let sum = |index: usize| samples.iter().map(|(_, values)| values[index]).sum::<u64>();
        let totals = &report.totals;
        let net = |net: i64| net.max(0) as u64;
        let expected = [totals.allocated_count, totals.allocated_bytes, net(totals.net_count), net(totals.net_bytes)];
        assert_eq!([0, 1, 2, 3].map(sum), expected, "{name}");
        assert!(!samples.is_empty(), "{name}");
    }
}

/// The checks of Parca before it takes a profile, and of Go's `CheckValid`.
#[test]
fn every_reference_leads_somewhere_and_ids_are_in_order() {
    for (name, report) in samples::all() {
        let profile = Profile::of(&report);
        assert_eq!(profile.text(0), "", "{name}");
        let distinct: std::collections::BTreeSet<&String> = profile.texts.iter().collect();
        assert_eq!(distinct.len(), profile.texts.len(), "{name}: a text stands twice");
        let [mappings, locations, functions] = [3, 4, 5].map(|field| profile.messages(field));
        for messages in [&mappings, &locations, &functions] {
            let ids: Vec<u64> = messages.iter().map(|message| number(message, 1)).collect();
            assert_eq!(ids, (1..=messages.len() as u64).collect::<Vec<_>>(), "{name}");
        }
        let is_text = |number: u64| (number as usize) < profile.texts.len();
        for mapping in &mappings {
            assert!(is_text(number(mapping, 5)) && is_text(number(mapping, 6)), "{name}");
            // Nothing is left to symbolize.
            assert_eq!([7, 8, 9, 10].map(|field| number(mapping, field)), [1; 4], "{name}");
        }
        for location in &locations {
            assert!((1..=mappings.len() as u64).contains(&number(location, 2)), "{name}");
            let lines: Vec<_> = location.iter().filter(|(field, _)| *field == 4).collect();
            assert_eq!(lines.len(), 1, "{name}: one frame, one location");
            let function = number(&decoded(lines[0].1.bytes()), 1);
            assert!((1..=functions.len() as u64).contains(&function), "{name}");
        }
        for function in &functions {
            assert!([2, 3, 4].into_iter().all(|field| is_text(number(function, field))), "{name}");
            assert_ne!(profile.text(number(function, 2)), "", "{name}: a function without a name");
        }
        for sample in profile.messages(2) {
            for (field, value) in sample {
                match field {
                    1 => {
                        let ids = numbers(value.bytes());
                        assert!(!ids.is_empty() && ids.iter().all(|id| (1..=locations.len() as u64).contains(id)));
                    }
                    2 => assert!(numbers(value.bytes()).iter().all(|value| *value <= i64::MAX as u64)),
                    3 => {
                        let label = decoded(value.bytes());
                        assert!(is_text(number(&label, 1)) && is_text(number(&label, 2)), "{name}");
                        assert!(["function", "verdict"].contains(&profile.text(number(&label, 1))), "{name}");
                    }
                    other => panic!("{name}: field {other}"),
                }
            }
        }
    }
}

#[test]
fn tracked_functions_stand_above_the_stacks_of_their_live_blocks() {
    let samples = Profile::of(&golden::report()).samples();
    let stack = |live: u64| samples.iter().find(|(_, values)| values[3] == live).map(|(frames, _)| frames.clone());
    assert_eq!(
        stack(143_760).expect("a group"),
        [
            "alloc::vec::Vec<T>::push",
            "<vector_search::index::Hnsw as vector_search::Index>::grow",
            "main",
            "vector_search::search"
        ]
    );
    // The frames around the tracked function itself are its callers, for which the path stands.
    assert_eq!(
        stack(8_388_608).expect("a group"),
        ["vector_search::index::Hnsw::insert", "vector_search::index::Hnsw::insert", "vector_search::build"]
    );
}

#[test]
fn a_difference_knows_a_function_that_got_the_name_of_its_trait() {
    let report = golden::report();
    let mut base = report.clone();
    let long = "<vector_search::report::Recall as core::fmt::Display>::fmt";
    let rename = |name: &mut String| {
        if name == long {
            *name = "vector_search::report::Recall::fmt".to_owned();
        }
    };
    base.functions.iter_mut().for_each(|row| rename(&mut row.name));
    base.call_tree.iter_mut().for_each(|row| rename(&mut row.function));
    base.live.groups.iter_mut().for_each(|group| group.path.iter_mut().for_each(rename));
    let names = Profile::of(&base).texts;
    assert!(
        names.iter().any(|text| text == "vector_search::report::Recall::fmt") && !names.iter().any(|text| text == long)
    );
    let samples = Profile::between(&base, &report).samples();
    assert!(samples.iter().all(|(_, values)| *values == [0; 4]), "{samples:?}");
}

#[test]
fn an_estimate_says_so() {
    assert_eq!(Profile::of(&golden::report()).comments(), "");
    let profile = Profile::of(&samples::sampled());
    assert_eq!(
        profile.comments(),
        "Live bytes are an estimate from a sample, about one record in 64.0 KB, standard error 293.0 KB. \
         Allocated bytes and counts are exact."
    );
    assert_eq!(number(&profile.fields, 12), 65_536, "the period is the interval");
    assert_eq!(number(&Profile::of(&golden::report()).fields, 12), 1);
    assert!(Profile::of(&samples::not_installed()).comments().contains("#[memprof::main]"));
    assert!(Profile::of(&samples::no_functions()).comments().starts_with("No tracked function was called"));
    assert!(Profile::of(&samples::no_records()).comments().contains("track_allocations = false"));
    assert!(Profile::of(&samples::no_stacks()).comments().contains("no stacks"));
}

#[test]
fn the_time_is_the_one_of_the_report() {
    assert_eq!(seconds_since_1970("1970-01-01T00:00:00Z"), Some(0.0));
    assert_eq!(seconds_since_1970("2000-02-29T12:00:00.5Z"), Some(951_825_600.5));
    assert_eq!(seconds_since_1970("2026-11-22T17:39:19Z"), Some(1_795_369_159.0));
    for wrong in ["", "yesterday", "2026-11-22", "2026-13-01T00:00:00Z", "99999999999999999999-1-1T0:0:0Z", "T::Z"] {
        assert_eq!(seconds_since_1970(wrong), None, "{wrong}");
    }
    let mut report = golden::report();
    report.program.started_at = "2026-11-22T17:39:19Z".into();
    report.program.duration_seconds = 1.5;
    assert_eq!(end_of_report(&report), 1_795_369_160_500_000_000);
}

#[test]
fn the_golden_profile_reads_as_it_should() {
    let profile = Profile::of(&golden::report());
    let lines: Vec<String> =
        profile.samples().iter().map(|(frames, values)| format!("{} {values:?}\n", frames.join(" < "))).collect();
    golden::same("memory.pprof.txt", &lines.concat());
}
