//! Cost of a profiler in a cold build: a hello-world with each, in turns, offline, into an empty target folder.
//!
//! `cargo run --ignore-rust-version --bin build_cost [-- ROUNDS]` prints the table. On a busy machine processor time is
//! more reliable than wall-clock time, and the ratios, which are of one round each, more than either.

use std::fmt::Write as _;
use std::fs;
use std::path::Path;
use std::process::{Command, ExitCode};
use std::time::Instant;

/// Name, dependency, program. The ratios are to the last one.
const PEERS: [(&str, &str, &str); 4] = [
    (
        "memprof",
        concat!("memprof = { path = '", env!("CARGO_MANIFEST_DIR"), "/../../memprof' }"),
        "#[memprof::track_memory]\nfn work() -> Vec<u8> { vec![0; 1000] }\n\
         #[memprof::main]\nfn main() { println!(\"{}\", work().len()); }\n",
    ),
    (
        "hotpath 0.30.3 (hotpath-alloc)",
        "hotpath = { version = '=0.30.3', features = ['hotpath', 'hotpath-alloc'] }",
        "#[hotpath::measure]\nfn work() -> Vec<u8> { vec![0; 1000] }\n\
         #[hotpath::main]\nfn main() { println!(\"{}\", work().len()); }\n",
    ),
    (
        "heapscope 0.3.0",
        "heapscope = '=0.3.0'",
        "#[global_allocator]\nstatic ALLOC: heapscope::Alloc = heapscope::Alloc::system();\n\
         fn main() { let _profiler = heapscope::Profiler::new(); println!(\"{}\", vec![0u8; 1000].len()); }\n",
    ),
    (
        "dhat 0.3.3",
        "dhat = '=0.3.3'",
        "#[global_allocator]\nstatic ALLOC: dhat::Alloc = dhat::Alloc;\n\
         fn main() { let _profiler = dhat::Profiler::new_heap(); println!(\"{}\", vec![0u8; 1000].len()); }\n",
    ),
];

const PROFILES: [(&str, &[&str]); 2] = [("debug", &[]), ("release", &["--release"])];

/// Cost of one build.
#[derive(Clone, Copy)]
struct Cost {
    wall: f64,
    processor: f64,
    crates: usize,
}

fn main() -> ExitCode {
    let rounds = std::env::args().nth(1).and_then(|rounds| rounds.parse().ok()).unwrap_or(3);
    let folder = std::env::temp_dir().join(format!("memprof-build-cost-{}", std::process::id()));
    let result = measure(&folder, rounds);
    let _ = fs::remove_dir_all(&folder);
    match result {
        Ok(table) => {
            print!("{table}");
            ExitCode::SUCCESS
        }
        Err(message) => {
            eprintln!("{message}");
            ExitCode::FAILURE
        }
    }
}

fn measure(folder: &Path, rounds: usize) -> Result<String, String> {
    for (number, (_, dependency, program)) in PEERS.iter().enumerate() {
        make(&folder.join(number.to_string()), dependency, program).map_err(|error| error.to_string())?;
        // Nothing is downloaded while it is measured.
        cargo(&folder.join(number.to_string()), &["fetch"])?;
    }
    // costs[profile][peer][round]
    let mut costs = vec![vec![Vec::new(); PEERS.len()]; PROFILES.len()];
    for round in 1..=rounds {
        for (profile, (name, flags)) in costs.iter_mut().zip(PROFILES) {
            for (number, (peer, ..)) in PEERS.iter().enumerate() {
                eprintln!("round {round} of {rounds}: {peer}, {name}");
                profile[number].push(build(&folder.join(number.to_string()), flags)?);
            }
        }
    }
    Ok(table(&costs))
}

fn make(folder: &Path, dependency: &str, program: &str) -> std::io::Result<()> {
    fs::create_dir_all(folder.join("src"))?;
    let manifest = format!(
        "[package]\nname = 'hello'\nversion = '0.0.0'\nedition = '2024'\n\n[workspace]\n\n[dependencies]\n{dependency}\n"
    );
    fs::write(folder.join("Cargo.toml"), manifest)?;
    fs::write(folder.join("src/main.rs"), program)
}

fn build(folder: &Path, flags: &[&str]) -> Result<Cost, String> {
    let _ = fs::remove_dir_all(folder.join("target"));
    let (before, start) = (processor_seconds(), Instant::now());
    let said = cargo(folder, &[&["build", "--offline", "--ignore-rust-version"], flags].concat())?;
    let (wall, processor) = (start.elapsed().as_secs_f64(), processor_seconds() - before);
    let crates = said.lines().filter(|line| line.trim_start().starts_with("Compiling")).count();
    // The program itself is none of them.
    Ok(Cost { wall, processor, crates: crates.saturating_sub(1) })
}

/// Runs cargo as it comes, whatever this program was started with. Its own words are the answer.
fn cargo(folder: &Path, arguments: &[&str]) -> Result<String, String> {
    let mut command = Command::new(env!("CARGO"));
    command.current_dir(folder).args(arguments);
    command.env("CARGO_TARGET_DIR", folder.join("target")).env("CARGO_TERM_COLOR", "never");
    for variable in ["RUSTFLAGS", "CARGO_ENCODED_RUSTFLAGS", "RUSTC_WRAPPER", "CARGO_BUILD_TARGET"] {
        command.env_remove(variable);
    }
    let output = command.output().map_err(|error| format!("cargo does not start: {error}"))?;
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    if output.status.success() { Ok(said) } else { Err(said) }
}

/// Processor time of all child processes that have ended so far.
fn processor_seconds() -> f64 {
    // Linux: fields 16 and 17, of which the second is a name that may have blanks; in hundredths of a second.
    let stat = fs::read_to_string("/proc/self/stat").unwrap_or_default();
    let rest = stat.rsplit(") ").next().unwrap_or_default();
    rest.split(' ').skip(13).take(2).filter_map(|ticks| ticks.parse::<f64>().ok()).sum::<f64>() / 100.0
}

fn table(costs: &[Vec<Vec<Cost>>]) -> String {
    let mut table = String::from("| a program with | crates |");
    for (profile, _) in PROFILES {
        let _ = write!(table, " {profile}: seconds | of the processor | of dhat's |");
    }
    let _ = writeln!(table, "\n|---|---:|{}", "---:|".repeat(3 * PROFILES.len()));
    for (number, (peer, ..)) in PEERS.iter().enumerate() {
        let crates = costs[0][number].first().map_or(0, |cost| cost.crates);
        let _ = write!(table, "| {peer} | {crates} |");
        for profile in costs {
            let (own, other) = (&profile[number], &profile[PEERS.len() - 1]);
            let ratios = own.iter().zip(other).map(|(own, other)| own.processor / other.processor);
            let (wall, processor) = (own.iter().map(|cost| cost.wall), own.iter().map(|cost| cost.processor));
            let _ = write!(table, " {:.1} | {:.1} | {:.2} |", median(wall), median(processor), median(ratios));
        }
        table.push('\n');
    }
    table
}

fn median(values: impl Iterator<Item = f64>) -> f64 {
    let mut values: Vec<f64> = values.collect();
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied().unwrap_or(f64::NAN)
}
