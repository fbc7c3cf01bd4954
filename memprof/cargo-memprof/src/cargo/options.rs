//! The options of `cargo run` and `cargo test` that choose how something is built.

use std::ffi::OsString;
use std::path::PathBuf;

use clap::Args;

/// Options that are handed to cargo as they are.
#[derive(Args, Clone, Debug, Default)]
#[command(next_help_heading = "Options of cargo")]
pub(crate) struct BuildOptions {
    /// Features to activate, separated by spaces or commas
    #[arg(short = 'F', long, value_name = "FEATURES")]
    features: Vec<String>,
    /// Activate all features
    #[arg(long)]
    all_features: bool,
    /// Do not activate the `default` feature
    #[arg(long)]
    no_default_features: bool,
    /// Build for the target triple
    #[arg(long, value_name = "TRIPLE")]
    pub(crate) target: Option<String>,
    /// Folder for everything that cargo builds; the reports too
    #[arg(long, value_name = "FOLDER")]
    target_dir: Option<PathBuf>,
    /// Path to Cargo.toml
    #[arg(long, value_name = "PATH")]
    pub(crate) manifest_path: Option<PathBuf>,
    /// Number of parallel jobs
    #[arg(short, long, value_name = "N", allow_hyphen_values = true)]
    jobs: Option<String>,
    /// Build as much as possible after an error
    #[arg(long)]
    keep_going: bool,
    /// Require that Cargo.lock stays as it is
    #[arg(long)]
    locked: bool,
    /// Run without the network
    #[arg(long)]
    offline: bool,
    /// As --locked and --offline together
    #[arg(long)]
    frozen: bool,
    /// Ignore the `rust-version` of packages
    #[arg(long)]
    ignore_rust_version: bool,
    /// A configuration value of cargo
    #[arg(long, value_name = "KEY=VALUE|PATH")]
    config: Vec<String>,
    /// An unstable flag of cargo
    #[arg(short = 'Z', value_name = "FLAG")]
    unstable: Vec<String>,
    /// Verbose output; twice for more
    #[arg(short, long, action = clap::ArgAction::Count)]
    verbose: u8,
    /// Print no messages of cargo
    #[arg(short, long)]
    pub(crate) quiet: bool,
}

impl BuildOptions {
    /// No option but the manifest.
    pub(crate) fn of_manifest(manifest: Option<PathBuf>) -> Self {
        Self { manifest_path: manifest, ..Self::default() }
    }

    /// Options of `cargo build` and its relatives.
    pub(crate) fn of_build(&self) -> Vec<OsString> {
        let mut given = Given::default();
        self.add_common(&mut given);
        given.each("--features", &self.features);
        given.flag("--all-features", self.all_features);
        given.flag("--no-default-features", self.no_default_features);
        given.each("--target", &self.target);
        given.each("--target-dir", &self.target_dir);
        given.each("--manifest-path", &self.manifest_path);
        given.each("--jobs", &self.jobs);
        given.flag("--keep-going", self.keep_going);
        given.flag("--ignore-rust-version", self.ignore_rust_version);
        (0..self.verbose).for_each(|_| given.flag("--verbose", true));
        given.flag("--quiet", self.quiet);
        given.0
    }

    /// Options of `cargo metadata`.
    pub(super) fn of_metadata(&self) -> Vec<String> {
        let mut given = Given::default();
        self.add_common(&mut given);
        if let Some(folder) = &self.target_dir {
            given.each("--config", [format!("build.target-dir={:?}", folder.display().to_string())]);
        }
        given.0.into_iter().filter_map(|option| option.into_string().ok()).collect()
    }

    /// Options that choose the compiler and the target, for a package of our own.
    pub(crate) fn of_toolchain(&self) -> Vec<OsString> {
        let mut given = Given::default();
        given.each("--target", &self.target);
        given.each("--config", &self.config);
        given.each("-Z", &self.unstable);
        given.0
    }

    fn add_common(&self, given: &mut Given) {
        given.flag("--locked", self.locked);
        given.flag("--offline", self.offline);
        given.flag("--frozen", self.frozen);
        given.each("--config", &self.config);
        given.each("-Z", &self.unstable);
    }
}

/// Choice of the profile.
#[derive(Args, Clone, Debug, Default)]
#[command(next_help_heading = "Options of cargo")]
pub(crate) struct ProfileOptions {
    /// Build in release mode with line numbers, in a folder of its own: the default
    #[arg(short, long)]
    release: bool,
    /// Build in dev mode
    #[arg(long, conflicts_with = "release")]
    dev: bool,
    /// Build with this profile, and line numbers
    #[arg(long, value_name = "NAME", conflicts_with_all = ["release", "dev"])]
    profile: Option<String>,
}

impl ProfileOptions {
    /// Options of `cargo build` for an optimized build with line numbers. They name a profile of its own, so that the
    /// next `cargo build --release` finds everything as it was.
    pub(crate) fn with_line_numbers(&self) -> Vec<OsString> {
        let base = match (&self.profile, self.dev) {
            (Some(name), _) => name.as_str(),
            (None, true) => "dev",
            (None, false) => "release",
        };
        // These have debug information by default. `cargo build` and `cargo test` use the same artifacts.
        if matches!(base, "dev" | "test") {
            return vec!["--profile".into(), base.into()];
        }
        let name = format!("memprof-{base}");
        let mut given = Given::default();
        given.each(
            "--config",
            [
                format!("profile.{name}.inherits={base:?}"),
                format!("profile.{name}.debug=\"line-tables-only\""),
                format!("profile.{name}.strip=false"),
            ],
        );
        given.each("--profile", [name]);
        given.0
    }
}

/// A command line under construction.
#[derive(Default)]
struct Given(Vec<OsString>);

impl Given {
    fn flag(&mut self, name: &str, is_given: bool) {
        if is_given {
            self.0.push(name.into());
        }
    }

    fn each(&mut self, name: &str, values: impl IntoIterator<Item = impl Into<OsString>>) {
        for value in values {
            self.0.extend([name.into(), value.into()]);
        }
    }
}
