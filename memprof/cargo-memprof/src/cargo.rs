//! cargo: its options, the packages that it knows, and what it builds.

mod build;
mod environment;
mod options;
mod program;

pub(crate) use build::{Built, build};
pub(crate) use environment::environment;
pub(crate) use options::{BuildOptions, ProfileOptions};
pub(crate) use program::{Program, ProgramOptions};

use std::ffi::OsString;
use std::process::Command;

use cargo_metadata::{Metadata, MetadataCommand};

use crate::failure::{Failure, Outcome};

/// cargo itself: the one that started this command, if one did.
pub(crate) fn cargo() -> Command {
    Command::new(std::env::var_os("CARGO").unwrap_or_else(|| OsString::from("cargo")))
}

/// The packages of the workspace.
pub(crate) fn packages(options: &BuildOptions) -> Outcome<Metadata> {
    let mut command = MetadataCommand::new();
    if let Some(cargo) = std::env::var_os("CARGO") {
        command.cargo_path(cargo);
    }
    if let Some(manifest) = &options.manifest_path {
        command.manifest_path(manifest);
    }
    command.no_deps().other_options(options.of_metadata());
    command.exec().map_err(|error| match error {
        cargo_metadata::Error::CargoMetadata { stderr } => Failure::said(stderr.trim().trim_start_matches("error: ")),
        error => Failure::said(format!("cargo metadata failed: {error}")),
    })
}

/// The program that runs those of the target, as `target.TRIPLE.runner` names it.
pub(crate) fn runner(options: &BuildOptions) -> Outcome<Option<cargo_config2::PathAndArgs>> {
    let wrong = |error: cargo_config2::Error| Failure::said(format!("cargo's configuration: {error}"));
    let config = cargo_config2::Config::load().map_err(wrong)?;
    let targets = config.build_target_for_cli(&options.target).map_err(wrong)?;
    let host = config.host_triple().map_err(wrong)?;
    config.runner(targets.first().map_or(host, String::as_str)).map_err(wrong)
}
