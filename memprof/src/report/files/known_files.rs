//! A profile's knowledge of the files under its names: those from before it started, and those that it has written.

use std::collections::HashMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::names::{BaseNames, suffix_of, variant};
use super::rule::{NameVerdict, Rule};
use super::standing::{FileId, Look, Standing, look};
use crate::report::Written;

/// Limit of noted files, far beyond a usual number. Files beyond it are not replaced.
const MOST: usize = 4096;

/// Knowledge of one profile of one process.
#[derive(Clone, Debug, Default)]
pub(crate) struct KnownFiles {
    /// Files from before the profile started; `None` if nobody has looked.
    pub(super) noted: Option<Arc<HashMap<PathBuf, Standing>>>,
    /// Suffix of the reports, once they have one.
    pub(super) suffix: Option<u32>,
    /// Suffix of the reports in the temporary directory.
    pub(super) fallback_suffix: Option<u32>,
    /// Random part of the names there, used once the predictable names are taken.
    pub(super) chance: Option<u64>,
    /// Files that the profile has written.
    pub(super) written: HashMap<PathBuf, FileId>,
}

impl KnownFiles {
    /// Notes the files under the names, and under numbered ones if there will be any.
    pub(crate) fn of(names: &BaseNames, has_numbers: bool) -> Self {
        let mut noted = HashMap::new();
        if has_numbers {
            for (_, path) in all(&names.folder, &names.allocations) {
                note(&mut noted, &path);
            }
            for (_, path) in all(&names.folder, &names.leaks) {
                note(&mut noted, &path);
            }
            note(&mut noted, &names.folder.join(&names.statistics));
            for (_, name) in &names.formats {
                for (_, path) in all(&names.folder, name) {
                    note(&mut noted, &path);
                }
            }
        } else {
            for suffix in 1..MOST as u32 {
                let path = |name: &Path| names.folder.join(variant(name, suffix, None));
                let is_there = note(&mut noted, &path(&names.allocations));
                note(&mut noted, &path(&names.leaks));
                note(&mut noted, &path(&names.statistics));
                for (_, name) in &names.formats {
                    note(&mut noted, &path(name));
                }
                if !is_there {
                    break;
                }
            }
        }
        Self { noted: Some(Arc::new(noted)), ..Self::default() }
    }

    /// The verdict on each suffix, from all reports that have it now.
    pub(super) fn series(names: &BaseNames, rule: &Rule<'_>) -> HashMap<u32, NameVerdict> {
        let mut verdicts = HashMap::new();
        for (suffix, path) in all(&names.folder, &names.allocations) {
            let verdict = match look(&path) {
                Ok(Look::File(real, standing)) => rule.judge(&real, &standing),
                _ => NameVerdict::Free,
            };
            let worst: &mut NameVerdict = verdicts.entry(suffix).or_default();
            *worst = verdict.max(*worst);
        }
        verdicts
    }

    /// Removes the files of a report, if they are still the written ones.
    pub(crate) fn remove(&mut self, written: &Written) {
        for (path, has_mark) in [(&written.allocation_report, true), (&written.leak_report, false)] {
            if let Some(id) = self.written.remove(path)
                && let Ok(Look::File(_, there)) = look(path)
                // The user may have written something else into it.
                && there.id == id && there.mark.is_some() == has_mark
            {
                let _ = fs::remove_file(path);
            }
        }
    }

    /// Numbered reports come and go; removed ones are forgotten.
    pub(super) fn remember(&mut self, path: &Path, id: FileId) {
        self.written.retain(|path, id| FileId::at(path) == Some(*id));
        // Without file numbers the identity is made of times, which are those that the file has now.
        let id = if cfg!(unix) { id } else { FileId::at(path).unwrap_or(id) };
        self.written.insert(path.to_owned(), id);
    }
}

/// Notes the file under a name. False: there is none.
fn note(noted: &mut HashMap<PathBuf, Standing>, path: &Path) -> bool {
    match look(path) {
        Ok(Look::Free) | Err(_) => false,
        Ok(Look::File(real, standing)) => {
            noted.insert(real, standing);
            true
        }
        Ok(_) => true,
    }
}

/// Files in a folder with names that are derived from `name`.
fn all(folder: &Path, name: &Path) -> impl Iterator<Item = (u32, PathBuf)> {
    // A name may contain a folder.
    let folder = folder.join(name).parent().map(Path::to_owned).unwrap_or_default();
    let entries = fs::read_dir(&folder).into_iter().flatten().flatten();
    entries
        .filter_map(move |entry| {
            Some((suffix_of(name, Path::new(&entry.file_name()))?, folder.join(entry.file_name())))
        })
        .take(MOST)
}
