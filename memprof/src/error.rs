//! Errors, with messages that say what to do.

use std::fmt;
use std::path::PathBuf;

use crate::printable::Printable;

/// Failure of a configuration, a profile or a report.
///
/// The text is one line without control characters. It says what to do.
///
/// ```
/// use memprof::Error;
///
/// match memprof::write_report() {
///     Err(Error::NotRunning | Error::Disabled) => {} // This run is not profiled.
///     Err(error) => eprintln!("memory report: {error}"),
///     Ok(_) => {}
/// }
/// ```
#[derive(Debug)]
#[non_exhaustive]
pub enum Error {
    /// A key or value of the configuration file is invalid. Shown as `file:line:column: message`.
    #[non_exhaustive]
    Config {
        /// The file.
        file: PathBuf,
        /// Line, from 1.
        line: usize,
        /// Column, from 1, in characters.
        column: usize,
        /// The mistake, and the advice.
        message: String,
    },
    /// An environment variable has an invalid value.
    #[non_exhaustive]
    Environment {
        /// The variable.
        variable: String,
        /// The mistake, and the advice.
        message: String,
    },
    /// A file could not be read or written.
    #[non_exhaustive]
    Io {
        /// The failed action, such as `read the configuration`.
        action: &'static str,
        /// The file or directory.
        path: PathBuf,
        /// The error of the operating system.
        source: std::io::Error,
    },
    /// A report could not be read: not JSON, not a report, or of another schema.
    #[non_exhaustive]
    Report {
        /// The mistake, and its position.
        message: String,
    },
    /// There is not enough memory to make a report.
    OutOfMemory,
    /// A profile is running already: finish it before starting another.
    AlreadyRunning,
    /// No profile is running: start one with `#[memprof::main]` or `Profiler::start`.
    NotRunning,
    /// The profile was started with `enabled = false`: nothing is counted and there is no report.
    Disabled,
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Error::Config { file, line, column, message } => {
                write!(f, "{}:{line}:{column}: {}", Printable(&file.to_string_lossy()), Printable(message))
            }
            Error::Environment { variable, message } => write!(f, "{}: {}", Printable(variable), Printable(message)),
            Error::Io { action, path, source } => {
                let (path, source) = (path.to_string_lossy(), source.to_string());
                write!(f, "cannot {action} {}: {}", Printable(&path), Printable(&source))
            }
            Error::Report { message } => Printable(message).fmt(f),
            Error::OutOfMemory => f.write_str("there is no memory left to make the report"),
            Error::AlreadyRunning => f.write_str("a profile is running already: finish it before starting another"),
            Error::NotRunning => {
                f.write_str("no profile is running: start one with #[memprof::main] or Profiler::start")
            }
            Error::Disabled => f.write_str(
                "profiling is off: remove enabled = false from memory_profile.toml, or unset MEMPROF_ENABLED",
            ),
        }
    }
}

impl std::error::Error for Error {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Error::Io { source, .. } => Some(source),
            _ => None,
        }
    }
}
