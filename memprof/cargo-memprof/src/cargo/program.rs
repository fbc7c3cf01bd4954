//! The program that `run` is about.

use std::ffi::OsString;
use std::path::PathBuf;

use cargo_metadata::{Metadata, Package, Target, TargetKind};
use clap::Args;

use crate::failure::{Failure, Outcome};

/// Choice of the program, as in `cargo run`.
#[derive(Args, Clone, Debug, Default)]
#[command(next_help_heading = "Options of cargo")]
pub(crate) struct ProgramOptions {
    /// Package with the program
    #[arg(short, long, value_name = "SPEC")]
    package: Option<String>,
    /// Name of the binary
    #[arg(long, value_name = "NAME")]
    bin: Option<String>,
    /// Name of the example
    #[arg(long, value_name = "NAME", conflicts_with = "bin")]
    example: Option<String>,
}

/// One binary or example of the workspace.
#[derive(Clone, Debug)]
pub(crate) struct Program {
    /// Name of the binary or example.
    pub(crate) name: String,
    is_example: bool,
    /// Package as cargo names it.
    package: String,
    /// Cargo.toml of the package.
    pub(crate) manifest: PathBuf,
    /// True if memprof is among the dependencies of the package.
    pub(crate) uses_memprof: bool,
}

impl Program {
    /// The program that `cargo run` would run.
    pub(crate) fn chosen(options: &ProgramOptions, metadata: &Metadata) -> Outcome<Self> {
        let packages = options.packages(metadata)?;
        let wanted = options.bin.as_ref().or(options.example.as_ref());
        let kind = if options.example.is_some() { TargetKind::Example } else { TargetKind::Bin };
        let all: Vec<_> = packages.iter().flat_map(|package| targets(package, &kind)).collect();
        let of_name = |name: &String| {
            let found: Vec<_> = all.iter().filter(|(_, target)| target.name == *name).copied().collect();
            if found.is_empty() { Err(unknown(name, &kind, &all)) } else { Ok(found) }
        };
        let candidates = match wanted {
            Some(name) => of_name(name)?,
            None => default_programs(&all),
        };
        match candidates[..] {
            [(package, target)] => Ok(Self::of(package, target)),
            [] => {
                Err(Failure::said("there is no binary here to run: name an example by --example, or a package by -p"))
            }
            _ => Err(Failure::said(format!(
                "there are several programs: choose one by --bin or -p ({})",
                names(&candidates)
            ))),
        }
    }

    fn of(package: &Package, target: &Target) -> Self {
        Self {
            name: target.name.clone(),
            is_example: target.kind.contains(&TargetKind::Example),
            package: format!("{}@{}", package.name, package.version),
            manifest: package.manifest_path.clone().into(),
            uses_memprof: package.dependencies.iter().any(|dependency| dependency.name == "memprof"),
        }
    }

    /// Options of `cargo build` that build this program alone.
    pub(crate) fn of_build(&self) -> Vec<OsString> {
        let kind = if self.is_example { "--example" } else { "--bin" };
        vec!["--package".into(), self.package.clone().into(), kind.into(), self.name.clone().into()]
    }

    /// True if `target` of `package` is this program.
    pub(super) fn is_built_by(&self, manifest: &std::path::Path, target: &Target) -> bool {
        let kind = if self.is_example { TargetKind::Example } else { TargetKind::Bin };
        target.name == self.name && target.kind.contains(&kind) && manifest == self.manifest
    }
}

impl ProgramOptions {
    fn packages<'m>(&self, metadata: &'m Metadata) -> Outcome<Vec<&'m Package>> {
        let Some(spec) = &self.package else {
            return Ok(metadata.workspace_default_packages());
        };
        // A name, name@version, or the whole id.
        let is_it = |package: &&Package| {
            let versioned = format!("{}@{}", package.name, package.version);
            [package.name.as_str(), &versioned, &package.id.repr].contains(&spec.as_str())
        };
        let found: Vec<_> = metadata.workspace_packages().into_iter().filter(is_it).collect();
        if found.is_empty() {
            let mut known: Vec<_> =
                metadata.workspace_packages().iter().map(|package| package.name.to_string()).collect();
            known.sort();
            return Err(Failure::said(format!(
                "there is no package `{spec}` in this workspace ({})",
                known.join(", ")
            )));
        }
        Ok(found)
    }
}

fn targets<'m>(package: &'m Package, kind: &TargetKind) -> Vec<(&'m Package, &'m Target)> {
    package.targets.iter().filter(|target| target.kind.contains(kind)).map(|target| (package, target)).collect()
}

/// Programs of packages that name one as `default-run`; all if none does.
fn default_programs<'m>(all: &[(&'m Package, &'m Target)]) -> Vec<(&'m Package, &'m Target)> {
    let named: Vec<_> =
        all.iter().filter(|(package, target)| package.default_run.as_ref() == Some(&target.name)).copied().collect();
    if named.is_empty() { all.to_vec() } else { named }
}

fn unknown(name: &str, kind: &TargetKind, all: &[(&Package, &Target)]) -> Failure {
    let kind = if *kind == TargetKind::Example { "example" } else { "binary" };
    if all.is_empty() {
        return Failure::said(format!("there is no {kind} `{name}` here, nor any other {kind}"));
    }
    Failure::said(format!("there is no {kind} `{name}` here ({})", names(all)))
}

fn names(targets: &[(&Package, &Target)]) -> String {
    let mut names: Vec<_> = targets.iter().map(|(_, target)| target.name.as_str()).collect();
    names.sort_unstable();
    names.dedup();
    names.join(", ")
}
