//! Accepted and refused configurations, and the messages.

mod damage;
mod declaration;
mod environment;
mod search;
mod words;

use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};

use super::Loaded;
use super::file::{Surroundings, load};
use crate::Error;

/// The file that users copy.
fn shipped() -> String {
    fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/../memory_profile.toml")).unwrap()
}

/// A tree `project/sub/` with a file that sets `output_dir` in `project`.
fn project() -> (tempfile::TempDir, PathBuf, PathBuf) {
    let root = tempfile::tempdir().unwrap();
    let project = root.path().join("project");
    let sub = project.join("sub");
    fs::create_dir_all(&sub).unwrap();
    fs::write(project.join("memory_profile.toml"), "[reporting]\noutput_dir = 'out'").unwrap();
    (root, project, sub)
}

fn load_in(directory: &Path, explicit: Option<&str>, variables: &[(&str, &str)]) -> Result<Loaded, Error> {
    let variables = variables.iter().map(|(name, value)| ((*name).to_owned(), OsString::from(value))).collect();
    let surroundings = Surroundings { working_directory: Ok(directory.to_owned()), variables };
    load(explicit.map(Path::new), surroundings)
}

fn output_dir(loaded: &Loaded) -> &Path {
    &loaded.config.reporting.output_dir
}
