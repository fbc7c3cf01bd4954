//! Published crates, annotated as a whole: each must compile with the attribute on all its functions, and with it on
//! all its blocks, at no more than 1.5 times the cost (the median over the crates), and tests must have the same
//! outcome.
//!
//! `memprof-annotate [CRATE…]`: these crates, or all of `crates/Cargo.toml`. `ROUNDS` says how often each check is
//! timed.

mod attributes;
mod copies;

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode, Output};

use attributes::Mode;
use copies::{Published, copy, take_off, touch};
use serde_json::Value;

/// The most that a check may cost with the attribute, as a factor.
const LIMIT: f64 = 1.5;

const MODES: [(&str, Option<Mode>); 3] =
    [("plain", None), ("functions", Some(Mode::Functions)), ("blocks", Some(Mode::Blocks))];

struct Places {
    memprof: PathBuf,
    lock: PathBuf,
    work: PathBuf,
}

fn main() -> ExitCode {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    let crates = here.join("crates");
    let target = std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| here.join("target"), PathBuf::from);
    let places = Places {
        memprof: here.join("../../memprof").canonicalize().expect("memprof"),
        lock: crates.join("Cargo.lock"),
        work: target.join("annotate"),
    };
    let (all, suites) = published(&crates);
    let asked: Vec<String> = std::env::args().skip(1).collect();
    let chosen = |name: &String| asked.is_empty() || asked.contains(name);
    let rounds = std::env::var("ROUNDS").ok().and_then(|rounds| rounds.parse().ok()).unwrap_or(3);
    let mut failed = 0;
    let mut factors = [Vec::new(), Vec::new()];
    println!("{:32} {:>9} {:>7}   outcome      seconds: plain, functions, blocks", "crate", "functions", "blocks");
    for krate in all.iter().filter(|krate| chosen(&krate.name)) {
        let checked = checked(krate, rounds, &places);
        failed += u32::from(!checked.compiles);
        if checked.compiles {
            for (factors, seconds) in factors.iter_mut().zip(&checked.seconds[1..]) {
                factors.push(seconds / checked.seconds[0]);
            }
        }
    }
    for krate in all.iter().filter(|krate| chosen(&krate.name) && suites.contains(&krate.name)) {
        failed += u32::from(!tested(krate, &places));
    }
    for (factors, what) in factors.iter_mut().zip(["on functions", "on blocks"]) {
        factors.sort_by(f64::total_cmp);
        let Some(median) = factors.get(factors.len() / 2) else { continue };
        let most = factors.last().copied().unwrap_or_default();
        println!("{what}: {median:.2} times the processor time in the median, {most:.2} at most");
        // Of a few crates it says little.
        failed += u32::from(*median > LIMIT && factors.len() >= 10);
    }
    println!("{failed} failures");
    if failed == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

/// The crates of the manifest, and those whose tests are run.
fn published(crates: &Path) -> (Vec<Published>, Vec<String>) {
    let manifest = crates.join("Cargo.toml");
    let mut cargo = Command::new("cargo");
    cargo.args(["metadata", "--locked", "--format-version", "1", "--manifest-path"]).arg(&manifest);
    let metadata: Value = serde_json::from_slice(&output(&mut cargo).stdout).expect("cargo's metadata");
    let packages = metadata["packages"].as_array().expect("packages");
    let root = metadata["resolve"]["root"].as_str().expect("a root");
    let nodes = metadata["resolve"]["nodes"].as_array().expect("nodes");
    let node = |id: &str| nodes.iter().find(|node| node["id"] == id).expect("a node");
    let package = |id: &str| packages.iter().find(|package| package["id"] == id).expect("a package");
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let texts = |value: &Value| value.as_array().into_iter().flatten().map(text).collect::<Vec<_>>();
    let all = texts(&node(root)["dependencies"])
        .iter()
        .filter(|id| package(id)["name"] != "memprof")
        .map(|id| Published {
            name: text(&package(id)["name"]),
            version: text(&package(id)["version"]),
            source: Path::new(&text(&package(id)["manifest_path"])).parent().expect("a folder").to_owned(),
            features: texts(&node(id)["features"]),
        })
        .collect();
    (all, texts(&package(root)["metadata"]["suites"]))
}

struct Checked {
    compiles: bool,
    /// Processor seconds, by mode.
    seconds: [f64; 3],
}

fn checked(krate: &Published, rounds: u32, places: &Places) -> Checked {
    let name = format!("{} {}", krate.name, krate.version);
    let folder = places.work.join(&krate.name);
    let copies = MODES.map(|(what, mode)| {
        let to = folder.join(what);
        let attributes = copy(krate, &to, mode, false, &places.memprof, &places.lock);
        (to, attributes)
    });
    let mut seconds = [f64::INFINITY; 3];
    let mut outcome = Ok(());
    // The dependencies first, and what cargo does once for each copy.
    for (to, _) in &copies {
        touch(to);
        let _ = check(krate, to, places);
    }
    // What memprof refuses in its own words is not tracked.
    let mut refused = 0;
    for _ in 0..5 {
        let (functions, _) = &copies[1];
        touch(functions);
        let checked = check(krate, functions, places);
        match take_off(functions, &String::from_utf8_lossy(&checked.stderr)) {
            0 => break,
            taken => refused += taken,
        }
    }
    'rounds: for _ in 0..rounds {
        for ((to, _), least) in copies.iter().zip(&mut seconds) {
            touch(to);
            let before = processor_seconds();
            let checked = check(krate, to, places);
            *least = least.min(processor_seconds() - before);
            if !checked.status.success() {
                outcome = Err(format!("{}\n{}", to.display(), String::from_utf8_lossy(&checked.stderr)));
                break 'rounds;
            }
        }
    }
    let [(_, _), (_, functions), (_, blocks)] = &copies;
    let said = match (&outcome, refused) {
        (Ok(()), 0) => "compiles".to_owned(),
        (Ok(()), refused) => format!("{refused} refused"),
        (Err(_), _) => "DOES NOT".to_owned(),
    };
    let [plain, of_functions, of_blocks] = seconds;
    println!("{name:32} {functions:9} {blocks:7}   {said:10} {plain:8.2} {of_functions:8.2} {of_blocks:8.2}");
    if let Err(errors) = &outcome {
        println!("{}", errors.lines().take(60).collect::<Vec<_>>().join("\n"));
    }
    Checked { compiles: outcome.is_ok(), seconds }
}

fn check(krate: &Published, copy: &Path, places: &Places) -> Output {
    let mut cargo = cargo(copy, places);
    cargo.args(["check", "--lib", "--no-default-features", "--features", &krate.features.join(",")]);
    cargo.output().expect("cargo check")
}

fn cargo(copy: &Path, places: &Places) -> Command {
    let mut cargo = Command::new("cargo");
    cargo
        .current_dir(copy)
        .env("CARGO_TARGET_DIR", places.work.join("target"))
        .env("CARGO_INCREMENTAL", "0")
        .env("CARGO_PROFILE_DEV_DEBUG", "0")
        .env("CARGO_PROFILE_TEST_DEBUG", "0")
        // What published crates allow themselves is not ours to judge.
        .env("RUSTFLAGS", "--cap-lints=warn");
    cargo
}

/// Whether a crate's tests have the same outcome with the attribute on functions and on blocks.
fn tested(krate: &Published, places: &Places) -> bool {
    let folder = places.work.join(format!("{}-tests", krate.name));
    let outcomes = MODES.map(|(what, mode)| {
        let to = folder.join(what);
        copy(krate, &to, mode, true, &places.memprof, &places.lock);
        touch(&to);
        let ran = cargo(&to, places).args(["test", "--lib", "--tests", "--no-fail-fast"]).output().expect("cargo test");
        let said = String::from_utf8_lossy(&ran.stdout).into_owned();
        let tests: BTreeSet<String> =
            said.lines().filter(|line| line.starts_with("test ") && line.contains(" ... ")).map(String::from).collect();
        (tests, String::from_utf8_lossy(&ran.stderr).into_owned())
    });
    let [(plain, errors), (functions, of_functions), (blocks, of_blocks)] = &outcomes;
    let same = plain == functions && plain == blocks && !plain.is_empty();
    let outcome = if same { "the same outcome" } else { "NOT THE SAME OUTCOME" };
    println!("{} {}: {} tests, {outcome}", krate.name, krate.version, plain.len());
    if !same {
        for (tests, errors) in [(plain, errors), (functions, of_functions), (blocks, of_blocks)] {
            let errors: Vec<_> = errors.lines().filter(|line| line.starts_with("error")).take(10).collect();
            println!("  {} tests; {}", tests.len(), errors.join("; "));
        }
        for test in functions.symmetric_difference(plain).chain(blocks.symmetric_difference(plain)).take(10) {
            println!("  {test}");
        }
    }
    same
}

/// What the processes that were waited for have taken of the processors.
fn processor_seconds() -> f64 {
    // SAFETY: all fields are numbers, for which zero is a value.
    let mut usage: libc::rusage = unsafe { std::mem::zeroed() };
    // SAFETY: the pointer is that of a local, which the call fills.
    unsafe { libc::getrusage(libc::RUSAGE_CHILDREN, &raw mut usage) };
    let seconds = |time: libc::timeval| time.tv_sec as f64 + time.tv_usec as f64 / 1e6;
    seconds(usage.ru_utime) + seconds(usage.ru_stime)
}

fn output(command: &mut Command) -> Output {
    let output = command.output().expect("cargo");
    assert!(output.status.success(), "{command:?}: {}", String::from_utf8_lossy(&output.stderr));
    output
}
