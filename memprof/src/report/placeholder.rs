//! Placeholders in the name of a file or folder: `{pid}`, `{time}`, `{program}` and `{host}`.

use std::ffi::{OsStr, OsString};
use std::path::{Component, Path, PathBuf};

/// Names of all placeholders.
pub(crate) const ALL: [&str; 4] = ["pid", "time", "program", "host"];

/// Values of the placeholders.
#[derive(Clone, Debug)]
pub(crate) struct Placeholders {
    pub(crate) pid: u32,
    /// Start of the profile, in characters that every file system accepts.
    pub(crate) time: String,
    pub(crate) program: String,
    /// Name of the machine; empty if it is unknown.
    pub(crate) host: String,
}

impl Placeholders {
    /// The path with its placeholders replaced by their values. Other braces stay.
    pub(crate) fn fill(&self, path: &Path) -> PathBuf {
        let fill = |component: Component<'_>| match (component, component.as_os_str().to_str()) {
            (Component::Normal(_), Some(name)) if name.contains('{') => OsString::from(self.fill_text(name)),
            _ => component.as_os_str().to_owned(),
        };
        path.components().map(fill).collect()
    }

    fn fill_text(&self, text: &str) -> String {
        let mut filled = String::new();
        let mut rest = text;
        // From left to right, so that braces in the program's own name are not replaced.
        while let Some(start) = rest.find('{') {
            let (before, from) = rest.split_at(start);
            filled.push_str(before);
            let known = ALL.iter().find_map(|name| {
                let rest = from.strip_prefix('{')?.strip_prefix(name)?.strip_prefix('}')?;
                Some((self.value(name), rest))
            });
            match known {
                Some((value, after)) => {
                    filled.push_str(&value);
                    rest = after;
                }
                None => {
                    filled.push('{');
                    rest = from.get(1..).unwrap_or_default();
                }
            }
        }
        filled + rest
    }

    fn value(&self, name: &str) -> String {
        match name {
            "pid" => self.pid.to_string(),
            "time" => self.time.clone(),
            "host" if self.host.is_empty() => "host".to_owned(),
            "host" => file_name(&self.host),
            _ => file_name(&self.program),
        }
    }
}

/// True if the path differs between two processes.
pub(crate) fn has_pid(path: &Path) -> bool {
    path.to_string_lossy().contains("{pid}")
}

/// The first word between braces that is no placeholder.
pub(crate) fn unknown(text: &str) -> Option<&str> {
    let in_braces = text.split('{').skip(1).filter_map(|after| Some(after.split_once('}')?.0));
    let mut words = in_braces.filter(|word| {
        !word.is_empty() && word.chars().all(|letter| letter.is_ascii_alphabetic() || letter == '_' || letter == '-')
    });
    words.find(|word| !ALL.contains(word))
}

/// The program's name as a part of a file name.
pub(crate) fn file_name(program: &str) -> String {
    let name: String = program.chars().take(64).collect();
    let name = name.replace(|letter: char| !letter.is_ascii_alphanumeric() && !"-_.".contains(letter), "_");
    if name.is_empty() { "program".to_owned() } else { name }
}

/// Extensions of two parts, which stay together.
const COMPOUND: [&str; 3] = [".pb.gz", ".dhat.json", ".speedscope.json"];

/// `memory.json` → `memory<with>.json`.
pub(crate) fn insert(path: &Path, with: &str) -> PathBuf {
    let (mut name, end) = parts(path);
    name.push(with);
    name.push(end);
    path.with_file_name(name)
}

/// The file name before its extension, and the extension with its point.
pub(crate) fn parts(path: &Path) -> (OsString, OsString) {
    let compound = path.file_name().and_then(OsStr::to_str).and_then(|name| {
        let (stem, end) = COMPOUND.iter().find_map(|end| Some((name.strip_suffix(end)?, *end)))?;
        (!stem.is_empty()).then(|| (stem.into(), end.into()))
    });
    compound.unwrap_or_else(|| {
        let mut end = OsString::new();
        if let Some(extension) = path.extension() {
            end.push(".");
            end.push(extension);
        }
        (path.file_stem().unwrap_or_default().to_owned(), end)
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::path::MAIN_SEPARATOR;

    #[test]
    fn each_is_filled_and_other_braces_stay() {
        let values = Placeholders {
            pid: 42,
            time: "20261122T173919Z".to_owned(),
            program: "my {pid}/app".to_owned(),
            host: "../a b".to_owned(),
        };
        // As text: to a path, `a/./b` and `a/b` are equal.
        let fill = |text: &str| values.fill(Path::new(text)).display().to_string().replace(MAIN_SEPARATOR, "/");
        assert_eq!(fill("/logs/{program}/{time}-{pid}.json"), "/logs/my__pid__app/20261122T173919Z-42.json");
        assert_eq!(fill("{{pid}}{}{x}{pid"), "{42}{}{x}{pid");
        assert_eq!(fill("{host}.json"), ".._a_b.json");
        assert_eq!(fill("../a/./b"), "../a/b");
        assert_eq!(file_name(""), "program");
    }

    #[test]
    fn words_that_mean_nothing_are_found() {
        assert_eq!(unknown("{pid}-{PID}"), Some("PID"));
        assert_eq!(unknown("{program}{time}{pid}{host} {} {1} }{ {a b}"), None);
        assert!(has_pid(Path::new("a/x-{pid}.json")) && !has_pid(Path::new("pid")));
    }

    #[test]
    fn what_is_inserted_stands_before_the_extension() {
        assert_eq!(insert(Path::new("a.b.json"), ".0007"), Path::new("a.b.0007.json"));
        assert_eq!(insert(Path::new("leaks"), "-7"), Path::new("leaks-7"));
        assert_eq!(insert(Path::new(".hidden"), ".0001"), Path::new(".hidden.0001"));
        assert_eq!(insert(Path::new("a/memory.pb.gz"), "-2"), Path::new("a/memory-2.pb.gz"));
        assert_eq!(insert(Path::new("m.speedscope.json"), "-2"), Path::new("m-2.speedscope.json"));
        assert_eq!(insert(Path::new(".pb.gz"), "-2"), Path::new(".pb-2.gz"));
    }
}
