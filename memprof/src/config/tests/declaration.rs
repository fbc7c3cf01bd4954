//! The keys, compared with the file that users copy and with the documentation.

use toml::de::DeTable;

use super::shipped;
use crate::config::Config;
use crate::config::key::{KEYS, Key, Kind, SECTIONS};
use crate::report::data::Settings;
use crate::report::data::field::Row;

/// True if a key has no value by default: it is a comment in the file.
fn is_without_value(key: &Key) -> bool {
    matches!(key.kind, Kind::Signals(_))
}

#[test]
fn the_shipped_file_has_every_key_with_its_default() {
    let text = shipped();
    assert_eq!(Config::from_toml(&text, "memory_profile.toml").unwrap(), Config::default());
    let document = DeTable::parse(&text).unwrap();
    for key in KEYS {
        let section = document.get_ref()[key.section].get_ref().as_table().unwrap();
        assert_eq!(section.contains_key(key.name), !is_without_value(key), "{}", key.name);
        let mark = if is_without_value(key) { "# " } else { "" };
        assert!(text.contains(&format!("# Environment: {}\n{mark}{} = ", key.variable(), key.name)), "{}", key.name);
    }
    assert_eq!(document.get_ref().len(), SECTIONS.len());
}

#[test]
fn the_documentation_has_every_key_with_its_default() {
    let source = include_str!("../mod.rs");
    let text = shipped();
    for key in KEYS {
        let default = text.lines().find_map(|line| line.strip_prefix(&format!("{} = ", key.name)));
        assert_eq!(default.is_none(), is_without_value(key), "{}", key.name);
        let default = default.map_or_else(|| String::from("none"), |default| format!("`{default}`"));
        let row = format!("| `{}` | `{}` | {default} |", key.name, key.variable());
        assert!(source.contains(&row), "{row}");
    }
}

#[test]
fn the_settings_of_a_report_are_the_keys() {
    let mut names = Vec::new();
    Settings::default().with_fields(&mut |fields| names.extend(fields.iter().map(|(name, _)| *name)));
    assert_eq!(names, KEYS.iter().map(|key| key.name).collect::<Vec<_>>());
}

#[test]
fn no_two_keys_share_an_environment_variable() {
    let names: std::collections::BTreeSet<_> = KEYS.iter().map(Key::variable).collect();
    assert_eq!(names.len(), KEYS.len());
}
