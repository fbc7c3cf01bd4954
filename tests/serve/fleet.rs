//! The files of `memprof/docs/fleet`: rules, dashboard and settings for Prometheus, Grafana, Alloy and Parca.

use crate::client::{Server, program};
use serde_json::Value;
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// Metrics without a series where the system does not tell the figure.
const NOT_EVERYWHERE: [&str; 3] =
    ["memprof_allocator_held_bytes", "memprof_limit_bytes", "process_resident_memory_bytes"];
/// Labels that Prometheus adds, and those of labels, which the program has none of.
const OTHER_LABELS: [&str; 5] = ["alertname", "job", "instance", "key", "value"];

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../memprof/docs/fleet")
}

fn read(name: &str) -> String {
    std::fs::read_to_string(folder().join(name)).unwrap()
}

/// The files, and the document that describes them.
fn texts() -> Vec<(String, String)> {
    let names = std::fs::read_dir(folder()).unwrap().map(|file| file.unwrap().file_name().into_string().unwrap());
    let texts: Vec<_> = names.chain(["../fleet.md".to_owned()]).map(|name| (name.clone(), read(&name))).collect();
    assert!(texts.len() > 8, "{texts:?}");
    texts
}

/// Runs promtool in a folder. Panics unless it succeeds; `None`: there is none here.
fn promtool(folder: &Path, arguments: &[&str]) -> Option<String> {
    let Ok(output) = Command::new("promtool").args(arguments).current_dir(folder).output() else {
        println!("skipped: promtool is missing");
        return None;
    };
    let said = format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success(), "{arguments:?}: {said}");
    Some(said)
}

/// Words of letters, digits and the characters of `more` that begin so.
fn words<'t>(text: &'t str, begin: &str, more: &str) -> BTreeSet<&'t str> {
    let is_part = |letter: char| letter.is_ascii_alphanumeric() || more.contains(letter);
    text.split(|letter| !is_part(letter)).filter(|word| word.starts_with(begin)).collect()
}

/// The queries of the dashboard: those of the panels and those of the variables.
fn queries() -> (Vec<String>, Vec<String>) {
    let dashboard: Value = serde_json::from_str(&read("dashboard.json")).unwrap();
    let panels = dashboard["panels"].as_array().unwrap();
    let targets = panels.iter().flat_map(|panel| panel["targets"].as_array().unwrap());
    let queries = targets.map(|target| target["expr"].as_str().unwrap().to_owned()).collect();
    let variables = dashboard["templating"]["list"].as_array().unwrap();
    (queries, variables.iter().filter_map(|variable| Some(variable["definition"].as_str()?.to_owned())).collect())
}

#[test]
fn rules_and_settings_pass_promtool() {
    let folder = folder();
    let Some(checked) = promtool(&folder, &["check", "rules", "rules.yml"]) else { return };
    assert!(checked.contains("10 rules found"), "{checked}");
    promtool(&folder, &["test", "rules", "rules_test.yml"]);
    promtool(&folder, &["check", "config", "--syntax-only", "prometheus.yml"]);
}

#[test]
fn rules_that_do_not_fire_fail_their_test() {
    let folder = tempfile::tempdir().unwrap();
    let rules = read("rules.yml").replace("ratio > 0.9", "ratio > 0.99");
    std::fs::write(folder.path().join("rules.yml"), rules).unwrap();
    std::fs::write(folder.path().join("rules_test.yml"), read("rules_test.yml")).unwrap();
    let tool = Command::new("promtool").args(["test", "rules", "rules_test.yml"]).current_dir(folder.path()).output();
    let Ok(output) = tool else {
        println!("skipped: promtool is missing");
        return;
    };
    assert!(!output.status.success());
}

#[test]
fn every_alert_and_record_has_a_test() {
    let (rules, tests) = (read("rules.yml"), read("rules_test.yml"));
    let names = rules.lines().filter_map(|line| line.trim().strip_prefix("- "));
    let names = names.filter_map(|line| line.strip_prefix("alert: ").or_else(|| line.strip_prefix("record: ")));
    let names: Vec<&str> = names.collect();
    assert_eq!(names.len(), 10);
    // The lowest live bytes are in the alert that is tested.
    let left: Vec<_> = names.into_iter().filter(|name| !tests.contains(name)).collect();
    assert_eq!(left, ["memprof:live_bytes:min1h"]);
}

#[test]
fn queries_of_the_dashboard_are_promql() {
    let folder = tempfile::tempdir().unwrap();
    let mut rules = "groups:\n  - name: dashboard\n    rules:\n".to_owned();
    let (queries, _) = queries();
    assert!(queries.len() >= 15, "{queries:?}");
    for (place, query) in queries.iter().enumerate() {
        let query = query.replace("$__rate_interval", "1m").replace('\'', "''");
        rules.push_str(&format!("      - record: q{place}\n        expr: '{query}'\n"));
    }
    std::fs::write(folder.path().join("dashboard.yml"), rules).unwrap();
    promtool(folder.path(), &["check", "rules", "dashboard.yml"]);
}

#[test]
fn rules_and_dashboard_name_metrics_and_labels_that_are_there() {
    let server = Server::start(program());
    let text = server.get("/metrics").text();
    server.end();
    let written: BTreeSet<&str> =
        text.lines().filter_map(|line| line.strip_prefix("# TYPE ")?.split(' ').next()).collect();
    assert!(written.len() >= 10, "{text}");
    let rules = read("rules.yml");
    let records: BTreeSet<&str> = rules.lines().filter_map(|line| line.trim().strip_prefix("- record: ")).collect();
    let (panels, variables) = queries();
    let dashboard = read("dashboard.json");
    let mut named = BTreeSet::new();
    for source in [&rules, &read("rules_test.yml"), &panels.join("\n"), &variables.join("\n")] {
        for begin in ["memprof", "process_"] {
            named.extend(words(source, begin, "_:").into_iter().map(str::to_owned));
        }
    }
    // The word itself, and the names of the two groups.
    named.retain(|name| !matches!(name.as_str(), "memprof" | "memprof_records" | "memprof_alerts"));
    for name in &named {
        let is_known = written.contains(name.as_str()) || records.contains(name.as_str());
        assert!(is_known || NOT_EVERYWHERE.contains(&name.as_str()), "{name} is no metric");
    }
    // And the dashboard and the rules leave none out.
    for name in written {
        assert!(named.contains(name), "nothing shows {name}");
    }
    for label in dashboard.split("{{").skip(1).map(|rest| rest.split("}}").next().unwrap()) {
        let is_known = text.contains(&format!("{label}=\"")) || OTHER_LABELS.contains(&label);
        assert!(is_known, "{label} is no label");
    }
}

#[test]
fn paths_that_the_settings_name_answer() {
    let server = Server::start(program());
    let mut named = 0;
    for (file, text) in texts() {
        let parts = text.split(|letter: char| !letter.is_ascii_alphanumeric() && !"/_.?=&-".contains(letter));
        // Of `localhost:6070/metrics`, too. `/reports` is a volume of Kubernetes.
        let paths = parts.map(|part| part.strip_prefix("6070").unwrap_or(part).trim_end_matches('.'));
        let paths =
            paths.filter(|path| ["/debug/", "/metrics", "/report."].iter().any(|begin| path.starts_with(begin)));
        for path in paths.collect::<BTreeSet<_>>() {
            named += 1;
            let answer = server.get(&path.replace("seconds=30", "seconds=1"));
            assert_eq!(answer.status, 200, "{path} of {file}");
        }
    }
    assert!(named >= 9, "{named}");
    server.end();
}

#[test]
fn sample_types_that_the_settings_name_are_in_the_profile() {
    let server = Server::start(program());
    let url = format!("http://{}/debug/pprof/allocs", server.address);
    let folder = tempfile::tempdir().unwrap();
    let tool = Command::new("go").args(["tool", "pprof", "-raw", &url]).env("PPROF_TMPDIR", folder.path()).output();
    server.end();
    let raw = match tool {
        Ok(output) if output.status.success() => String::from_utf8(output.stdout).unwrap(),
        _ => {
            println!("skipped: there is no `go tool pprof`");
            return;
        }
    };
    let line = raw.lines().skip_while(|line| *line != "Samples:").nth(1).expect("the sample types");
    let types: BTreeSet<&str> = line.split_whitespace().map(|text| text.trim_end_matches("[dflt]")).collect();
    let parca = read("parca.yaml");
    let kept: Vec<&str> = parca.lines().filter_map(|line| line.trim().strip_prefix("- type: ")).collect();
    assert_eq!(kept, ["inuse_space", "alloc_space"]);
    for kind in kept {
        assert!(types.contains(format!("{kind}/bytes").as_str()), "{kind}: {types:?}");
    }
    let known: BTreeSet<&str> = types.iter().filter_map(|text| text.split('/').next()).collect();
    for (file, text) in texts() {
        for begin in ["alloc_", "inuse_"] {
            for name in words(&text, begin, "_") {
                assert!(known.contains(name), "{name} of {file}: {types:?}");
            }
        }
    }
}

#[test]
fn the_commands_of_pprof_in_the_document_work() {
    let server = Server::start(program());
    let folder = tempfile::tempdir().unwrap();
    let text = read("../fleet.md");
    let commands = text.lines().filter_map(|line| line.strip_prefix("$ go tool pprof "));
    // Not the page in a browser, and not the file of the other command.
    let commands: Vec<&str> = commands.filter(|line| !line.contains("-http") && line.contains("6070")).collect();
    assert!(commands.len() >= 5, "{commands:?}");
    for line in commands {
        let line = line.replace('\'', "").replace("localhost:6070", &server.address.to_string());
        let line = line.replace("seconds=30", "seconds=1");
        let mut command = Command::new("go");
        command.args(["tool", "pprof"]).args(line.split(' ')).current_dir(folder.path());
        let output = command.env("PPROF_TMPDIR", folder.path()).stdin(Stdio::null()).output();
        let Ok(output) = output else { break };
        let said = String::from_utf8_lossy(&output.stderr);
        if said.contains("no such tool") {
            println!("skipped: there is no `go tool pprof`");
            break;
        }
        assert!(output.status.success(), "{line}: {said}");
    }
    server.end();
}
