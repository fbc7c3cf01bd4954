//! Keys as environment variables: `MEMPROF_` and the key in capitals.

use std::ffi::{OsStr, OsString};

use super::Config;
use super::key::{self, KEYS, Key, Kind, PREFIX};
use crate::Error;
use crate::suggest;

/// Variable that names the configuration file.
pub(super) const FILE: &str = "MEMPROF_CONFIG";

/// Variables of tests, which are no keys.
const OF_TESTS: [&str; 2] = ["MEMPROF_BLESS", "MEMPROF_TEST"];

/// The variable with its name in capitals, if the name has the prefix.
pub(super) fn own((name, value): (OsString, OsString)) -> Option<(String, OsString)> {
    let name = name.to_string_lossy();
    // Names of variables are case-insensitive on Windows.
    let name = if cfg!(windows) { name.to_ascii_uppercase() } else { name.into_owned() };
    name.starts_with(PREFIX).then_some((name, value))
}

/// Sets the keys that have a variable. Returns a warning for each variable that matches no key.
pub(super) fn apply(config: &mut Config, variables: &[(String, OsString)]) -> Result<Vec<String>, Error> {
    let mut warnings = Vec::new();
    let mut last_named = None;
    for (name, value) in variables.iter().filter(|(name, _)| name != FILE && !OF_TESTS.contains(&name.as_str())) {
        match KEYS.iter().find(|key| key.variable() == *name) {
            Some(key) => {
                set(key, config, value).map_err(|message| Error::Environment { variable: name.clone(), message })?;
                if matches!(key.kind, Kind::FileName(_) | Kind::Formats(_)) {
                    last_named = Some(name.clone());
                }
            }
            None => warnings.push(unknown(name)),
        }
    }
    // The file was checked when it was parsed, so one of these variables has caused the clash.
    match (last_named, key::clash(&config.reporting)) {
        (Some(variable), Some(message)) => Err(Error::Environment { variable, message }),
        _ => Ok(warnings),
    }
}

fn set(key: &Key, config: &mut Config, value: &OsStr) -> Result<(), String> {
    match &key.kind {
        Kind::Flag(field) => *field(config) = flag(value)?,
        Kind::Count(field, bounds) => {
            let text = value.to_string_lossy();
            // As in the file, digits may be grouped: 10_000.
            *field(config) = bounds.check(text.replace('_', "").parse().ok(), &text)?;
        }
        Kind::Folder(field) => *field(config) = key::folder(value)?,
        Kind::FileName(field) => *field(config) = key::file_name(value)?,
        Kind::Text(field, rule) => *field(config) = rule.check(&value.to_string_lossy())?,
        Kind::Patterns(field) => *field(config) = patterns(value)?,
        Kind::Signals(field) => *field(config) = Some(signals(value)?),
        Kind::Formats(field) => *field(config) = key::formats(names(&value.to_string_lossy()))?,
    }
    Ok(())
}

/// Patterns separated by `;`, because the name of a function can contain a comma.
fn patterns(value: &OsStr) -> Result<Vec<String>, String> {
    let text = value.to_str().ok_or("must be text in UTF-8")?;
    Ok(text.split(';').map(str::trim).filter(|pattern| !pattern.is_empty()).map(str::to_owned).collect())
}

fn signals(value: &OsStr) -> Result<Vec<String>, String> {
    names(&value.to_string_lossy()).map(key::signal).collect()
}

/// Names separated by commas, semicolons or spaces.
fn names(text: &str) -> impl Iterator<Item = &str> {
    text.split([',', ';', ' ']).filter(|name| !name.is_empty())
}

fn flag(value: &OsStr) -> Result<bool, String> {
    match value.to_str() {
        Some("true" | "1") => Ok(true),
        Some("false" | "0") => Ok(false),
        _ => {
            let text = value.to_string_lossy();
            let meant = suggest::switch(&text).map(|meant| format!("; did you mean {meant}?")).unwrap_or_default();
            Err(format!("must be true, false, 1 or 0; found {}{meant}", suggest::quote(&text)))
        }
    }
}

fn unknown(name: &str) -> String {
    // Compared without the prefix, which would make any two variables similar.
    let known = KEYS.iter().map(|key| key.name).chain(["config"]);
    let hint = match suggest::closest(name.strip_prefix(PREFIX).unwrap_or(name), known) {
        Some(meant) => format!("did you mean {PREFIX}{}?", meant.to_ascii_uppercase()),
        None => String::from("it has no effect"),
    };
    format!("the environment variable {} is not one of memprof's; {hint}", suggest::quote(name))
}
