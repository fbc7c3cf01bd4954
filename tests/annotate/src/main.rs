//! Published crates, annotated as a whole: each must compile with the attribute on all its functions, and with it on
//! all its blocks, at no more than 1.5 times the cost (the median over the crates), and tests must have the same
//! outcome.
//!
//! `memprof-annotate [CRATE…]`: these crates, or all of `crates/Cargo.toml` that fit into `MINUTES` (20; 0: no limit).
//! `ROUNDS` says how often each check is timed (3).

mod attributes;
mod copies;

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode, Output};
use std::time::{Duration, Instant};

use attributes::Mode;
use copies::{Published, copy, sources, take_off, touch};
use serde_json::Value;

/// The most that a check may cost with the attribute, as a factor.
const LIMIT: f64 = 1.5;

/// The fewest crates that say something about all.
const ENOUGH: usize = 25;

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
    let chosen = |krate: &&Published| asked.is_empty() || asked.contains(&krate.name);
    let rounds = number("ROUNDS", 3);
    let mut clock = Clock::new(if asked.is_empty() { number("MINUTES", 20) } else { 0 });
    let mut failed = 0;
    for krate in all.iter().filter(chosen).filter(|krate| suites.contains(&krate.name)) {
        failed += u32::from(!tested(krate, &places));
    }
    let mut factors = [Vec::new(), Vec::new()];
    let mut left_out = Vec::new();
    println!("{:32} {:>9} {:>7}   outcome      seconds: plain, functions, blocks", "crate", "functions", "blocks");
    clock.start();
    for krate in all.iter().filter(chosen) {
        let size = size(&krate.source.join("src"));
        if !clock.has_time_for(size) {
            left_out.push(krate.name.as_str());
            continue;
        }
        let checked = checked(krate, rounds, &places);
        clock.spent(size);
        failed += u32::from(!checked.compiles);
        if checked.compiles {
            for (factors, seconds) in factors.iter_mut().zip(&checked.seconds[1..]) {
                factors.push(seconds / checked.seconds[0]);
            }
        }
    }
    for (factors, what) in factors.iter_mut().zip(["on functions", "on blocks"]) {
        factors.sort_by(f64::total_cmp);
        let Some(median) = factors.get(factors.len() / 2) else { continue };
        let most = factors.last().copied().unwrap_or_default();
        println!("{what}: {median:.2} times the processor time in the median, {most:.2} at most");
        // Of a few crates it says little.
        failed += u32::from(*median > LIMIT && factors.len() >= 10);
    }
    if !left_out.is_empty() {
        println!("left out for want of time: {}", left_out.join(", "));
    }
    if asked.is_empty() && all.len() - left_out.len() < ENOUGH {
        println!("fewer than {ENOUGH} crates were checked; MINUTES=0 sets no limit");
        failed += 1;
    }
    println!("{failed} failures in {:.1} minutes", clock.begun.elapsed().as_secs_f64() / 60.0);
    if failed == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

fn number(variable: &str, otherwise: u32) -> u32 {
    std::env::var(variable).ok().and_then(|number| number.parse().ok()).unwrap_or(otherwise)
}

/// The time left, and the expected time of a crate: as much for each byte of its source as the previous crates took.
struct Clock {
    begun: Instant,
    /// None: there is no limit.
    end: Option<Instant>,
    checks_begun: Instant,
    bytes: u64,
}

impl Clock {
    fn new(minutes: u32) -> Self {
        let now = Instant::now();
        let end = (minutes > 0).then(|| now + Duration::from_secs(60 * u64::from(minutes)));
        Self { begun: now, end, checks_begun: now, bytes: 0 }
    }

    fn start(&mut self) {
        self.checks_begun = Instant::now();
    }

    fn has_time_for(&self, size: u64) -> bool {
        let Some(end) = self.end.filter(|_| self.bytes > 0) else { return true };
        let likely = self.checks_begun.elapsed().as_secs_f64() * size as f64 / self.bytes as f64;
        Instant::now() + Duration::from_secs_f64(likely) < end
    }

    fn spent(&mut self, size: u64) {
        self.bytes += size;
    }
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
    let mut all: Vec<_> = texts(&node(root)["dependencies"])
        .iter()
        .filter(|id| package(id)["name"] != "memprof")
        .map(|id| Published {
            name: text(&package(id)["name"]),
            version: text(&package(id)["version"]),
            source: Path::new(&text(&package(id)["manifest_path"])).parent().expect("a folder").to_owned(),
            features: texts(&node(id)["features"]),
        })
        .collect();
    // Those that once did not compile, then the small ones: so most are checked, whatever the time.
    let first = texts(&package(root)["metadata"]["first"]);
    all.sort_by_cached_key(|krate| (!first.contains(&krate.name), size(&krate.source.join("src"))));
    (all, texts(&package(root)["metadata"]["suites"]))
}

/// The bytes of the source files in a folder.
fn size(folder: &Path) -> u64 {
    let mut files = Vec::new();
    sources(folder, &mut files);
    files.iter().filter_map(|file| file.metadata().ok()).map(|file| file.len()).sum()
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
    // The dependencies first.
    let (plain, _) = &copies[0];
    touch(plain);
    let _ = check(krate, plain, places);
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

/// True if a crate's tests have the same outcome with the attribute on functions and on blocks.
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

/// Processor time of the child processes that were waited for.
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
