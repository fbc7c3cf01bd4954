//! Building the peers, and starting one.

use super::Result;
use super::peers::Peer;
use memprof_peers::{Outcome, Parameters};
use std::path::PathBuf;
use std::process::{Command, Stdio};

/// The outcome of a run.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Run {
    Done(Outcome),
    /// The peer has nothing like it.
    NotThere,
    /// It ended the program.
    Failed(String),
}

/// Builds all programs beside this one.
pub(super) fn build() -> Result<()> {
    let manifest = concat!(env!("CARGO_MANIFEST_DIR"), "/Cargo.toml");
    // As the build of this program: whoever runs it may have chosen another folder for it.
    let target = folder()?.parent().map(PathBuf::from).ok_or("this program is in no target folder")?;
    let status = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()))
        .args(["build", "--release", "--bins", "--ignore-rust-version", "--quiet", "--manifest-path", manifest])
        // Its .cargo/config.toml is found from there.
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .arg("--target-dir")
        .arg(target)
        .status()?;
    if status.success() { Ok(()) } else { Err("the peers do not build: see above".into()) }
}

/// Folder of the programs.
pub(super) fn folder() -> Result<PathBuf> {
    let exe = std::env::current_exe()?;
    Ok(exe.parent().ok_or("a file is in a folder")?.to_owned())
}

/// The command that runs a workload in a program, beneath a tool if one is given.
pub(super) fn command(
    tool: &[&str],
    program: &str,
    mode: Option<&str>,
    workload: &str,
    parameters: &Parameters,
) -> Result<Command> {
    let program = folder()?.join(program);
    let mut command = match tool.split_first() {
        Some((tool, options)) => {
            let mut command = Command::new(tool);
            command.args(options).arg(program);
            command
        }
        None => Command::new(program),
    };
    command.args(["--workload", workload]).args(parameters.arguments()).stdin(Stdio::null());
    if let Some(mode) = mode {
        command.args(["--mode", mode]);
    }
    // Some peers leave a report wherever they run; a benchmark needs no server; and nobody's settings apply.
    command.current_dir(std::env::temp_dir()).env("HOTPATH_METRICS_SERVER_OFF", "1");
    // A peer that panics is asked for its reason, not for its stack.
    command.env("RUST_BACKTRACE", "0");
    Ok(command)
}

/// Runs a workload once.
pub(super) fn measure(program: &str, mode: Option<&str>, workload: &str, parameters: &Parameters) -> Result<Run> {
    let output = command(&[], program, mode, workload, parameters)?.output()?;
    let said = String::from_utf8_lossy(&output.stderr);
    if output.status.success() {
        let found = Outcome::find(&String::from_utf8_lossy(&output.stdout));
        return found.map(Run::Done).ok_or_else(|| format!("{program} has measured nothing:\n{said}").into());
    }
    if said.contains("this peer has no") {
        return Ok(Run::NotThere);
    }
    let reason = said.lines().find(|line| line.contains("panicked")).map_or("fails", |_| "panics");
    eprintln!("{program} {workload}: {}", said.trim());
    Ok(Run::Failed(reason.to_owned()))
}

/// Runs a workload of a peer once.
pub(super) fn measure_peer(peer: &Peer, workload: &str, parameters: &Parameters) -> Result<Run> {
    measure(peer.program, peer.mode, workload, parameters)
}
