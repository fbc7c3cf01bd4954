//! A build by cargo, and what came out of it.

use std::collections::HashMap;
use std::ffi::OsString;
use std::io::BufReader;
use std::path::PathBuf;
use std::process::Stdio;

use cargo_metadata::{Artifact, BuildScript, Message, PackageId};

use super::program::Program;
use crate::failure::{Failure, Outcome};

/// Artifacts of a build.
#[derive(Debug, Default)]
pub(crate) struct Built {
    pub(crate) artifacts: Vec<Artifact>,
    /// Results of build scripts: their variables, and folders of libraries.
    pub(crate) scripts: HashMap<PackageId, BuildScript>,
}

/// Runs cargo with its messages as JSON. Its own words, with warnings and errors of the compiler, go to stderr.
pub(crate) fn build(subcommand: &str, options: &[OsString]) -> Outcome<Built> {
    let mut command = super::cargo();
    command.arg(subcommand).args(options).arg("--message-format=json-render-diagnostics");
    if let Some(color) = color() {
        command.args(["--color", color]);
    }
    let started = command.stdin(Stdio::null()).stdout(Stdio::piped()).spawn();
    let mut cargo = started.map_err(|error| Failure::said(format!("cannot run cargo: {error}")))?;
    let mut built = Built::default();
    if let Some(output) = cargo.stdout.take() {
        for message in Message::parse_stream(BufReader::new(output)) {
            match message {
                Ok(Message::CompilerArtifact(artifact)) => built.artifacts.push(artifact),
                Ok(Message::BuildScriptExecuted(script)) => {
                    built.scripts.insert(script.package_id.clone(), script);
                }
                _ => {}
            }
        }
    }
    match cargo.wait() {
        Ok(status) if status.success() => Ok(built),
        Ok(_) => Err(Failure::Build),
        Err(error) => Err(Failure::said(format!("cannot wait for cargo: {error}"))),
    }
}

/// cargo's choice of colours, if ours differs from the one that it makes itself.
fn color() -> Option<&'static str> {
    match anstream::ColorChoice::global() {
        anstream::ColorChoice::Always | anstream::ColorChoice::AlwaysAnsi => Some("always"),
        anstream::ColorChoice::Never => Some("never"),
        anstream::ColorChoice::Auto => None,
    }
}

impl Built {
    /// The executable of a program.
    pub(crate) fn executable(&self, program: &Program) -> Option<(&Artifact, PathBuf)> {
        self.artifacts.iter().find_map(|artifact| {
            let executable = artifact.executable.as_ref()?;
            program
                .is_built_by(artifact.manifest_path.as_std_path(), &artifact.target)
                .then(|| (artifact, executable.clone().into()))
        })
    }
}
