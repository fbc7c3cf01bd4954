//! The text of a configuration file, parsed into settings or into its first mistake.

use std::path::Path;

use toml::de::{DeTable, DeValue};

use super::Config;
use super::key::{self, KEYS, Key, Kind, SECTIONS};
use crate::suggest;

/// A mistake: its message and its byte offset.
pub(super) struct Mistake {
    pub(super) offset: usize,
    pub(super) message: String,
}

/// Reads the settings. A relative `output_dir` starts at `folder`; with `None` it stays as written.
pub(super) fn parse(text: &str, folder: Option<&Path>) -> Result<Config, Mistake> {
    let document = DeTable::parse(text).map_err(|error| syntax(text, &error))?;
    let mut reader = Reader { config: Config::default(), folder, first_mistake: None, last_named: 0 };
    reader.document(document.get_ref());
    if reader.first_mistake.is_none()
        && let Some(message) = key::clash(&reader.config.reporting)
    {
        reader.first_mistake = Some(Mistake { offset: reader.last_named, message });
    }
    match reader.first_mistake {
        Some(mistake) => Err(mistake),
        None => Ok(reader.config),
    }
}

struct Reader<'a> {
    config: Config,
    folder: Option<&'a Path>,
    /// First mistake by position so far: the tables come in alphabetical order.
    first_mistake: Option<Mistake>,
    /// Byte offset of the last value that decides the name of a file.
    last_named: usize,
}

impl Reader<'_> {
    fn document(&mut self, table: &DeTable<'_>) {
        for (name, value) in table {
            let section = SECTIONS.iter().find(|section| **section == name.get_ref().as_ref());
            match (section, value.get_ref()) {
                (Some(section), DeValue::Table(table)) => self.section(section, table),
                (Some(section), _) => {
                    self.mistake(name.span(), || {
                        format!("`{section}` is a section; write [{section}] once, followed by its keys")
                    });
                }
                (None, value) => self.mistake(name.span(), || unknown_at_top(name.get_ref(), value)),
            }
        }
    }

    fn section(&mut self, section: &str, table: &DeTable<'_>) {
        for (name, value) in table {
            let Some(key) = KEYS.iter().find(|key| key.section == section && key.name == name.get_ref().as_ref())
            else {
                self.mistake(name.span(), || unknown_in_section(name.get_ref(), section));
                continue;
            };
            match set(key, &mut self.config, value.get_ref(), self.folder) {
                Ok(()) if matches!(key.kind, Kind::FileName(_) | Kind::Formats(_)) => {
                    self.last_named = self.last_named.max(value.span().start);
                }
                Ok(()) => {}
                Err(message) => self.mistake(value.span(), || format!("`{}` {message}", key.name)),
            }
        }
    }

    /// Notes a mistake, if it is the first one. Its message takes time to make, so it is made last.
    fn mistake(&mut self, span: std::ops::Range<usize>, message: impl FnOnce() -> String) {
        if self.first_mistake.as_ref().is_none_or(|first| span.start < first.offset) {
            self.first_mistake = Some(Mistake { offset: span.start, message: message() });
        }
    }
}

fn set(key: &Key, config: &mut Config, value: &DeValue<'_>, folder: Option<&Path>) -> Result<(), String> {
    match (&key.kind, value) {
        (Kind::Flag(field), DeValue::Boolean(flag)) => *field(config) = *flag,
        (Kind::Count(field, bounds), DeValue::Integer(integer)) => {
            let number = i128::from_str_radix(integer.as_str(), integer.radix()).ok();
            *field(config) = bounds.check(number, &integer.to_string())?;
        }
        (Kind::Folder(field), DeValue::String(text)) => {
            let path = key::folder(text.as_ref().as_ref())?;
            *field(config) = folder.map_or_else(|| path.clone(), |folder| folder.join(&path));
        }
        (Kind::FileName(field), DeValue::String(text)) => *field(config) = key::file_name(text.as_ref().as_ref())?,
        (Kind::Text(field, rule), DeValue::String(text)) => *field(config) = rule.check(text)?,
        (Kind::Patterns(field), DeValue::Array(array)) => {
            let texts = array.iter().map(|value| match value.get_ref() {
                DeValue::String(text) => Ok(text.clone().into_owned()),
                other => Err(format!("must be {}; found {} in it", expected(&key.kind), found(other))),
            });
            *field(config) = texts.collect::<Result<_, _>>()?;
        }
        (Kind::Signals(field), DeValue::Array(array)) => {
            let names = array.iter().map(|value| match value.get_ref() {
                DeValue::String(name) => key::signal(name),
                other => Err(format!("must be {}; found {} in it", expected(&key.kind), found(other))),
            });
            *field(config) = Some(names.collect::<Result<_, _>>()?);
        }
        (Kind::Formats(field), DeValue::Array(array)) => {
            let names: Result<Vec<&str>, String> = array
                .iter()
                .map(|value| match value.get_ref() {
                    DeValue::String(name) => Ok(name.as_ref()),
                    other => Err(format!("must be {}; found {} in it", expected(&key.kind), found(other))),
                })
                .collect();
            *field(config) = key::formats(names?.into_iter())?;
        }
        (kind, value) => {
            let meant = meant(kind, value).map(|meant| format!("; did you mean {meant}?")).unwrap_or_default();
            return Err(format!("must be {}; found {}{meant}", expected(kind), found(value)));
        }
    }
    Ok(())
}

fn expected(kind: &Kind) -> String {
    match kind {
        Kind::Flag(_) => String::from("true or false"),
        Kind::Count(_, bounds) => bounds.expected(),
        Kind::Folder(_) => String::from("a folder in quotes, such as \"data/logs\""),
        Kind::FileName(_) => String::from("a file name in quotes, such as \"memory.txt\""),
        Kind::Text(_, rule) => rule.expected.to_owned(),
        Kind::Patterns(_) => String::from("a list of texts in quotes, such as [\"*::cache::*\"]"),
        Kind::Signals(_) => String::from("a list of signals in quotes, such as [\"SIGINT\", \"SIGTERM\"]"),
        Kind::Formats(_) => String::from("a list of formats in quotes, such as [\"html\", \"pprof\"]"),
    }
}

fn found(value: &DeValue<'_>) -> String {
    match value {
        DeValue::String(text) => format!("the text {}", suggest::quote(text)),
        DeValue::Integer(integer) => format!("the number {}", suggest::quote(&integer.to_string())),
        DeValue::Float(float) => format!("the float {}", suggest::quote(float.as_str())),
        DeValue::Boolean(flag) => format!("`{flag}`"),
        DeValue::Datetime(_) => String::from("a date or time"),
        DeValue::Array(_) => String::from("an array"),
        DeValue::Table(_) => String::from("a table"),
    }
}

/// The value of the right type that a value of a wrong type most likely stands for.
fn meant(kind: &Kind, value: &DeValue<'_>) -> Option<String> {
    match (kind, value) {
        (Kind::Flag(_), DeValue::String(text)) => suggest::switch(text).map(|flag| flag.to_string()),
        (Kind::Flag(_), DeValue::Integer(integer)) => suggest::switch(integer.as_str()).map(|flag| flag.to_string()),
        (Kind::Count(_, bounds), DeValue::String(text)) => {
            let digits = text.replace(['_', ',', ' '], "");
            bounds.check(digits.parse().ok(), &digits).ok().map(|count| count.to_string())
        }
        (Kind::Count(_, bounds), DeValue::Float(float)) => {
            let whole = float.as_str().parse::<f64>().ok().filter(|float| float.fract() == 0.0)?;
            // The conversion saturates to a value that is far out of bounds.
            bounds.check(Some(whole as i128), "").ok().map(|count| count.to_string())
        }
        (Kind::Patterns(_) | Kind::Signals(_) | Kind::Formats(_), DeValue::String(text)) => {
            suggest::verbatim(text).map(|text| format!("[\"{text}\"]"))
        }
        _ => None,
    }
}

fn unknown_at_top(name: &str, value: &DeValue<'_>) -> String {
    if let Some(key) = KEYS.iter().find(|key| key.name == name) {
        return format!("`{name}` belongs in the section [{}]", key.section);
    }
    let shown = suggest::quote(name);
    let section = suggest::closest(name, SECTIONS).map(|section| format!("[{section}]"));
    let key = suggest::closest(name, KEYS.iter().map(|key| key.name))
        .and_then(|name| KEYS.iter().find(|key| key.name == name));
    let key = key.map(|key| format!("`{}` in [{}]", key.name, key.section));
    let (what, meant) = match value {
        DeValue::Table(_) => ("section", section.or(key)),
        _ => ("key", key.or(section)),
    };
    match meant {
        Some(meant) => format!("unknown {what} {shown}; did you mean {meant}?"),
        None => format!("unknown {what} {shown}; the sections are [{}]", SECTIONS.join("], [")),
    }
}

fn unknown_in_section(name: &str, section: &str) -> String {
    if let Some(key) = KEYS.iter().find(|key| key.name == name) {
        return format!("`{name}` belongs in the section [{}], not in [{section}]", key.section);
    }
    let shown = suggest::quote(name);
    let here = || KEYS.iter().filter(|key| key.section == section).map(|key| key.name);
    if let Some(meant) = suggest::closest(name, here()) {
        return format!("unknown key {shown} in [{section}]; did you mean `{meant}`?");
    }
    let meant = suggest::closest(name, KEYS.iter().map(|key| key.name));
    match KEYS.iter().find(|key| Some(key.name) == meant) {
        Some(key) => format!("unknown key {shown} in [{section}]; did you mean `{}` in [{}]?", key.name, key.section),
        None => format!("unknown key {shown} in [{section}]; its keys are {}", here().collect::<Vec<_>>().join(", ")),
    }
}

/// A syntax error in the parser's words, with a suggestion if there is one.
fn syntax(text: &str, error: &toml::de::Error) -> Mistake {
    // Only an error at the end of the text has no span.
    let span = error.span().unwrap_or(text.len()..text.len());
    let word = text.get(span.clone()).unwrap_or_default();
    let hint = match suggest::switch(word).filter(|_| word.chars().all(char::is_alphabetic)) {
        Some(meant) => format!("; did you mean {meant}?"),
        None if error.message().contains("escape") => String::from("; write a path with / or in 'single quotes'"),
        None => String::new(),
    };
    let message: Vec<&str> = error.message().lines().collect();
    Mistake { offset: span.start, message: format!("{}{hint}", message.join(", ")) }
}
