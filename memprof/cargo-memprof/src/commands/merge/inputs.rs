//! The files to merge: named ones, those in folders and in lists. Of each run there is one.

use std::collections::HashMap;
use std::fs;
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use crate::failure::{Failure, Outcome};
use crate::report_file::STANDARD;
use crate::report_header::ReportHeader;
use crate::runs;

/// Files of other formats, which end in .json too.
const OTHER_FORMATS: [&str; 2] = [".dhat.json", ".speedscope.json"];

pub(super) struct Inputs {
    pub(super) files: Vec<PathBuf>,
    /// Earlier reports of runs with a later one.
    pub(super) left_out: usize,
}

impl Inputs {
    /// `output`: not taken from folders. It is the sum of an earlier merge.
    pub(super) fn of(named: &[PathBuf], list: Option<&Path>, output: &Path) -> Outcome<Self> {
        let listed = list.map(listed).transpose()?.unwrap_or_default();
        let mut files = Vec::new();
        let output = output.canonicalize().ok();
        for path in named.iter().chain(&listed) {
            if path.is_dir() {
                let mut found = Vec::new();
                find(path, &mut found).map_err(|error| Failure::of_file("read the folder", path, &error))?;
                found.retain(|file| output.is_none() || file.canonicalize().ok() != output);
                if found.is_empty() {
                    return Err(Failure::Said(format!("{}: there is no report in this folder", path.display())));
                }
                found.sort();
                files.append(&mut found);
            } else {
                files.push(path.clone());
            }
        }
        if files.is_empty() {
            return Err(Failure::said("the list names no file"));
        }
        Ok(last_of_each_run(files))
    }
}

/// The names in a file, one a line.
fn listed(list: &Path) -> Outcome<Vec<PathBuf>> {
    let text = if list.as_os_str() == STANDARD {
        let mut text = String::new();
        io::stdin().read_to_string(&mut text).map(|_| text)
    } else {
        fs::read_to_string(list)
    };
    let text = text.map_err(|error| Failure::of_file("read the list", list, &error))?;
    Ok(text.lines().filter(|line| !line.is_empty()).map(PathBuf::from).collect())
}

/// All reports in a folder and beneath. Links to folders are not followed: `latest` is one of the others.
fn find(folder: &Path, found: &mut Vec<PathBuf>) -> io::Result<()> {
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        let path = entry.path();
        let name = entry.file_name();
        let name = name.to_string_lossy();
        if entry.file_type()?.is_dir() {
            // Builds of the command itself, and the repeats of a run, which are the same work once more.
            if !name.starts_with('.') && !name.starts_with(runs::REPEAT) {
                find(&path, found)?;
            }
        } else if name.ends_with(".json")
            && !OTHER_FORMATS.iter().any(|ending| name.ends_with(ending))
            && path.is_file()
        {
            found.push(path);
        }
    }
    Ok(())
}

/// The last report of each run: the final one, or the one after the longest time. A program can write several, and each
/// has the bytes of those before it.
fn last_of_each_run(files: Vec<PathBuf>) -> Inputs {
    let headers: Vec<Option<ReportHeader>> = files.iter().map(|file| ReportHeader::read(file)).collect();
    let mut last: HashMap<&str, (usize, &ReportHeader)> = HashMap::new();
    for (index, header) in headers.iter().enumerate() {
        let Some(header) = header.as_ref().filter(|header| !header.run.is_empty()) else { continue };
        match last.get_mut(&*header.run) {
            Some((_, known)) if !header.is_after(known) => {}
            place => {
                let new = (index, header);
                if let Some(place) = place {
                    *place = new;
                } else {
                    last.insert(&header.run, new);
                }
            }
        }
    }
    let is_kept = |(index, header): (usize, &Option<ReportHeader>)| {
        let of_run = header.as_ref().and_then(|header| last.get(&*header.run));
        of_run.is_none_or(|(kept, _)| *kept == index)
    };
    let kept: Vec<bool> = headers.iter().enumerate().map(is_kept).collect();
    let left_out = kept.iter().filter(|is_kept| !**is_kept).count();
    let files = files.into_iter().zip(kept).filter(|(_, is_kept)| *is_kept).map(|(file, _)| file).collect();
    Inputs { files, left_out }
}
