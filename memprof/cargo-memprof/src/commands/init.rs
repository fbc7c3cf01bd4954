//! `cargo memprof init`.

mod change;
mod sources;

use std::io::{self, IsTerminal};
use std::path::{Path, PathBuf};

use cargo_metadata::{Metadata, Package, TargetKind};
use clap::Args;

use crate::cargo::{self, BuildOptions};
use crate::failure::{Failure, Outcome};
use change::Change;
use sources::{Found, GlobalAllocator};

/// Add memprof to a package.
///
/// Adds the dependency, memory_profile.toml and a line of .gitignore, each after a question, and shows the two lines
/// for your code. No source file is changed.
#[derive(Args)]
pub(crate) struct Arguments {
    /// The package; the one in the working directory without it
    #[arg(short, long, value_name = "SPEC")]
    package: Option<String>,
    /// Path to Cargo.toml
    #[arg(long, value_name = "PATH")]
    manifest_path: Option<PathBuf>,
    /// The folder of memprof, in place of the crate from the registry
    #[arg(long, value_name = "FOLDER")]
    path: Option<PathBuf>,
    /// Change without asking
    #[arg(short, long)]
    yes: bool,
    /// Show what would change, and change nothing
    #[arg(short = 'n', long, conflicts_with = "yes")]
    dry_run: bool,
}

pub(crate) fn run(arguments: &Arguments) -> Outcome {
    let options = BuildOptions::of_manifest(arguments.manifest_path.clone());
    let metadata = cargo::packages(&options)?;
    let package = package(arguments, &metadata)?;
    let found = Found::in_package(package);
    if matches!(found.allocator, Some(GlobalAllocator { is_memprofs: true, .. })) || found.has_main() {
        anstream::println!("memprof is in the code of {} already\n", package.name);
    }
    let changes = Change::all(package, arguments.path.as_deref());
    if changes.is_empty() {
        anstream::println!("Cargo.toml, memory_profile.toml and .gitignore of {} need no change", package.name);
    }
    for change in &changes {
        anstream::println!("{change}");
        if is_agreed(arguments)? {
            change.make()?;
        }
    }
    anstream::print!("{}", found.advice(package));
    Ok(())
}

/// Asks, unless that has been answered on the command line.
fn is_agreed(arguments: &Arguments) -> Outcome<bool> {
    if arguments.yes || arguments.dry_run {
        return Ok(arguments.yes);
    }
    if !io::stdin().is_terminal() || !io::stderr().is_terminal() {
        return Err(Failure::said("there is no terminal to ask at: --yes makes the changes, --dry-run shows them"));
    }
    let question = dialoguer::Confirm::new().with_prompt("Do it?").default(true);
    question.interact().map_err(|error| Failure::Said(format!("cannot ask: {error}")))
}

/// The package to change: the named one, the one in the working directory, or the only one with a program.
fn package<'m>(arguments: &Arguments, metadata: &'m Metadata) -> Outcome<&'m Package> {
    let all = metadata.workspace_packages();
    let names = || {
        let mut names: Vec<_> = all.iter().map(|package| package.name.as_str()).collect();
        names.sort_unstable();
        names.join(", ")
    };
    if let Some(name) = &arguments.package {
        let found = all.iter().find(|package| package.name.as_str() == name);
        return found
            .copied()
            .ok_or_else(|| Failure::Said(format!("there is no package `{name}` in this workspace ({})", names())));
    }
    if let Some(package) = metadata.root_package().or_else(|| in_working_directory(&all)) {
        return Ok(package);
    }
    let programs: Vec<_> = all.iter().filter(|package| has(package, &TargetKind::Bin)).collect();
    match programs[..] {
        [package] => Ok(package),
        _ => Err(Failure::Said(format!("this workspace has several packages: choose one with -p ({})", names()))),
    }
}

fn in_working_directory<'m>(all: &[&'m Package]) -> Option<&'m Package> {
    let working = std::env::current_dir().ok()?;
    let folder = |package: &Package| package.manifest_path.parent().map(|folder| folder.as_std_path().to_owned());
    let around = all.iter().filter(|package| folder(package).is_some_and(|folder| working.starts_with(folder)));
    around.max_by_key(|package| package.manifest_path.as_str().len()).copied()
}

fn has(package: &Package, kind: &TargetKind) -> bool {
    package.targets.iter().any(|target| target.kind.contains(kind))
}

/// The folder of a package.
fn folder(package: &Package) -> &Path {
    package.manifest_path.parent().map_or(Path::new("."), |folder| folder.as_std_path())
}
