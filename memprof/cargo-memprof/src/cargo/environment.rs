//! The environment that cargo gives to a program.

use std::collections::BTreeSet;
use std::ffi::OsString;
use std::path::PathBuf;
use std::process::Command;
use std::sync::OnceLock;

use cargo_metadata::{Artifact, Metadata, Package};

use super::build::Built;

/// Variable with the folders in which the system looks for dynamic libraries.
const LIBRARY_PATH: &str = if cfg!(windows) {
    "PATH"
} else if cfg!(target_vendor = "apple") {
    "DYLD_FALLBACK_LIBRARY_PATH"
} else {
    "LD_LIBRARY_PATH"
};

/// Variables that `cargo run` and `cargo test` set for the executable of `artifact`.
pub(crate) fn environment(built: &Built, artifact: &Artifact, metadata: &Metadata) -> Vec<(OsString, OsString)> {
    let mut variables: Vec<(OsString, OsString)> = Vec::new();
    let mut set = |name: &str, value: OsString| variables.push((name.into(), value));
    for (name, value) in configured() {
        set(&name, value);
    }
    set("CARGO", super::cargo().get_program().to_owned());
    if let Some(package) = metadata.packages.iter().find(|package| package.id == artifact.package_id) {
        for (name, value) in of_package(package) {
            set(name, value.into());
        }
    }
    if let Some(script) = built.scripts.get(&artifact.package_id) {
        set("OUT_DIR", script.out_dir.clone().into_std_path_buf().into());
        for (name, value) in &script.env {
            set(name, value.into());
        }
    }
    if let Some(paths) = library_path(built, artifact) {
        set(LIBRARY_PATH, paths);
    }
    variables
}

/// The table `[env]` of cargo's configuration.
fn configured() -> Vec<(String, OsString)> {
    let config = cargo_config2::Config::load().map(|config| config.env).unwrap_or_default();
    let is_set = |name: &String| std::env::var_os(name).is_some();
    config
        .into_iter()
        .filter(|(name, value)| value.force || !is_set(name))
        .map(|(name, value)| (name, value.value))
        .collect()
}

fn of_package(package: &Package) -> Vec<(&'static str, String)> {
    let text = |text: &Option<String>| text.clone().unwrap_or_default();
    let folder = package.manifest_path.parent().map(ToString::to_string).unwrap_or_default();
    vec![
        ("CARGO_MANIFEST_DIR", folder),
        ("CARGO_MANIFEST_PATH", package.manifest_path.to_string()),
        ("CARGO_PKG_VERSION", package.version.to_string()),
        ("CARGO_PKG_VERSION_MAJOR", package.version.major.to_string()),
        ("CARGO_PKG_VERSION_MINOR", package.version.minor.to_string()),
        ("CARGO_PKG_VERSION_PATCH", package.version.patch.to_string()),
        ("CARGO_PKG_VERSION_PRE", package.version.pre.to_string()),
        ("CARGO_PKG_AUTHORS", package.authors.join(":")),
        ("CARGO_PKG_NAME", package.name.to_string()),
        ("CARGO_PKG_DESCRIPTION", text(&package.description)),
        ("CARGO_PKG_HOMEPAGE", text(&package.homepage)),
        ("CARGO_PKG_REPOSITORY", text(&package.repository)),
        ("CARGO_PKG_LICENSE", text(&package.license)),
        ("CARGO_PKG_LICENSE_FILE", package.license_file.as_ref().map(ToString::to_string).unwrap_or_default()),
        ("CARGO_PKG_RUST_VERSION", package.rust_version.as_ref().map(ToString::to_string).unwrap_or_default()),
        ("CARGO_PKG_README", package.readme.as_ref().map(ToString::to_string).unwrap_or_default()),
    ]
}

/// The folders that cargo puts before those of the environment: libraries of build scripts within the target folder,
/// what was built, and the toolchain's.
fn library_path(built: &Built, artifact: &Artifact) -> Option<OsString> {
    let executable = artifact.executable.as_ref()?;
    let folder = executable.parent()?;
    // Examples and tests stand in a folder beneath that of the binaries.
    let is_beneath = folder.ends_with("examples") || folder.ends_with("deps");
    let binaries = if is_beneath { folder.parent()? } else { folder };
    let mut folders = BTreeSet::new();
    for script in built.scripts.values() {
        for path in &script.linked_paths {
            // `native=/folder`: the kind of library, and where it is.
            let path = path.as_str();
            let path = path.split_once('=').map_or(path, |(_, path)| path);
            if path.starts_with(binaries.as_str()) {
                folders.insert(PathBuf::from(path));
            }
        }
    }
    let mut folders: Vec<_> = folders.into_iter().collect();
    folders.extend([binaries.join("deps").into(), binaries.into()]);
    folders.extend(toolchain_libraries());
    if let Some(present) = std::env::var_os(LIBRARY_PATH) {
        folders.extend(std::env::split_paths(&present));
    }
    std::env::join_paths(folders).ok()
}

/// The folder of the standard library as a dynamic library.
fn toolchain_libraries() -> Option<PathBuf> {
    static FOLDER: OnceLock<Option<PathBuf>> = OnceLock::new();
    FOLDER.get_or_init(ask_for_libraries).clone()
}

fn ask_for_libraries() -> Option<PathBuf> {
    let rustc = std::env::var_os("RUSTC").unwrap_or_else(|| "rustc".into());
    let output = Command::new(rustc).args(["--print", "target-libdir"]).output().ok()?;
    let path = String::from_utf8(output.stdout).ok()?;
    (!path.trim().is_empty()).then(|| path.trim().into())
}
