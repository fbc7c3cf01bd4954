//! Reasons to end with a status other than 0.

use std::fmt::Display;
use std::io;
use std::path::Path;
use std::process::ExitCode;

/// A command that could not do its work.
#[derive(Debug)]
pub(crate) enum Failure {
    /// A sentence that says why, and what to do.
    Said(String),
    /// The command line has a mistake that only the files show.
    Usage(String),
    /// cargo failed, and has said why.
    Build,
    /// The reader of the output is gone, as in `| head`.
    ReaderGone,
}

pub(crate) type Outcome<T = ()> = Result<T, Failure>;

impl Failure {
    pub(crate) fn said(reason: impl Display) -> Self {
        Self::Said(reason.to_string())
    }

    /// A file or folder that could not be read, written or made.
    pub(crate) fn of_file(action: &str, path: &Path, error: &dyn Display) -> Self {
        Self::Said(format!("cannot {action} {}: {error}", path.display()))
    }

    /// Prints the reason.
    pub(crate) fn report(self) -> ExitCode {
        match self {
            Self::Said(reason) => {
                complain(&reason);
                ExitCode::from(1)
            }
            Self::Usage(reason) => {
                complain(&reason);
                ExitCode::from(2)
            }
            Self::Build => ExitCode::from(101),
            Self::ReaderGone => ExitCode::SUCCESS,
        }
    }
}

/// An error while standard output is written.
impl From<io::Error> for Failure {
    fn from(error: io::Error) -> Self {
        if error.kind() == io::ErrorKind::BrokenPipe {
            Self::ReaderGone
        } else {
            Self::Said(format!("cannot write to standard output: {error}"))
        }
    }
}

fn complain(reason: &str) {
    anstream::eprintln!("\x1b[1m\x1b[31merror\x1b[0m: {reason}");
}
