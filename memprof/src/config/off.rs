//! Configuration without the feature `profiling`: nothing is read, and programs that load one build and run all the
//! same.

use std::path::Path;

use super::{Config, Loaded};
use crate::Error;

impl Config {
    /// The defaults; no file is read.
    ///
    /// # Errors
    ///
    /// None without the feature `profiling`.
    pub fn load() -> Result<Loaded, Error> {
        Ok(Loaded::from(Self::default()))
    }

    /// The defaults; the file is not read.
    ///
    /// # Errors
    ///
    /// None without the feature `profiling`.
    pub fn from_file(_path: impl AsRef<Path>) -> Result<Self, Error> {
        Ok(Self::default())
    }

    /// The defaults; the text is not read.
    ///
    /// # Errors
    ///
    /// None without the feature `profiling`.
    pub fn from_toml(_text: &str, _file: impl AsRef<Path>) -> Result<Self, Error> {
        Ok(Self::default())
    }
}
