//! The options of `cargo test` that choose packages and targets.

use std::ffi::OsString;

use clap::Args;

#[derive(Args, Clone, Debug, Default)]
#[command(next_help_heading = "Options of cargo")]
pub(super) struct TestOptions {
    /// Package with the tests
    #[arg(short, long, value_name = "SPEC")]
    package: Vec<String>,
    /// Test all packages of the workspace
    #[arg(long)]
    workspace: bool,
    /// Exclude packages from --workspace
    #[arg(long, value_name = "SPEC", requires = "workspace")]
    exclude: Vec<String>,
    /// Test the library
    #[arg(long)]
    lib: bool,
    /// Test all binaries
    #[arg(long)]
    bins: bool,
    /// Test the binary
    #[arg(long, value_name = "NAME")]
    bin: Vec<String>,
    /// Test all examples
    #[arg(long)]
    examples: bool,
    /// Test the example
    #[arg(long, value_name = "NAME")]
    example: Vec<String>,
    /// Test all targets that have `test = true`
    #[arg(long)]
    tests: bool,
    /// Test the test target
    #[arg(long, value_name = "NAME")]
    test: Vec<String>,
    /// Test all benchmarks
    #[arg(long)]
    benches: bool,
    /// Test the benchmark
    #[arg(long, value_name = "NAME")]
    bench: Vec<String>,
    /// Test all targets
    #[arg(long)]
    all_targets: bool,
    /// Build in release mode
    #[arg(short, long, conflicts_with = "profile")]
    release: bool,
    /// Build with this profile
    #[arg(long, value_name = "NAME")]
    profile: Option<String>,
    /// Run all tests, also after one has failed: the default here
    #[arg(long)]
    no_fail_fast: bool,
}

impl TestOptions {
    /// Options of `cargo test`.
    pub(super) fn of_build(&self) -> Vec<OsString> {
        let flags = [
            ("--workspace", self.workspace),
            ("--lib", self.lib),
            ("--bins", self.bins),
            ("--examples", self.examples),
            ("--tests", self.tests),
            ("--benches", self.benches),
            ("--all-targets", self.all_targets),
            ("--release", self.release),
        ];
        let values = [
            ("--package", &self.package),
            ("--exclude", &self.exclude),
            ("--bin", &self.bin),
            ("--example", &self.example),
            ("--test", &self.test),
            ("--bench", &self.bench),
        ];
        let flags = flags.into_iter().filter(|(_, is_given)| *is_given).map(|(name, _)| name.to_owned());
        let values = values
            .into_iter()
            .flat_map(|(name, values)| values.iter().flat_map(move |value| [name.to_owned(), value.clone()]));
        let profile = self.profile.iter().flat_map(|profile| ["--profile".to_owned(), profile.clone()]);
        flags.chain(values).chain(profile).map(OsString::from).collect()
    }

    /// True if `cargo test` would run the tests of the documentation too.
    pub(super) fn has_doc_tests(&self) -> bool {
        let flags = [self.lib, self.bins, self.examples, self.tests, self.benches, self.all_targets];
        let names = [&self.bin, &self.example, &self.test, &self.bench];
        !flags.contains(&true) && names.iter().all(|names| names.is_empty())
    }
}
