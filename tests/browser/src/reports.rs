//! Reports of all kinds: the golden one, large ones, hostile ones, and those that lack something.

use memprof::Report;
use serde_json::{Map, Value, json};
use std::fs;

/// The report in the golden files, as JSON.
fn golden_json() -> Value {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../golden/memory_allocations.json");
    serde_json::from_str(&fs::read_to_string(path).expect("the golden report is there")).expect("it is JSON")
}

fn report(json: &Value) -> Report {
    Report::from_json(&json.to_string()).expect("it is a report")
}

/// The report that is in every golden file.
pub fn golden() -> Report {
    report(&golden_json())
}

/// Names that would break a page which took them for HTML, or that would spoil its layout.
pub fn hostile_names() -> Vec<String> {
    vec![
        "<img src=x onerror=document.title='hit'>".to_owned(),
        "</script><script>document.title='hit'</script>".to_owned(),
        "\"><svg onload=document.title='hit'>&lt;&amp;".to_owned(),
        "\u{202e}gnp.exe\u{202c} evil".to_owned(),
        "x".repeat(10_000),
        format!("a::{}", "<T>".repeat(3_000)),
        "名前::関数\u{200f}".to_owned(),
        "__proto__".to_owned(),
        "constructor".to_owned(),
        "\u{0}\u{1b}[31m\u{2028}\u{feff}".to_owned(),
        "${alert(1)} javascript:alert(1)".to_owned(),
    ]
}

/// A report with hostile names wherever a name can be.
pub fn hostile() -> Report {
    let mut json = golden_json();
    let names = hostile_names();
    let mut replaced = Map::new();
    for (name, row) in names.iter().zip(json["functions"].as_array().expect("functions")) {
        replaced.insert(row["name"].as_str().expect("a name").to_owned(), json!(name));
    }
    let mut next = names.iter().cycle();
    rename(&mut json, &replaced, &mut || next.next().cloned().unwrap_or_default());
    report(&json)
}

/// Replaces names of functions by those of the map, and other texts of the program by hostile ones.
fn rename(value: &mut Value, names: &Map<String, Value>, next: &mut dyn FnMut() -> String) {
    match value {
        Value::Array(items) => items.iter_mut().for_each(|item| rename(item, names, next)),
        Value::Object(fields) => {
            for (key, field) in fields {
                match field {
                    Value::String(text) if names.contains_key(text.as_str()) => *field = names[text.as_str()].clone(),
                    Value::String(_) if matches!(key.as_str(), "schema_version" | "kind" | "verdict") => {}
                    Value::String(_) => *field = json!(next()),
                    _ => rename(field, names, next),
                }
            }
        }
        Value::String(text) => {
            if let Some(name) = names.get(text.as_str()) {
                *value = name.clone();
            }
        }
        _ => {}
    }
}

/// A report with this many call paths, live groups for one in 12, stacks, marks, threads and labels.
pub fn large(paths: usize) -> Report {
    let mut json = golden_json();
    let mut random = Random(1);
    let crates = ["shop", "shop_index", "serde_json", "regex_automata", "hyper", "sqlx_core", "image", "tantivy"];
    let functions = (paths / 16).clamp(1, 3_000);
    let name = |number: usize| {
        format!("{}::part_{}::Kind{}::step_{number}", crates[number * number % crates.len()], number % 7, number % 5)
    };
    let row = json["functions"][1].clone();
    json["functions"] = (0..functions)
        .map(|number| {
            let mut row = row.clone();
            row["name"] = json!(name(number));
            row["allocated_bytes"] = json!(random.below(1 << 30));
            row["calls"] = json!(number);
            row
        })
        .collect();
    let node = json["call_tree"][0].clone();
    let mut sums = [0; 3];
    let parents: Vec<Option<usize>> =
        (0..paths).map(|id| (id > 2).then(|| id - 1 - random.below(1 + id as u64 * 9 / 10) as usize)).collect();
    json["call_tree"] = (0..paths)
        .map(|id| {
            let mut node = node.clone();
            let own = [random.below(1 << 20), 1 + random.below(50), random.below(1 << 10)];
            for (index, key) in ["self_allocated_bytes", "self_allocated_count", "copied_bytes"].iter().enumerate() {
                node[key] = json!(own[index]);
                sums[index] += own[index];
            }
            node["id"] = json!(id);
            node["parent"] = json!(parents[id]);
            node["function"] = json!(name(id % functions));
            node
        })
        .collect();
    for (index, key) in ["allocated_bytes", "allocated_count"].iter().enumerate() {
        json["unattributed"][format!("self_{key}")] = json!(0);
        json["totals"][*key] = json!(sums[index]);
    }
    json["totals"]["copied_bytes"] = json!(sums[2]);
    let path_of = |mut id: usize| {
        let mut path = vec![name(id % functions)];
        while let Some(above) = parents[id] {
            id = above;
            path.insert(0, name(id % functions));
        }
        path
    };
    let frames = ["alloc::raw_vec::finish_grow", "<alloc::vec::Vec<T> as core::clone::Clone>::clone", "tokio::run"];
    let group = json["live"]["groups"][0].clone();
    json["live"]["groups"] = (0..paths.div_ceil(12))
        .map(|number| {
            let mut group = group.clone();
            group["path"] = json!(path_of(number * 12));
            group["bytes"] = json!(1 + random.below(1 << 16));
            group["verdict"] = json!(["growing", "kept", "recent", "kept since start", "unknown"][number % 5]);
            group["stack"] = (0..8 + random.below(60))
                .map(|depth| {
                    let function = if depth % 3 == 0 { frames[depth as usize % 3].to_owned() } else { name(depth as usize) };
                    json!({ "function": function, "file": "src/some/file.rs", "line": depth, "address": depth, "module": "m" })
                })
                .collect();
            group
        })
        .collect();
    let live: u64 =
        json["live"]["groups"].as_array().expect("groups").iter().filter_map(|group| group["bytes"].as_u64()).sum();
    json["live"]["estimated_bytes"] = json!(live);
    json["timeline"]["points"] = (0..1024)
        .map(|index| {
            let net = 1_000_000 + random.below(1 << 20) + index * 3_000;
            json!({ "seconds": index as f64 / 4.0, "net_bytes": net, "allocated_bytes": index * 4_000_000,
                "rss_bytes": net * 2, "mapped_bytes": null, "allocator_held_bytes": (index % 5 == 0).then_some(net / 3) })
        })
        .collect();
    json["timeline"]["marks"] =
        (0..90).map(|index| json!({ "seconds": index * 2, "name": format!("mark {index}") })).collect();
    for (list, length) in [("threads", 300), ("labels", 64), ("findings", 40)] {
        let row = json[list][0].clone();
        json[list] = (0..length).map(|_| row.clone()).collect();
    }
    json["warnings"] = (0..40).map(|index| json!(format!("warning {index}"))).collect();
    report(&json)
}

/// Every call path is called by the program itself, with the same figures.
pub fn wide(paths: usize) -> Report {
    let mut report = large(paths);
    for row in &mut report.call_tree {
        (row.parent, row.self_allocated_bytes) = (None, 1_000);
        row.function = format!("shop::step_{}", row.id);
    }
    report
}

/// Every call path is called by the one before it.
pub fn deep(paths: usize) -> Report {
    let mut report = large(paths);
    for row in &mut report.call_tree {
        row.parent = row.id.checked_sub(1);
    }
    report.live.groups.clear();
    report
}

/// Kinds of reports that lack something, and a part of the sentence that says so.
pub fn lacking() -> Vec<(&'static str, Report, &'static str)> {
    let mut none = golden();
    none.allocator.installed = false;
    none.totals = Default::default();
    none.functions.clear();
    none.call_tree.clear();
    none.labels.clear();
    none.findings.clear();
    none.threads.clear();
    none.unattributed = Default::default();
    none.live.groups.clear();
    none.live.estimated_bytes = None;
    none.live.before_start_bytes = 0;
    none.timeline = None;
    let mut zero = none.clone();
    zero.allocator.installed = true;
    zero.live.estimated_bytes = Some(0);
    let mut no_functions = golden();
    no_functions.functions.clear();
    no_functions.call_tree.clear();
    let mut no_stacks = golden();
    no_stacks.live.groups.iter_mut().for_each(|group| group.stack.clear());
    let mut stripped = golden();
    for frame in stripped.live.groups.iter_mut().flat_map(|group| &mut group.stack) {
        (frame.function, frame.file, frame.line) = (None, None, None);
    }
    let mut sampled = golden();
    sampled.live.exact = false;
    sampled.live.sampled_because = Some("overhead budget".to_owned());
    sampled.live.error_bytes = Some(300_000);
    let mut untracked = golden();
    untracked.live.estimated_bytes = None;
    untracked.live.groups.clear();
    let mut untimed = golden();
    untimed.timeline = None;
    vec![
        ("not installed", none, "allocator is not installed"),
        ("0 bytes", zero, "allocated 0 bytes"),
        ("no functions", no_functions, "No function was tracked"),
        ("no stacks", no_stacks, "no stacks"),
        ("stripped", stripped, "no symbols"),
        ("sampled", sampled, "an estimate from a sample (overhead budget)"),
        ("not recorded", untracked, "track_allocations = false"),
        ("no timeline", untimed, "timeline_points = 0"),
        ("no report", Report::default(), "not installed"),
    ]
}

/// Numbers that look random and are the same each time.
struct Random(u64);

impl Random {
    fn below(&mut self, limit: u64) -> u64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % limit.max(1)
    }
}
