//! Cost of an event in instructions, counted by callgrind: no clock, so the same on a busy machine. Each is the
//! difference to an allocator that only forwards, in the same binary.
//!
//! Two limits hold: the documented one, and 5 % more than in `tests/golden/instructions.json`, so that a small step in
//! each of many changes is noticed. `cargo test --release -p memprof-tests --test instructions -- --nocapture` prints
//! the figures. A change that costs more, and is worth it, writes the file anew with `MEMPROF_BLESS=1`, and changes the
//! figures in README.md and memprof/docs that promise them.
#![allow(missing_docs)]

use std::collections::BTreeMap;
use std::process::Command;

/// Maximum ratio to the baseline.
const MORE: f64 = 1.05;
const BASELINE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/golden/instructions.json");

/// The events, what is taken off, and what is promised.
const EVENTS: [(&str, Option<&str>, f64); 32] = [
    ("pair-off", Some("pair-forward"), 10.0),
    ("pair", Some("pair-forward"), 33.0),
    ("pair-tracked", Some("pair-forward"), 132.0),
    // By the functions that a `Box` calls; the difference has their calls in it, which a program pays in any case.
    ("shim-off", Some("pair-forward"), 17.0),
    ("shim", Some("pair-forward"), 48.0),
    ("shim-tracked", Some("pair-forward"), 148.0),
    ("churn-tracked", Some("churn-forward"), 141.0),
    ("churn-sampled-tracked", Some("churn-forward"), 61.0),
    ("pair-stacks", Some("pair-forward"), 345.0),
    ("churn-stacks", Some("churn-forward"), 355.0),
    ("pair-unsampled-stacks", Some("pair-forward"), 52.0),
    ("pair-sampled-stacks", Some("pair-forward"), 1015.0),
    ("pair-50-stacks", Some("pair-forward"), 660.0),
    ("cold-50-stacks", Some("pair-forward"), 16_000.0),
    ("call-off", Some("call-plain"), 8.0),
    ("poll-off", Some("poll-plain"), 3.0),
    ("async-call-off", Some("async-call-plain"), 31.0),
    ("call", Some("call-plain"), 97.0),
    ("call-on-two-threads", Some("call-plain"), 97.0),
    ("call-in-turn", None, 2.0 * 115.0),
    ("poll", Some("poll-plain"), 110.0),
    ("async-call", Some("async-call-plain"), 195.0),
    ("context-capture", None, 48.0),
    ("context-enter", None, 420.0),
    // A call, a context that is entered in it, and what its end costs more because of that.
    ("call-above-context", None, 97.0 + 420.0 + 500.0),
    // At most two tracked calls.
    ("meter", None, 2.0 * 99.0),
    ("meter-in-meter", None, 330.0),
    // A tracked call.
    ("labelled", None, 125.0),
    ("labelled-in-labelled", None, 180.0),
    ("labelled-long", None, 600.0),
    ("labelled-pair-tracked", Some("pair-forward"), 164.0),
    ("report-tracked", None, 3_200_000.0),
];

#[derive(serde::Serialize, serde::Deserialize)]
struct Baseline {
    /// These figures are those of one compiler and one C library.
    rustc: String,
    libc: String,
    events: BTreeMap<String, f64>,
}

/// Instructions per event: the slope between two runs, so that what comes before and after does not count.
fn instructions(kind: &str) -> f64 {
    let run = |times: u32| -> f64 {
        let output = Command::new("valgrind")
            .args(["--tool=callgrind", "--callgrind-out-file=/dev/null"])
            .args([env!("CARGO_BIN_EXE_instructions"), kind])
            .arg(times.to_string())
            .output()
            .unwrap();
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{kind}: {said}");
        let collected = said.lines().find_map(|line| line.split_once("Collected : ")).expect("callgrind's total");
        collected.1.trim().parse().unwrap()
    };
    let times = if kind.starts_with("report") { 10 } else { 100_000 };
    (run(2 * times) - run(times)) / f64::from(times)
}

fn first_line(program: &str, arguments: &[&str]) -> String {
    let output = Command::new(program).args(arguments).output().map(|output| output.stdout).unwrap_or_default();
    String::from_utf8_lossy(&output).lines().next().unwrap_or_default().to_owned()
}

#[test]
fn no_event_costs_more_than_it_did() {
    if cfg!(debug_assertions) {
        println!("skipped: the figures are those of a release build; run it with --release");
        return;
    }
    if cfg!(not(all(target_arch = "x86_64", target_os = "linux"))) || Command::new("valgrind").output().is_err() {
        println!("skipped: it takes valgrind, and the limits are those of x86_64 Linux");
        return;
    }
    let forward: BTreeMap<&str, f64> =
        ["pair-forward", "churn-forward", "call-plain", "poll-plain", "async-call-plain"]
            .map(|kind| (kind, instructions(kind)))
            .into_iter()
            .collect();
    let baseline: Option<Baseline> =
        std::fs::read_to_string(BASELINE).ok().map(|text| serde_json::from_str(&text).expect("the baseline"));
    let rustc = first_line(option_env!("RUSTC").unwrap_or("rustc"), &["-V"]);
    let libc = first_line("getconf", &["GNU_LIBC_VERSION"]);
    let compares = baseline.as_ref().is_some_and(|baseline| (&baseline.rustc, &baseline.libc) == (&rustc, &libc));
    let (mut events, mut beyond) = (BTreeMap::new(), Vec::new());
    for (kind, without, limit) in EVENTS {
        let cost = ((instructions(kind) - without.map_or(0.0, |without| forward[without])) * 10.0).round() / 10.0;
        let before = baseline.as_ref().and_then(|baseline| baseline.events.get(kind).copied());
        let was = before.map_or("not known".into(), |before| format!("{before:9.1}"));
        println!("{kind:22} {cost:9.1}, was {was}, at most {limit}");
        if cost > limit {
            beyond.push(format!("{kind} takes {cost} instructions; {limit} are promised"));
        }
        match before {
            Some(before) if compares && cost > before * MORE => {
                let more = (cost / before - 1.0) * 100.0;
                beyond.push(format!("{kind} takes {cost} instructions, {more:.1} % more than {before}"));
            }
            None if compares => beyond.push(format!("{kind} is not in {BASELINE}")),
            _ => {}
        }
        events.insert(kind.to_owned(), cost);
    }
    if std::env::var_os("MEMPROF_BLESS").is_some() {
        let text = serde_json::to_string_pretty(&Baseline { rustc, libc, events }).unwrap();
        std::fs::write(BASELINE, text + "\n").unwrap();
        return;
    }
    if !compares {
        println!("not compared with {BASELINE}, which is of another compiler or C library than {rustc}, {libc}");
    }
    assert!(
        beyond.is_empty(),
        "dearer than before:\n  {}\nIf that is worth it, say why in the commit, with the file that this writes anew:\n  \
         MEMPROF_BLESS=1 cargo test --release -p memprof-tests --test instructions",
        beyond.join("\n  ")
    );
}
