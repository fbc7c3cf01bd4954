//! The modules of a crate, by its files.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

/// The files of a crate, by the path of the module that each is. Tests are left out.
pub(crate) fn files(source: &Path) -> BTreeMap<Vec<String>, PathBuf> {
    let mut files = BTreeMap::new();
    walk(source, &mut Vec::new(), &mut files);
    files
}

fn walk(folder: &Path, path: &mut Vec<String>, files: &mut BTreeMap<Vec<String>, PathBuf>) {
    let entries = fs::read_dir(folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display()));
    for entry in entries.map(|entry| entry.expect("a folder's entry can be read").path()) {
        let name = entry.file_stem().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
        if name == "tests" {
            continue;
        }
        if entry.is_dir() {
            path.push(name);
            walk(&entry, path, files);
            path.pop();
        } else if entry.extension().is_some_and(|extension| extension == "rs") {
            let is_the_folder_itself = name == "mod" || path.is_empty() && name == "lib";
            let own = if is_the_folder_itself { path.clone() } else { [path.as_slice(), &[name]].concat() };
            files.insert(own, entry);
        }
    }
}
