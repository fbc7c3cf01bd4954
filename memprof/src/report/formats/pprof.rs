//! A heap profile for pprof: `profile.proto`, compressed by gzip.
//!
//! Sample types are those of Go's heap profiles, in their order, and never change: `-diff_base` compares profiles of
//! the same types only. Tracked functions are the root frames of every stack, so exact counts, which belong to call
//! paths, and live bytes, which belong to stacks, share one tree. No symbol is left to look up: each mapping says so.

use std::borrow::Cow;
use std::collections::{HashMap, HashSet};
use std::io::{self, Write};

use super::gzip;
use super::notes::notes;
use super::protobuf::Message;
use super::tree::{Amounts, FrameTree, TreeFrame};
use crate::report::data::Report;
use crate::report::name::{printable, without_trait};

/// Fields of the messages, by number.
mod field {
    pub(super) const SAMPLE_TYPE: u64 = 1;
    pub(super) const SAMPLE: u64 = 2;
    pub(super) const MAPPING: u64 = 3;
    pub(super) const LOCATION: u64 = 4;
    pub(super) const FUNCTION: u64 = 5;
    pub(super) const STRING_TABLE: u64 = 6;
    pub(super) const TIME_NANOS: u64 = 9;
    pub(super) const DURATION_NANOS: u64 = 10;
    pub(super) const PERIOD_TYPE: u64 = 11;
    pub(super) const PERIOD: u64 = 12;
    pub(super) const COMMENT: u64 = 13;
    pub(super) const DEFAULT_SAMPLE_TYPE: u64 = 14;
}

const SAMPLE_TYPES: [(&str, &str); 4] =
    [("alloc_objects", "count"), ("alloc_space", "bytes"), ("inuse_objects", "count"), ("inuse_space", "bytes")];

/// Writes the profile.
pub(super) fn write(report: &Report, out: &mut dyn Write) -> io::Result<()> {
    gzip::write(&profile(report, &Scraped::default()), out)
}

/// Options of a profile that a scraper reads.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Scraped<'r> {
    /// An earlier report of the same program: the profile holds the differences from it, also negative ones.
    pub(crate) base: Option<&'r Report>,
    /// Sample type that tools show first.
    pub(crate) default_type: Option<&'static str>,
}

/// Writes the profile that a scraper reads.
#[cfg(feature = "serve")]
pub(super) fn write_scraped(report: &Report, options: &Scraped<'_>, out: &mut dyn Write) -> io::Result<()> {
    gzip::write(&profile(report, options), out)
}

/// The profile, not compressed.
fn profile(report: &Report, options: &Scraped<'_>) -> Vec<u8> {
    let tree = FrameTree::of(report);
    let base = options.base.map(FrameTree::of);
    let mut all = AllFrames::of(&tree);
    let mut before = base.iter().flat_map(|base| all.stacks_of(base)).collect::<HashMap<_, _>>();
    let mut texts = StringTable::default();
    texts.number("");
    let mut profile = Message::default();
    for (kind, unit) in SAMPLE_TYPES {
        profile.message(field::SAMPLE_TYPE, &value_type(&mut texts, kind, unit));
    }
    for (index, node) in tree.nodes.iter().enumerate() {
        let own = node.own;
        let allocated = [own.allocated_count, own.allocated_bytes, 0, 0];
        let live = [0, 0, own.live_count, own.live_bytes];
        let frames: Vec<u64> = tree.frames_of(index).map(|frame| frame as u64 + 1).collect();
        if base.is_some() {
            let before = before.remove(&frames).unwrap_or_default();
            let values = differences(values(&own), before);
            if index == 0 || values.iter().any(|value| *value != 0) {
                profile.message(field::SAMPLE, &sample(&mut texts, &frames, values, node.function, None));
            }
            continue;
        }
        // The verdict is on live blocks.
        let samples = if node.verdict.is_some() {
            vec![(allocated, None), (live, node.verdict)]
        } else {
            vec![(values(&own), None)]
        };
        // A profile without any sample is an error to some tools: the first node is always there.
        let is_wanted = |values: &[u64; 4]| index == 0 || values.iter().any(|value| *value > 0);
        for (values, verdict) in samples.into_iter().filter(|(values, _)| is_wanted(values)) {
            profile.message(field::SAMPLE, &sample(&mut texts, &frames, values.map(limited), node.function, verdict));
        }
    }
    // Stacks that have gone since.
    let mut gone: Vec<_> = before.into_iter().filter(|(_, values)| values.iter().any(|value| *value > 0)).collect();
    crate::sorted::by(&mut gone, |(one, _), (other, _)| one.cmp(other));
    for (frames, values) in gone {
        profile.message(field::SAMPLE, &sample(&mut texts, &frames, differences([0; 4], values), None, None));
    }
    let mappings = Mappings::of(report, &tree);
    for (index, module) in mappings.files.iter().enumerate() {
        profile.message(field::MAPPING, &mapping(&mut texts, index as u64 + 1, module));
    }
    let mut functions = Functions::default();
    for (index, frame) in all.frames.iter().enumerate() {
        let function = functions.number(&mut texts, frame);
        profile.message(field::LOCATION, &location(index as u64 + 1, mappings.number(frame), frame, function));
    }
    for function in &functions.messages {
        profile.message(field::FUNCTION, function);
    }
    let comments: Vec<u64> = notes(report).iter().map(|note| texts.number(note)).collect();
    let period_type = value_type(&mut texts, "space", "bytes");
    let default_type = options.default_type.map(|name| texts.number(name));
    for text in texts.texts {
        profile.bytes(field::STRING_TABLE, text.as_bytes());
    }
    profile.number(field::TIME_NANOS, end_of_report(report));
    if let Some(base) = options.base {
        let seconds = report.program.duration_seconds - base.program.duration_seconds;
        // A cast saturates.
        profile.number(field::DURATION_NANOS, (seconds * 1e9) as u64);
    }
    profile.message(field::PERIOD_TYPE, &period_type);
    profile.number(field::PERIOD, report.live.sample_interval_bytes.max(1));
    profile.numbers(field::COMMENT, comments);
    profile.number(field::DEFAULT_SAMPLE_TYPE, default_type.unwrap_or_default());
    profile.into_bytes()
}

/// The figures of a stack, in the order of the sample types.
fn values(own: &Amounts) -> [u64; 4] {
    [own.allocated_count, own.allocated_bytes, own.live_count, own.live_bytes]
}

fn limited(value: u64) -> u64 {
    value.min(i64::MAX as u64)
}

/// Signed differences, as the format stores them.
fn differences(now: [u64; 4], before: [u64; 4]) -> [u64; 4] {
    let mut now = now;
    for (value, before) in now.iter_mut().zip(before) {
        *value = limited(*value).wrapping_sub(limited(before));
    }
    now
}

/// The frames of a report, and after them those that only an earlier one has.
struct AllFrames<'t, 'r> {
    frames: Vec<&'t TreeFrame<'r>>,
    known: HashMap<NamedFrame<'t>, u64>,
}

/// Identity of a frame in a report: its name, file and line.
type NamedFrame<'t> = (&'t str, &'t str, u32);

fn key<'t>(frame: &'t TreeFrame<'_>) -> NamedFrame<'t> {
    (&frame.name, &frame.file, frame.line)
}

/// Identity of a frame whose name gets that of a trait.
fn place<'t>(frame: &'t TreeFrame<'_>) -> (Cow<'t, str>, &'t str, u32) {
    (without_trait(&frame.name), &frame.file, frame.line)
}

impl<'t, 'r> AllFrames<'t, 'r> {
    fn of(tree: &'t FrameTree<'r>) -> Self {
        let mut all = Self { frames: Vec::new(), known: HashMap::new() };
        tree.frames.iter().for_each(|frame| {
            all.number(frame);
        });
        all
    }

    /// Number of the frame's location.
    fn number(&mut self, frame: &'t TreeFrame<'r>) -> u64 {
        let next = self.frames.len() as u64 + 1;
        let number = *self.known.entry(key(frame)).or_insert(next);
        if number == next {
            self.frames.push(frame);
        }
        number
    }

    /// Numbers of the frames that only the earlier report has under their names: a function has got the name of its
    /// trait since, because another one has the same name.
    fn renamed(&self, base: &'t FrameTree<'r>) -> HashMap<NamedFrame<'t>, u64> {
        let known: HashSet<NamedFrame<'_>> = base.frames.iter().map(key).collect();
        let mut new: HashMap<_, Option<u64>> = HashMap::new();
        for frame in self.frames.iter().filter(|frame| !known.contains(&key(frame))) {
            let number = self.known.get(&key(frame)).copied();
            new.entry(place(frame)).and_modify(|several| *several = None).or_insert(number);
        }
        let gone = base.frames.iter().filter(|frame| !self.known.contains_key(&key(frame)));
        gone.filter_map(|frame| Some((key(frame), new.get(&place(frame)).copied()??))).collect()
    }

    /// The stacks of an earlier report, and their figures.
    fn stacks_of(&mut self, base: &'t FrameTree<'r>) -> Vec<(Vec<u64>, [u64; 4])> {
        let renamed = self.renamed(base);
        let number = |frame: &'t TreeFrame<'r>| renamed.get(&key(frame)).copied().unwrap_or_else(|| self.number(frame));
        let numbers: Vec<u64> = base.frames.iter().map(number).collect();
        let number = |frame: usize| numbers.get(frame).copied().unwrap_or_default();
        let stacks = base.nodes.iter().enumerate();
        stacks.map(|(index, node)| (base.frames_of(index).map(number).collect(), values(&node.own))).collect()
    }
}

fn value_type(texts: &mut StringTable, kind: &str, unit: &str) -> Message {
    let mut message = Message::default();
    message.number(1, texts.number(kind));
    message.number(2, texts.number(unit));
    message
}

fn sample(
    texts: &mut StringTable,
    frames: &[u64],
    values: [u64; 4],
    function: Option<&str>,
    verdict: Option<&str>,
) -> Message {
    let mut message = Message::default();
    message.numbers(1, frames.iter().copied());
    message.numbers(2, values);
    for (key, value) in [("function", function), ("verdict", verdict)] {
        if let Some(value) = value {
            let mut label = Message::default();
            label.number(1, texts.number(key));
            label.number(2, texts.number(&printable(value)));
            message.message(3, &label);
        }
    }
    message
}

/// A module: its file, and its build id if the report has it.
fn mapping(texts: &mut StringTable, number: u64, module: &str) -> Message {
    let (file, id) = module.split_once(" (build ").unwrap_or((module, ""));
    let mut message = Message::default();
    message.number(1, number);
    message.number(5, texts.number(&printable(file)));
    message.number(6, texts.number(&printable(id.trim_end_matches(')'))));
    // Functions, files and lines are there; so are inlined functions, each as a frame.
    for known in 7..=10 {
        message.number(known, 1);
    }
    message
}

fn location(number: u64, mapping: u64, frame: &TreeFrame<'_>, function: u64) -> Message {
    let mut line = Message::default();
    line.number(1, function);
    line.number(2, frame.line.into());
    let mut message = Message::default();
    message.number(1, number);
    message.number(2, mapping);
    message.number(3, frame.address);
    message.message(4, &line);
    message
}

/// Texts by number.
#[derive(Default)]
struct StringTable {
    texts: Vec<String>,
    known: HashMap<String, usize>,
}

impl StringTable {
    fn number(&mut self, text: &str) -> u64 {
        let next = self.texts.len();
        let number = *self.known.entry(text.to_owned()).or_insert(next);
        if number == next {
            self.texts.push(text.to_owned());
        }
        number as u64
    }
}

/// Functions by name and file.
#[derive(Default)]
struct Functions {
    messages: Vec<Message>,
    known: HashMap<(usize, usize), usize>,
}

impl Functions {
    fn number(&mut self, texts: &mut StringTable, frame: &TreeFrame<'_>) -> u64 {
        let (name, file) = (texts.number(&frame.name), texts.number(&frame.file));
        let next = self.messages.len() + 1;
        let number = *self.known.entry((name as usize, file as usize)).or_insert(next);
        if number == next {
            let mut message = Message::default();
            message.number(1, number as u64);
            // Without a system name no tool demangles the name, or shortens what it takes for a template.
            message.number(2, name);
            message.number(4, file);
            // A tracked function's line is the one of its name.
            message.number(5, if frame.module.is_none() { frame.line.into() } else { 0 });
            self.messages.push(message);
        }
        number as u64
    }
}

/// Modules, the executable first.
struct Mappings<'r> {
    files: Vec<&'r str>,
}

impl<'r> Mappings<'r> {
    fn of(report: &'r Report, tree: &FrameTree<'r>) -> Self {
        let program = report.program.name.as_str();
        let mut files: Vec<&str> = Vec::new();
        for module in tree.frames.iter().filter_map(|frame| frame.module).filter(|module| !module.is_empty()) {
            if !files.contains(&module) {
                files.push(module);
            }
        }
        let is_program = |module: &&str| {
            let file = module.split_once(" (build ").map_or(*module, |(file, _)| file);
            file.rsplit(['/', '\\']).next() == Some(program)
        };
        match files.iter().position(is_program) {
            Some(place) => files.swap(0, place),
            None => files.insert(0, program),
        }
        Self { files }
    }

    /// Tracked functions belong to the executable.
    fn number(&self, frame: &TreeFrame<'_>) -> u64 {
        let place = frame.module.and_then(|module| self.files.iter().position(|file| *file == module));
        place.unwrap_or(0) as u64 + 1
    }
}

/// Time of the report in nanoseconds since 1970; 0 if it is unknown.
fn end_of_report(report: &Report) -> u64 {
    let seconds = seconds_since_1970(&report.program.started_at).unwrap_or_default() + report.program.duration_seconds;
    // A cast saturates.
    (seconds * 1e9) as u64
}

/// A time in RFC 3339, UTC.
fn seconds_since_1970(time: &str) -> Option<f64> {
    let (date, clock) = time.strip_suffix('Z')?.split_once('T')?;
    let mut date = date.splitn(3, '-').map(|part| part.parse::<i64>().ok());
    let (year, month, day) = (date.next()??, date.next()??, date.next()??);
    let mut clock = clock.splitn(3, ':').map(|part| part.parse::<f64>().ok());
    let (hours, minutes, seconds) = (clock.next()??, clock.next()??, clock.next()??);
    if !((1970..=9999).contains(&year) && (1..=12).contains(&month) && (1..=31).contains(&day)) {
        return None;
    }
    // Years that begin in March end with the leap day.
    let (year, month) = if month > 2 { (year, month - 3) } else { (year - 1, month + 9) };
    let days = year * 365 + year / 4 - year / 100 + year / 400 + (month * 153 + 2) / 5 + day - 719_469;
    Some(days as f64 * 86_400.0 + hours * 3600.0 + minutes * 60.0 + seconds)
}

#[cfg(test)]
mod tests;
