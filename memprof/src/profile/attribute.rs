//! Entry points of the code that `#[memprof::main]` generates.
use super::start::Described;
use super::{Profiler, exit};
use crate::os::process::privileges;
use crate::{Config, Error, tracker};
use std::io::Write;
use std::path::Path;

/// Arguments of the attribute.
#[derive(Debug)]
pub struct MainOptions {
    /// `config = "…"`
    pub config: Option<&'static str>,
    /// `allocator = …`, as it was written.
    pub allocator: &'static str,
    /// Version of the package that main is in.
    pub version: Option<&'static str>,
}

/// The profile of a program. When it is dropped, the profile ends and the reports are written.
#[derive(Debug)]
#[must_use]
pub struct MainProfile(Option<Profiler>);

/// Reads the configuration and starts the profile. An invalid configuration ends the program here, before the body of
/// main, with one line on stderr and status 2. A program that has more privileges than the user who started it gets no
/// profile.
pub fn main_start(options: MainOptions) -> MainProfile {
    tracker::note_profile();
    let loaded = {
        let _scope = super::ReportingGuard::begin();
        Config::load_explicit(options.config.map(Path::new))
    };
    if privileges::are_raised() {
        return MainProfile(None);
    }
    // These keywords name an allocator whose type identifies it; a static is identified by its path.
    let allocator = match options.allocator {
        "system" | "jemalloc" | "none" => None,
        path => Some(path),
    };
    match loaded.and_then(|loaded| Profiler::begin(loaded, Described { allocator, version: options.version })) {
        Ok(profiler) => MainProfile(Some(profiler)),
        // A main that was called from main: the outer one has the profile.
        Err(Error::AlreadyRunning) => MainProfile(None),
        Err(error) => {
            // Not `eprintln!`: it panics if stderr is closed.
            let _ = writeln!(std::io::stderr(), "{error}");
            std::process::exit(2);
        }
    }
}

impl Drop for MainProfile {
    fn drop(&mut self) {
        // A profile that the program has finished itself is not written again.
        if self.0.take().is_some_and(|mut profiler| profiler.claim_end()) {
            exit::finish_unless_told_not_to();
        }
    }
}
