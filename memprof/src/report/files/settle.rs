//! The name of a complete file: the first one that the rule allows.

use std::io;
use std::path::{Path, PathBuf};

use super::rule::{NameVerdict, Rule};
use super::standing::{FileId, Look, Standing, look};
use super::unfinished::{Taken, Unfinished};

/// Limit of names to try, and of attempts for each if other programs are faster.
const MOST_NAMES: u32 = 10_000;
const TRIES: u32 = 8;

/// The possible names of a file, and the judge of existing files.
pub(super) struct Choice<'a> {
    /// The name with this suffix; 1: no suffix.
    pub(super) name: &'a dyn Fn(u32) -> PathBuf,
    /// The suffix to begin with.
    pub(super) first: u32,
    pub(super) judge: &'a dyn Fn(&Path, &Standing) -> NameVerdict,
    /// The verdict on all files with a suffix.
    pub(super) series: &'a dyn Fn(u32) -> NameVerdict,
}

/// Path of a file, and the verdict on its predecessor.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Settled {
    pub(super) path: PathBuf,
    pub(super) suffix: u32,
    /// Verdict on the replaced file, which also applies to the files that belong to it.
    pub(super) verdict: NameVerdict,
    pub(super) id: FileId,
}

/// A name that is only available if too many files stand side by side.
struct Candidate {
    verdict: NameVerdict,
    suffix: u32,
    look: Look,
}

/// Gives the file its name.
pub(super) fn settle(file: &mut Unfinished, choice: &Choice<'_>, rule: &Rule<'_>) -> io::Result<Settled> {
    let mut candidates: Vec<Candidate> = Vec::new();
    let mut refused = None;
    for suffix in choice.first..choice.first.saturating_add(MOST_NAMES) {
        let path = (choice.name)(suffix);
        for _ in 0..TRIES {
            let look = look(&path)?;
            let verdict = verdict(&path, &look, choice, rule).max((choice.series)(suffix));
            if matches!(verdict, NameVerdict::Earlier | NameVerdict::Unjudged) {
                candidates.push(Candidate { verdict, suffix, look });
                break;
            }
            if verdict == NameVerdict::Taken {
                break;
            }
            if verdict == NameVerdict::Free
                && let Some(settled) = replace_oldest(file, &mut candidates, choice, rule)
            {
                return Ok(settled);
            }
            match take(file, &path, &look, verdict, rule) {
                Ok(Taken::Yes) => return Ok(Settled { path, suffix, verdict, id: file.id() }),
                Ok(Taken::No) => {}
                // A folder in which nobody may replace files of other users.
                Err(error) if error.kind() == io::ErrorKind::PermissionDenied && !matches!(look, Look::Free) => {
                    refused = Some(error);
                    break;
                }
                Err(error) => return Err(error),
            }
        }
    }
    Err(refused.unwrap_or_else(|| io::Error::new(io::ErrorKind::AlreadyExists, "all names for it are taken")))
}

fn verdict(path: &Path, look: &Look, choice: &Choice<'_>, rule: &Rule<'_>) -> NameVerdict {
    match look {
        // Files of other users stay in a folder where every user may create some.
        Look::Link(standing) if rule.own_only && !standing.is_own => NameVerdict::Taken,
        Look::Free => NameVerdict::Free,
        // The target of a link has no other name than its own.
        Look::File(real, standing) if real == path => (choice.judge)(path, standing),
        // A link itself is no report.
        Look::Link(_) => NameVerdict::Replaceable,
        Look::File(..) | Look::Folder | Look::Device => NameVerdict::Taken,
    }
}

fn take(file: &mut Unfinished, path: &Path, there: &Look, verdict: NameVerdict, rule: &Rule<'_>) -> io::Result<Taken> {
    match there {
        Look::Free => file.take(path),
        Look::File(real, before) => replace(file, real, before, verdict, rule),
        Look::Link(before) => file.replace(path, None, false, &|path| FileId::at(path) == Some(before.id)),
        Look::Folder | Look::Device => Ok(Taken::No),
    }
}

/// Replaces this file, if nobody has changed or replaced it since.
pub(super) fn replace(
    file: &mut Unfinished,
    path: &Path,
    before: &Standing,
    verdict: NameVerdict,
    rule: &Rule<'_>,
) -> io::Result<Taken> {
    let is_ours = |now: &Standing| now.mark.is_some_and(|mark| mark.run == rule.ours);
    let is_it = |path: &Path| match look(path) {
        Ok(Look::File(_, now)) => now.is_still(before) || is_ours(&now),
        _ => false,
    };
    file.replace(path, Some(before), verdict == NameVerdict::Ours, &is_it)
}

/// Replaces the oldest file if too many stand side by side.
fn replace_oldest(
    file: &mut Unfinished,
    candidates: &mut Vec<Candidate>,
    choice: &Choice<'_>,
    rule: &Rule<'_>,
) -> Option<Settled> {
    for kind in [NameVerdict::Earlier, NameVerdict::Unjudged] {
        loop {
            let of_kind = || candidates.iter().enumerate().filter(|(_, candidate)| candidate.verdict == kind);
            if !rule.is_too_many(kind, of_kind().count()) {
                break;
            }
            let oldest = of_kind().min_by_key(|(_, candidate)| candidate.modified()).map(|(index, _)| index);
            let Some(candidate) = oldest.map(|index| candidates.remove(index)) else { break };
            let path = (choice.name)(candidate.suffix);
            if let Ok(Taken::Yes) = take(file, &path, &candidate.look, kind, rule) {
                return Some(Settled {
                    path,
                    suffix: candidate.suffix,
                    verdict: NameVerdict::Replaceable,
                    id: file.id(),
                });
            }
        }
    }
    None
}

impl Candidate {
    fn modified(&self) -> Option<std::time::SystemTime> {
        match &self.look {
            Look::File(_, standing) => standing.modified,
            _ => None,
        }
    }
}
