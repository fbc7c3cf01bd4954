//! Report files: complete under their names or absent, and in the temporary directory as a last resort.

mod device;
mod folder;
mod known_files;
mod mark;
mod names;
mod rule;
pub(crate) mod run;
mod settle;
mod standing;
mod unfinished;

use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};

use self::device::Device;
use self::names::variant;
use self::rule::{NameVerdict, Rule};
use self::run::Run;
use self::settle::{Choice, Settled, settle};
use self::standing::{Look, look};
use self::unfinished::{Taken, with_file};
use super::data::Report;
use super::format::Format;
use super::formats;
use super::name::printable;
use super::{Written, leaks, placeholder};
use crate::Error;

pub(crate) use known_files::KnownFiles;
pub(crate) use names::{BaseNames, RunningNumber};

/// Function that writes the contents of one file.
type Contents<'a> = &'a dyn Fn(&mut dyn Write) -> io::Result<()>;

/// Number of predictable names in the temporary directory; after these, names are random.
const PREDICTABLE: u32 = 8;

/// One report to be written.
#[derive(Clone, Copy, Debug)]
pub(crate) struct PendingReport<'a> {
    pub(crate) report: &'a Report,
    pub(crate) names: &'a BaseNames,
    /// Number of a report of the running program.
    pub(crate) number: Option<RunningNumber>,
    /// The allocator's own statistics.
    pub(crate) statistics: Option<&'a [u8]>,
    /// True if the profile writes reports of the running program.
    pub(crate) has_numbers: bool,
    pub(crate) overwrite: bool,
    pub(crate) keep: usize,
}

/// Writes both reports, the allocator's statistics if there are any, and the other formats of a last report into their
/// folder, which is created if it is missing. Absolute file names are used as they are.
///
/// A file is written beside its place and renamed, so that no reader ever sees half of one. A file that cannot be
/// written at its place goes to the system's temporary directory, under a name with the program and its id.
///
/// # Errors
/// [`Error::Io`] if the temporary directory cannot be written to either.
pub(crate) fn write(output: &PendingReport<'_>, known: &mut KnownFiles) -> Result<Written, Error> {
    Writer { output, known, fallback: folder::temporary(), reasons: Vec::new(), json: None }.write()
}

struct Writer<'a> {
    output: &'a PendingReport<'a>,
    known: &'a mut KnownFiles,
    /// Folder for files that cannot be written to their own.
    fallback: PathBuf,
    /// Reasons for files in that folder.
    reasons: Vec<String>,
    /// Suffix of the JSON report, and the verdict on the file that it replaced.
    json: Option<(u32, NameVerdict)>,
}

/// File of a report: the JSON file decides the suffix, the others follow.
#[derive(Clone, Copy, PartialEq, Eq)]
enum ReportPart {
    Json,
    Text,
}

impl Writer<'_> {
    fn write(mut self) -> Result<Written, Error> {
        let PendingReport { report, names, statistics, .. } = *self.output;
        folder::make_ignored(&names.folder);
        let json: Contents<'_> = &|out| report.write_json(out);
        let text: Contents<'_> = &|out| out.write_all(leaks::render(report).as_bytes());
        let first = self.put(&names.allocations, json, ReportPart::Json);
        let second = if names.leaks == names.allocations {
            Err(io::Error::new(io::ErrorKind::AlreadyExists, "both reports have this file name"))
        } else {
            self.put(&names.leaks, text, ReportPart::Text)
        };
        // Both files are tried before either is given up.
        let allocation_report =
            self.or_in_fallback(first, &names.allocations, "memory_allocations.json", json, ReportPart::Json);
        let leak_report = self.or_in_fallback(second, &names.leaks, "memory_leaks.txt", text, ReportPart::Text);
        let statistics = statistics.map(|text| {
            let text: Contents<'_> = &|out| out.write_all(text);
            let placed = self.put(&names.statistics, text, ReportPart::Text);
            let name = names.statistics.file_name().unwrap_or_default().to_string_lossy().into_owned();
            self.or_in_fallback(placed, &names.statistics, &name, text, ReportPart::Text)
        });
        let formats = self.formats();
        let (allocation_report, leak_report) = (allocation_report?, leak_report?);
        statistics.transpose()?;
        let fell_back = (!self.reasons.is_empty()).then(|| self.reasons.join("; "));
        Ok(Written { allocation_report, leak_report, formats, fell_back })
    }

    /// Writes the files in other formats, if the report is the last one. One that cannot be written is no error: the
    /// report itself is there.
    fn formats(&mut self) -> Vec<(Format, PathBuf)> {
        let PendingReport { report, names, number, .. } = *self.output;
        let mut written = Vec::new();
        if number.is_some() || !report.program.is_final {
            return written;
        }
        let mut taken = vec![&names.allocations, &names.leaks, &names.statistics];
        for (format, name) in &names.formats {
            let contents: Contents<'_> = &|out| formats::write(report, *format, out);
            let placed = if taken.contains(&name) {
                Err(io::Error::new(io::ErrorKind::AlreadyExists, "another report has this file name"))
            } else {
                self.put(name, contents, ReportPart::Text)
            };
            taken.push(name);
            match self.or_in_fallback(placed, name, format.file_name(), contents, ReportPart::Text) {
                Ok(path) => written.push((*format, path)),
                Err(error) => self.reasons.push(error.to_string()),
            }
        }
        written
    }

    fn rule(&self, is_fallback: bool) -> Rule<'_> {
        let program = &self.output.report.program;
        let noted = self.known.noted.as_deref().filter(|_| !is_fallback);
        Rule {
            ours: program.run.parse().unwrap_or_else(|()| Run::own(0)),
            noted,
            written: &self.known.written,
            own_only: is_fallback,
            keep: self.output.keep.max(1),
            is_final: program.is_final,
        }
    }

    /// Writes the file under its configured name.
    fn put(&mut self, name: &Path, contents: Contents<'_>, part: ReportPart) -> io::Result<PathBuf> {
        let PendingReport { names, number, has_numbers, overwrite, .. } = *self.output;
        let path = |suffix| names.folder.join(variant(name, suffix, number));
        let plain = path(1);
        if plain.file_name().is_none() {
            return Err(io::Error::new(io::ErrorKind::InvalidInput, "this is no file name"));
        }
        let folder = plain.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
        folder::make(folder)?;
        let there = look(&plain)?;
        match &there {
            Look::Folder => return Err(io::Error::new(io::ErrorKind::IsADirectory, "this is a directory")),
            // Renaming onto /dev/null would replace it for the whole machine.
            Look::Device => {
                let mut device = BufWriter::with_capacity(1 << 16, Device::open(&plain)?);
                contents(&mut device)?;
                return device.flush().map(|()| plain);
            }
            _ => {}
        }
        if overwrite {
            let (path, before) = match &there {
                Look::File(path, before) => (path, Some(before)),
                _ => (&plain, None),
            };
            let id = with_file(path.parent().unwrap_or(folder), contents, |file| {
                file.overwrite(path, before).map(|()| file.id())
            })?;
            self.known.remember(path, id);
            return Ok(plain);
        }
        let json = self.json;
        let rule = self.rule(false);
        let suffix = json.map(|(suffix, _)| suffix).filter(|_| part == ReportPart::Text);
        let first = suffix.or(self.known.suffix).unwrap_or(1);
        // A link stays a link: its target is replaced.
        if first == 1
            && let Look::File(real, before) = &there
            && *real != plain
            && let verdict = rule.judge_part(part, json, real, before)
            && verdict <= NameVerdict::Replaceable
        {
            let replaced = with_file(real.parent().unwrap_or(folder), contents, |file| {
                Ok((settle::replace(file, real, before, verdict, &rule)?, file.id()))
            })?;
            if let (Taken::Yes, id) = replaced {
                let real = real.clone();
                self.has_settled(&Settled { path: real, suffix: 1, verdict, id }, part);
                return Ok(plain);
            }
        }
        // Reports of the running program and everything that belongs to them get a suffix that no other run has.
        let series = if has_numbers && part == ReportPart::Json && self.known.suffix.is_none() {
            KnownFiles::series(names, &rule)
        } else {
            Default::default()
        };
        let choice = Choice {
            name: &path,
            first,
            judge: &|path, standing| rule.judge_part(part, json, path, standing),
            series: &|suffix| series.get(&suffix).copied().unwrap_or_default(),
        };
        let settled = with_file(folder, contents, |file| settle(file, &choice, &rule))?;
        self.has_settled(&settled, part);
        if part == ReportPart::Json {
            self.known.suffix = Some(settled.suffix);
        }
        Ok(settled.path)
    }

    fn has_settled(&mut self, settled: &Settled, part: ReportPart) {
        if part == ReportPart::Json {
            self.json = Some((settled.suffix, settled.verdict));
        }
        self.known.remember(&settled.path, settled.id);
    }

    /// Writes the file to the temporary directory if it cannot be written under its name.
    fn or_in_fallback(
        &mut self,
        placed: io::Result<PathBuf>,
        wanted: &Path,
        name: &str,
        contents: Contents<'_>,
        part: ReportPart,
    ) -> Result<PathBuf, Error> {
        let error = match placed {
            Ok(path) => return Ok(path),
            Err(error) => error,
        };
        let wanted = self.output.names.folder.join(variant(wanted, 1, self.output.number));
        match self.put_in_fallback(name, contents, part) {
            Ok(instead) => {
                let [from, to] = [&wanted, &instead].map(|path| path.display());
                self.reasons.push(format!("cannot write {from}: {error}; written to {to} instead"));
                Ok(instead)
            }
            Err(second) => {
                let instead = self.fallback.join(fallback_name(self.output.report, name));
                let instead = printable(&instead.to_string_lossy());
                let both = io::Error::new(error.kind(), format!("{error}; nor {instead}: {second}"));
                Err(self.failed(&wanted, both))
            }
        }
    }

    fn failed(&self, path: &Path, source: io::Error) -> Error {
        Error::Io { action: "write the report", path: path.to_owned(), source }
    }

    fn put_in_fallback(&mut self, name: &str, contents: Contents<'_>, part: ReportPart) -> io::Result<PathBuf> {
        let name = PathBuf::from(fallback_name(self.output.report, name));
        let chance = *self.known.chance.get_or_insert_with(run::random);
        let path = |suffix| {
            let name = if suffix > PREDICTABLE {
                placeholder::insert(&name, &format!("-{:016x}", chance ^ u64::from(suffix)))
            } else {
                variant(&name, suffix, None)
            };
            self.fallback.join(variant(&name, 1, self.output.number))
        };
        let rule = self.rule(true);
        let choice = Choice {
            name: &path,
            first: self.known.fallback_suffix.unwrap_or(1).min(PREDICTABLE + 1),
            judge: &|path, standing| rule.judge_part(part, None, path, standing),
            series: &|_| NameVerdict::Free,
        };
        folder::make(&self.fallback)?;
        let settled = with_file(&self.fallback, contents, |file| settle(file, &choice, &rule))?;
        self.known.remember(&settled.path, settled.id);
        if part == ReportPart::Json {
            self.known.fallback_suffix = Some(settled.suffix);
        }
        Ok(settled.path)
    }
}

impl Rule<'_> {
    fn judge_part(
        &self,
        part: ReportPart,
        json: Option<(u32, NameVerdict)>,
        path: &Path,
        standing: &standing::Standing,
    ) -> NameVerdict {
        match (part, json) {
            (ReportPart::Json, _) => self.judge(path, standing),
            (ReportPart::Text, None | Some((_, NameVerdict::Free))) => self.judge_text(path, standing),
            // The file belonged to the JSON report that was replaced.
            (ReportPart::Text, Some((_, verdict))) => verdict,
        }
    }
}

/// A name that no other program's report has.
fn fallback_name(report: &Report, name: &str) -> String {
    format!("{}-{}-{name}", placeholder::file_name(&report.program.name), report.program.pid)
}

#[cfg(test)]
mod tests;
