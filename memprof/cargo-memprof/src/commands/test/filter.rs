//! The options after `--`: those of the test programs.

use clap::{Args, Parser};

/// Choice of the tests in each program.
#[derive(Args, Clone, Debug, Default)]
pub(super) struct Filter {
    /// Run the tests whose names contain one of these
    #[arg(value_name = "FILTER")]
    pub(super) names: Vec<String>,
    /// Leave out the tests whose names contain this
    #[arg(long, value_name = "FILTER")]
    skip: Vec<String>,
    /// Filters are whole names
    #[arg(long)]
    exact: bool,
    /// Run the ignored tests alone
    #[arg(long, conflicts_with = "include_ignored")]
    pub(super) ignored: bool,
    /// Run the ignored tests too
    #[arg(long)]
    pub(super) include_ignored: bool,
    /// Number of tests that run at once
    #[arg(long, value_name = "N")]
    pub(super) test_threads: Option<std::num::NonZeroUsize>,
    /// Print the output of tests that pass, too
    #[arg(long, alias = "nocapture", alias = "no-capture")]
    pub(super) show_output: bool,
}

#[derive(Parser)]
#[command(
    name = "cargo memprof test … --",
    no_binary_name = true,
    disable_version_flag = true,
    about = "Options of the test programs that can be given here."
)]
struct Line {
    #[command(flatten)]
    filter: Filter,
}

impl Filter {
    /// Reads the arguments after `--`.
    pub(super) fn of(name: Option<&String>, arguments: &[String]) -> Result<Self, clap::Error> {
        let mut filter = Line::try_parse_from(arguments)?.filter;
        filter.names.splice(0..0, name.cloned());
        Ok(filter)
    }

    /// Arguments of a program that lists the tests.
    pub(super) fn of_list(&self, are_ignored: bool) -> Vec<String> {
        let mut arguments: Vec<String> = ["--list", "--format", "terse"].map(Into::into).into();
        arguments.extend(are_ignored.then(|| "--ignored".to_owned()));
        arguments.extend(self.names_and_skips());
        arguments
    }

    /// Arguments of a program that runs the tests.
    pub(super) fn of_run(&self) -> Vec<String> {
        let ignored = [("--ignored", self.ignored), ("--include-ignored", self.include_ignored)];
        let ignored = ignored.into_iter().filter(|(_, is_given)| *is_given).map(|(name, _)| name.to_owned());
        let threads = self.test_threads.iter().map(|threads| format!("--test-threads={threads}"));
        ignored.chain(threads).chain(self.names_and_skips()).collect()
    }

    fn names_and_skips(&self) -> impl Iterator<Item = String> {
        let exact = self.exact.then(|| "--exact".to_owned());
        let skips = self.skip.iter().flat_map(|skip| ["--skip".to_owned(), skip.clone()]);
        // A name may begin with a dash.
        let names = (!self.names.is_empty()).then(|| "--".to_owned()).into_iter().chain(self.names.iter().cloned());
        exact.into_iter().chain(skips).chain(names)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(name: Option<&str>, arguments: &[&str]) -> Filter {
        let arguments: Vec<_> = arguments.iter().map(ToString::to_string).collect();
        Filter::of(name.map(str::to_owned).as_ref(), &arguments).expect("arguments")
    }

    #[test]
    fn arguments_are_handed_on() {
        let filter = of(Some("search"), &["index", "--skip", "slow", "--exact", "--ignored", "--test-threads=3"]);
        assert_eq!(
            filter.of_list(false),
            ["--list", "--format", "terse", "--exact", "--skip", "slow", "--", "search", "index"]
        );
        assert_eq!(filter.of_list(true)[..4], ["--list", "--format", "terse", "--ignored"]);
        assert_eq!(filter.of_run()[..3], ["--ignored", "--test-threads=3", "--exact"]);
        assert_eq!(of(None, &[]).of_list(false), ["--list", "--format", "terse"]);
    }

    #[test]
    fn other_options_are_refused() {
        assert!(Filter::of(None, &["--shuffle".to_owned()]).is_err());
        assert!(Filter::of(None, &["--ignored".to_owned(), "--include-ignored".to_owned()]).is_err());
    }
}
