//! On which machine, when, and with what.

use super::cli::Options;
use memprof_peers::Parameters;
use std::process::Command;
use std::time::SystemTime;

/// One sentence for above a table. Without a number of rounds: there are none.
pub(super) fn line(options: &Options, rounds: Option<usize>) -> String {
    let cores = std::thread::available_parallelism().map_or(0, usize::from);
    let model = processor().unwrap_or_else(|| "unknown processor".to_owned());
    let date = humantime::format_rfc3339_seconds(SystemTime::now()).to_string();
    let mut line = format!(
        "*{}, {model}, {cores} cores, Linux {}, {}, {}",
        date.split('T').next().unwrap_or_default(),
        said_by("uname", &["-r"]),
        said_by("getconf", &["GNU_LIBC_VERSION"]),
        said_by("rustc", &["--version"]),
    );
    if let Some(rounds) = rounds {
        line += &format!(", {rounds} {}", if rounds == 1 { "round" } else { "rounds" });
    }
    let Parameters { scale, seed, slots, least, most } = &options.parameters;
    if options.parameters != Parameters::default() {
        line += &format!("; scale {scale}, seed {seed}, {slots} slots, sizes {least}-{most}");
    }
    if options.wall {
        line += "; by the clock on the wall";
    }
    line + ".*"
}

fn processor() -> Option<String> {
    let info = std::fs::read_to_string("/proc/cpuinfo").ok()?;
    let model = info.lines().find_map(|line| line.strip_prefix("model name"))?;
    Some(model.trim_start_matches([' ', '\t', ':']).to_owned())
}

fn said_by(program: &str, arguments: &[&str]) -> String {
    let output = Command::new(program).args(arguments).output();
    output.map_or_else(
        |_| format!("{program} unknown"),
        |output| String::from_utf8_lossy(&output.stdout).trim().to_owned(),
    )
}

/// The version of a package, by the lock file that the programs were built with.
pub(super) fn version_of(package: &str) -> Option<String> {
    version_in(include_str!("../../Cargo.lock"), package)
}

fn version_in(lock: &str, package: &str) -> Option<String> {
    let lock: toml::Table = lock.parse().ok()?;
    let packages = lock.get("package")?.as_array()?;
    let found = packages.iter().find(|entry| entry.get("name").and_then(toml::Value::as_str) == Some(package))?;
    Some(found.get("version")?.as_str()?.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_come_from_the_lock_file() {
        assert_eq!(version_of("dhat").as_deref(), Some("0.3.3"));
        assert_eq!(version_of("no-such-crate"), None);
    }
}
