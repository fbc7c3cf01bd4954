//! A published crate, copied and annotated.

use std::fs;
use std::path::{Path, PathBuf};

use crate::attributes::{Mode, annotate};

/// A crate as cargo has it: its name, its version, and where its source is.
pub(crate) struct Published {
    pub(crate) name: String,
    pub(crate) version: String,
    pub(crate) source: PathBuf,
    pub(crate) features: Vec<String>,
}

/// Copies a crate, annotates it, and returns the number of attributes. With `tests` its own tests come along.
pub(crate) fn copy(of: &Published, to: &Path, mode: Option<Mode>, tests: bool, memprof: &Path, lock: &Path) -> usize {
    let _ = fs::remove_dir_all(to);
    copy_all(&of.source, to, tests);
    let manifest = to.join("Cargo.toml");
    let text = fs::read_to_string(&manifest).expect("a manifest");
    let path = memprof.display().to_string().replace('\\', "/");
    let text = format!("{}\n[workspace]\n\n[dependencies.memprof]\npath = \"{path}\"\n", kept(&text, tests));
    fs::write(&manifest, text).expect("the copy's manifest");
    if tests {
        let _ = fs::remove_file(to.join("Cargo.lock"));
    } else {
        fs::copy(lock, to.join("Cargo.lock")).expect("the copy's lock file");
    }
    let mut attributes = 0;
    if let Some(mode) = mode {
        let mut files = Vec::new();
        sources(&to.join("src"), &mut files);
        for file in files {
            let text = fs::read_to_string(&file).unwrap_or_default();
            if let Some((annotated, number)) = annotate(&text, mode) {
                fs::write(&file, annotated).expect("an annotated file");
                attributes += number;
            }
        }
    }
    attributes
}

/// The manifest without what is not looked at: benchmarks, examples, and where they are not run, tests.
fn kept(manifest: &str, tests: bool) -> String {
    let mut keeps = true;
    let mut lines = Vec::new();
    for line in manifest.lines() {
        if let Some(section) = line.strip_prefix('[') {
            let section = section.trim_start_matches('[').split(']').next().unwrap_or_default();
            keeps = !matches!(section, "bench" | "example" | "workspace" | "lints") && !section.starts_with("lints.");
            keeps &= tests || section != "test";
        }
        if keeps {
            lines.push(line);
        }
    }
    lines.join("\n")
}

fn copy_all(from: &Path, to: &Path, tests: bool) {
    fs::create_dir_all(to).expect("a folder");
    for entry in fs::read_dir(from).expect("a crate's source").flatten() {
        let name = entry.file_name();
        let name = name.to_string_lossy();
        let left_out = matches!(&*name, "benches" | "examples" | ".cargo-ok" | "Cargo.toml.orig" | "target")
            || (name == "tests" && !tests && entry.path().parent() == Some(from));
        if left_out {
            continue;
        }
        let (source, target) = (entry.path(), to.join(&*name));
        if source.is_dir() {
            copy_all(&source, &target, true);
        } else {
            fs::copy(&source, &target).expect("a file's copy");
        }
    }
}

/// The Rust files in a folder.
pub(crate) fn sources(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
        let path = entry.path();
        if path.is_dir() {
            sources(&path, found);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            found.push(path);
        }
    }
}

/// Takes the attribute off the functions that it was refused on, and returns how many. Zero: something else is wrong.
pub(crate) fn take_off(copy: &Path, errors: &str) -> usize {
    const REFUSED: [&str; 3] =
        ["error: memprof must see where", "error: a tracked future is", "error[E0277]: memprof tracks only futures"];
    const ATTRIBUTE: &str = "#[memprof::track_memory] ";
    let mut lines = errors.lines();
    let mut taken = 0;
    while let Some(line) = lines.next() {
        if !REFUSED.iter().any(|refused| line.starts_with(refused)) {
            continue;
        }
        let Some((file, place)) = lines.next().and_then(|line| line.trim().strip_prefix("--> ")?.split_once(':'))
        else {
            continue;
        };
        let at: usize = place.split(':').next().and_then(|line| line.parse().ok()).unwrap_or(0);
        let path = copy.join(file);
        let mut text: Vec<String> =
            fs::read_to_string(&path).unwrap_or_default().split('\n').map(String::from).collect();
        if let Some(line) = text.iter_mut().take(at).rev().find(|line| line.contains(ATTRIBUTE)) {
            *line = line.replacen(ATTRIBUTE, "", 1);
            taken += 1;
        }
        fs::write(&path, text.join("\n")).expect("an annotated file");
    }
    taken
}

/// Makes cargo compile a copy again, and nothing else.
pub(crate) fn touch(copy: &Path) {
    let mut files = Vec::new();
    sources(&copy.join("src"), &mut files);
    for file in files {
        if let Ok(file) = fs::File::options().write(true).open(file) {
            let _ = file.set_modified(std::time::SystemTime::now());
        }
    }
}
