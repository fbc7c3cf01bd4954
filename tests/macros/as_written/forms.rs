//! All forms of functions and blocks compile, with the same warnings, in all editions, as they stand and in a tracked
//! module.

use std::path::Path;

use super::compiler::{rustc, said, samples};

const ATTRIBUTE: &str = "#[cfg_attr(tracked, memprof::track_memory)]";

/// Level, line and text of each message.
fn messages(file: &Path, edition: &str, tracked: bool, folder: &Path) -> Vec<String> {
    let mut compiler = rustc();
    compiler.arg(format!("--edition={edition}"));
    let mut all: Vec<String> = said(compiler, file, tracked, folder)
        .iter()
        .map(|message| {
            format!("{}: {} in line {}", message["level"], message["message"], message["spans"][0]["line_start"])
        })
        .collect();
    all.sort();
    all
}

fn compiles(file: &Path, editions: &[&str], folder: &Path) {
    for edition in editions {
        let plain = messages(file, edition, false, folder);
        assert!(!plain.iter().any(|message| message.contains("error")), "{}, {edition}: {plain:#?}", file.display());
        let tracked = messages(file, edition, true, folder);
        assert_eq!(plain, tracked, "{}, {edition}", file.display());
    }
}

#[test]
fn functions_of_all_forms_compile_as_before() {
    let folder = tempfile::tempdir().unwrap();
    for (name, editions) in [
        ("functions", &["2018", "2021", "2024"][..]),
        ("outputs", &["2021", "2024"]),
        ("macros", &["2018", "2021", "2024"]),
        ("names", &["2021", "2024"]),
        ("own_names", &["2021", "2024"]),
        ("edition2015", &["2015"]),
        ("more_functions", &["2018", "2021", "2024"]),
        ("more_blocks", &["2021", "2024"]),
        ("futures", &["2024"]),
    ] {
        compiles(&samples().join(format!("forms/{name}.txt")), editions, folder.path());
    }
}

#[test]
fn in_a_tracked_module_too() {
    let folder = tempfile::tempdir().unwrap();
    for name in ["functions", "outputs", "macros"] {
        let text = std::fs::read_to_string(samples().join(format!("forms/{name}.txt"))).unwrap();
        let (inner, rest): (Vec<&str>, Vec<&str>) = text.lines().partition(|line| line.starts_with("#!["));
        let rest = rest.join("\n").replace(&format!("{ATTRIBUTE} "), "").replace("fn main() {}", "");
        let file = folder.path().join(format!("{name}.rs"));
        std::fs::write(&file, format!("{}\n{ATTRIBUTE} pub mod all {{\n{rest}\n}}\nfn main() {{}}\n", inner.concat()))
            .unwrap();
        compiles(&file, &["2021", "2024"], folder.path());
    }
}
