//! The keys against the file that users copy and against the documentation.

use toml::de::DeTable;

use super::shipped;
use crate::config::Config;
use crate::config::key::{KEYS, Key, SECTIONS};

#[test]
fn the_shipped_file_has_every_key_with_its_default() {
    let text = shipped();
    assert_eq!(Config::from_toml(&text, "memory_profile.toml").unwrap(), Config::default());
    let document = DeTable::parse(&text).unwrap();
    for key in KEYS {
        let section = document.get_ref()[key.section].get_ref().as_table().unwrap();
        assert!(section.contains_key(key.name), "{} is missing", key.name);
        assert!(text.contains(&format!("# Environment: {}\n{}", key.variable(), key.name)), "{}", key.name);
    }
    assert_eq!(document.get_ref().len(), SECTIONS.len());
}

#[test]
fn the_documentation_has_every_key_with_its_default() {
    let source = include_str!("../mod.rs");
    let text = shipped();
    for key in KEYS {
        let default = text.lines().find_map(|line| line.strip_prefix(&format!("{} = ", key.name))).unwrap();
        let row = format!("| `{}` | `{}` | `{default}` |", key.name, key.variable());
        assert!(source.contains(&row), "{row}");
    }
}

#[test]
fn no_two_keys_share_an_environment_variable() {
    let names: std::collections::BTreeSet<_> = KEYS.iter().map(Key::variable).collect();
    assert_eq!(names.len(), KEYS.len());
}
