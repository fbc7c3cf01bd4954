//! The configuration file: search, reading, and the position of a mistake.

use std::ffi::OsString;
use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::sync::Once;

use super::parse::{Mistake, parse};
use super::{Config, Loaded, env, trust};
use crate::Error;
use crate::os::process::privileges;
use crate::os::terminal::stderr;
use crate::sorted;
use crate::suggest;

/// File name that is searched for in the working directory and its ancestors.
const NAME: &str = "memory_profile.toml";

/// Limit of a configuration file, bytes. A usual one has a thousand; an endless device must not fill the memory.
const LARGEST: u64 = 1 << 20;

/// Everything outside the program that decides the configuration. Tests make their own.
pub(super) struct Surroundings {
    pub(super) working_directory: io::Result<PathBuf>,
    /// Variables whose names begin with `MEMPROF_`.
    pub(super) variables: Vec<(String, OsString)>,
}

impl Surroundings {
    fn of_this_process() -> Self {
        let mut variables: Vec<_> = std::env::vars_os().filter_map(env::own).collect();
        sorted::by(&mut variables, Ord::cmp); // So that of two mistakes the same one is reported each time.
        Self { working_directory: std::env::current_dir(), variables }
    }
}

impl Config {
    /// Reads the configuration as `#[memprof::main]` does.
    ///
    /// 1. The file: the one that the environment variable `MEMPROF_CONFIG` names; otherwise `memory_profile.toml` in
    ///    the working directory or its nearest ancestor that has one; otherwise none, and the defaults apply.
    /// 2. Each environment variable `MEMPROF_…` then overrides its key (see [the table](Config#keys)). A variable with
    ///    this prefix that matches no key becomes a warning in the result.
    ///
    /// A relative `output_dir` starts at the folder of the file that sets it, otherwise at the working directory.
    ///
    /// A file is used only if its owner is this user, root, or the owner of the working directory. Folders above the
    /// working directory that other users can write to are skipped, unless they belong to this user.
    ///
    /// A program with more privileges than the user who started it (set-user-id, file capabilities) reads neither file
    /// nor variables. This function then returns `enabled = false` and a warning. Such a program gets a report only
    /// from a [`Config`] that it makes itself.
    ///
    /// ```
    /// # fn main() -> Result<(), memprof::Error> {
    /// let loaded = memprof::Config::load()?;
    /// assert!(loaded.config.reporting.output_dir.is_absolute());
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    ///
    /// [`Error::Config`] for the first key or value of the file that is invalid, [`Error::Environment`] for a variable,
    /// [`Error::Io`] if the file cannot be read.
    pub fn load() -> Result<Loaded, Error> {
        Self::load_explicit(None)
    }

    /// As [`load`](Config::load), with the file that the program names: after `MEMPROF_CONFIG`, before the search.
    pub(crate) fn load_explicit(explicit: Option<&Path>) -> Result<Loaded, Error> {
        if privileges::are_raised() {
            return Ok(off());
        }
        load(explicit, Surroundings::of_this_process())
    }

    /// Reads one file and no environment variable.
    ///
    /// A relative `output_dir` in the file starts at the file's folder. The default is not changed.
    ///
    /// ```
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let folder = std::env::temp_dir().join(format!("memprof-doc-{}", std::process::id()));
    /// # std::fs::create_dir_all(&folder)?;
    /// let path = folder.join("quick.toml");
    /// std::fs::write(&path, "[reporting]\noutput_dir = 'reports'")?;
    /// let config = memprof::Config::from_file(&path)?;
    /// assert_eq!(config.reporting.output_dir, folder.join("reports"));
    /// # std::fs::remove_dir_all(&folder)?;
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    ///
    /// As [`load`](Config::load): the file cannot be read, or a key or value is invalid.
    pub fn from_file(path: impl AsRef<Path>) -> Result<Self, Error> {
        let path = path.as_ref();
        let bytes = read(path).map_err(|source| unreadable(path, source))?;
        let working_directory = std::env::current_dir().ok();
        let full = std::path::absolute(path).unwrap_or_else(|_| path.to_owned());
        from_bytes(&bytes, full.parent(), &shown(path, working_directory.as_deref()))
    }

    /// Reads the text of a configuration file. `file` is the name that errors show. Nothing is read from disk, and
    /// `output_dir` stays as written.
    ///
    /// ```
    /// let text = "[memory_profiling]\nenabeld = false";
    /// let error = memprof::Config::from_toml(text, "memory_profile.toml").unwrap_err();
    /// assert_eq!(
    ///     error.to_string(),
    ///     "memory_profile.toml:2:1: unknown key `enabeld` in [memory_profiling]; did you mean `enabled`?"
    /// );
    /// ```
    ///
    /// # Errors
    ///
    /// [`Error::Config`] for the first key or value that is invalid, or text that is not TOML.
    pub fn from_toml(text: &str, file: impl AsRef<Path>) -> Result<Self, Error> {
        from_bytes(text.as_bytes(), None, file.as_ref())
    }
}

const NO_REPORT: &str = "memprof: no report is written: this program has file capabilities, so neither MEMPROF_* nor \
                         memory_profile.toml is read; pass a Config to Profiler::start\n";

/// The configuration of a program with more privileges than the user who started it: nothing is read.
fn off() -> Loaded {
    // A set-user-id program prints nothing: the user who started it would see the message.
    static ONCE: Once = Once::new();
    if privileges::are_capabilities() {
        ONCE.call_once(|| stderr::write_all(NO_REPORT.as_bytes()));
    }
    let mut loaded = Loaded::from(Config::default());
    loaded.config.memory_profiling.enabled = false;
    loaded.warnings.push(String::from(
        "this program has more privileges than the user who started it: neither memory_profile.toml nor MEMPROF_* is read, \
         and profiling is off",
    ));
    loaded
}

/// Finds the file, reads it, and applies the variables.
pub(super) fn load(explicit: Option<&Path>, surroundings: Surroundings) -> Result<Loaded, Error> {
    let Surroundings { working_directory, variables } = surroundings;
    let directory = working_directory.as_deref().unwrap_or(Path::new(""));
    let mut passed_over = None;
    let (config, file) = match find(explicit, directory, &variables, &mut passed_over)? {
        Some((shown_path, bytes)) => {
            let full = directory.join(&shown_path);
            (from_bytes(&bytes, full.parent(), &shown(&shown_path, Some(directory)))?, Some(full))
        }
        None => (Config::default(), None),
    };
    let mut loaded = Loaded { config, file, warnings: Vec::new() };
    loaded.warnings = env::apply(&mut loaded.config, &variables)?;
    loaded.warnings.extend(passed_over);
    let output_dir = directory.join(&loaded.config.reporting.output_dir);
    loaded.config.reporting.output_dir = std::path::absolute(&output_dir).unwrap_or(output_dir);
    if let Err(error) = working_directory {
        loaded
            .warnings
            .push(format!("the working directory is not known ({error}): memory_profile.toml was not searched for"));
    }
    Ok(loaded)
}

/// The file to use, as it was named, and its text. `passed_over`: a warning about the first file that was not trusted.
fn find(
    explicit: Option<&Path>,
    directory: &Path,
    variables: &[(String, OsString)],
    passed_over: &mut Option<String>,
) -> Result<Option<(PathBuf, Vec<u8>)>, Error> {
    if let Some((_, path)) = variables.iter().find(|(name, _)| name == env::FILE) {
        if path.is_empty() {
            let message = String::from("is empty; name a file, or unset the variable");
            return Err(Error::Environment { variable: env::FILE.to_owned(), message });
        }
        let path = Path::new(path);
        return match read(&directory.join(path)) {
            Ok(bytes) => Ok(Some((path.to_owned(), bytes))),
            Err(error) => Err(Error::Environment {
                variable: env::FILE.to_owned(),
                message: format!(
                    "cannot read {}: {error}; name a file, or unset the variable",
                    suggest::quote(&path.to_string_lossy())
                ),
            }),
        };
    }
    if let Some(path) = explicit {
        let bytes = read(&directory.join(path)).map_err(|source| unreadable(path, source))?;
        return Ok(Some((path.to_owned(), bytes)));
    }
    for folder in directory.ancestors() {
        let path = folder.join(NAME);
        // An unreadable folder is skipped; an existing file that cannot be read is an error.
        if let Ok(there) = path.symlink_metadata() {
            let is_above = folder != directory;
            let bytes = if (is_above && trust::is_passed_over(folder)) || !trust::is_taken(&there, directory) {
                None
            } else {
                let file = open(&path).map_err(|source| unreadable(&path, source))?;
                // The target of a link, or a file that has replaced this one meanwhile, may be another user's.
                let is_taken = file.metadata().is_ok_and(|there| trust::is_taken(&there, directory));
                is_taken.then(|| read_all(file).map_err(|source| unreadable(&path, source))).transpose()?
            };
            let Some(bytes) = bytes else {
                passed_over.get_or_insert_with(|| {
                    let path = suggest::quote(&path.to_string_lossy());
                    format!(
                        "{path} was not read: another user may have put it there; name it in MEMPROF_CONFIG to use it"
                    )
                });
                continue;
            };
            return Ok(Some((path, bytes)));
        }
    }
    Ok(None)
}

fn read(path: &Path) -> io::Result<Vec<u8>> {
    open(path).and_then(read_all)
}

/// Opens a file without waiting. A pipe is an error: one without a writer would stop the program before it has begun.
fn open(path: &Path) -> io::Result<File> {
    let mut options = File::options();
    options.read(true);
    #[cfg(unix)]
    {
        use std::os::unix::fs::{FileTypeExt, OpenOptionsExt};
        let file = options.custom_flags(libc::O_NONBLOCK).open(path)?;
        if file.metadata()?.file_type().is_fifo() {
            let message = "it is a pipe; a configuration is read from a file";
            return Err(io::Error::new(io::ErrorKind::InvalidInput, message));
        }
        Ok(file)
    }
    #[cfg(not(unix))]
    options.open(path)
}

fn read_all(file: File) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    file.take(LARGEST + 1).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > LARGEST {
        return Err(io::Error::new(io::ErrorKind::InvalidData, "it is larger than 1 MB and cannot be a configuration"));
    }
    Ok(bytes)
}

fn unreadable(path: &Path, source: io::Error) -> Error {
    Error::Io { action: "read the configuration", path: path.to_owned(), source }
}

fn from_bytes(bytes: &[u8], folder: Option<&Path>, file: &Path) -> Result<Config, Error> {
    // Windows editors start a file with a byte order mark, which columns do not count.
    let bytes = bytes.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(bytes);
    let parsed = match std::str::from_utf8(bytes) {
        Ok(text) => parse(text, folder),
        Err(error) => {
            let message = String::from("the file is not UTF-8 text; save it as UTF-8");
            Err(Mistake { offset: error.valid_up_to(), message })
        }
    };
    parsed.map_err(|Mistake { offset, message }| {
        let (line, column) = position(bytes, offset);
        Error::Config { file: file.to_owned(), line, column, message }
    })
}

/// Line and column of a byte, from 1; the column counts characters.
fn position(bytes: &[u8], offset: usize) -> (usize, usize) {
    let before = bytes.get(..offset).unwrap_or(bytes);
    let line = before.iter().filter(|byte| **byte == b'\n').count() + 1;
    let start = before.iter().rposition(|byte| *byte == b'\n').map_or(0, |newline| newline + 1);
    // Every byte of a character except the first has the form 10xxxxxx.
    let characters = before.iter().skip(start).filter(|byte| (**byte & 0xC0) != 0x80).count();
    (line, characters + 1)
}

/// The path as users know it: relative to the working directory if it lies beneath, otherwise as it was given.
fn shown(path: &Path, working_directory: Option<&Path>) -> PathBuf {
    working_directory.and_then(|directory| path.strip_prefix(directory).ok()).unwrap_or(path).to_owned()
}
