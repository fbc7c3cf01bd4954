//! The order of the project's files, counted: imports between them, names of types, beginnings and widths of comments,
//! the README, and the files that documents name. `.ci/counts` prints the figures.

mod conditions;
mod crates;
mod imports;
mod modules;
mod surface;
mod test_files;
mod texts;
mod type_names;
mod warnings;

use imports::Imports;
use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

/// Files and folders of one folder, each with those that it imports, and an import as an example.
type Graph = BTreeMap<String, BTreeMap<String, String>>;

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("the tests are a folder of the project").to_owned()
}

/// Columns of a line, as rustfmt.toml limits them.
fn width() -> usize {
    let text = fs::read_to_string(root().join("rustfmt.toml")).expect("rustfmt.toml can be read");
    let width = text.lines().find_map(|line| line.strip_prefix("max_width = "));
    width.and_then(|width| width.parse().ok()).expect("rustfmt.toml states max_width")
}

/// The graph of each folder, by the folder's path as a module.
fn graphs(source: &Path) -> BTreeMap<Vec<String>, Graph> {
    let imports = Imports::of(source);
    let mut graphs: BTreeMap<Vec<String>, Graph> = BTreeMap::new();
    for (from, to) in imports.all() {
        let common = from.iter().zip(to).take_while(|(from, to)| from == to).count();
        // Of a parent and its child each knows the other.
        let (Some(from_here), Some(to_here)) = (from.get(common), to.get(common)) else { continue };
        let example = format!("{} imports {}", from.join("::"), to.join("::"));
        let graph = graphs.entry(from[..common].to_vec()).or_default();
        graph.entry(to_here.clone()).or_default();
        graph.entry(from_here.clone()).or_default().entry(to_here.clone()).or_insert(example);
    }
    graphs
}

/// A circle in a graph, as the imports that it is made of.
fn circle(graph: &Graph) -> Option<Vec<String>> {
    fn visit(graph: &Graph, node: &str, open: &mut Vec<String>, done: &mut BTreeSet<String>) -> Option<Vec<String>> {
        if done.contains(node) {
            return None;
        }
        if let Some(start) = open.iter().position(|other| other == node) {
            let members: Vec<&String> = open[start..].iter().collect();
            let next = |index: usize| members[(index + 1) % members.len()];
            let example = |(index, member): (usize, &&String)| graph[*member][next(index)].clone();
            return Some(members.iter().enumerate().map(example).collect());
        }
        open.push(node.to_owned());
        let found = graph[node].keys().find_map(|next| visit(graph, next, open, done));
        open.pop();
        done.insert(node.to_owned());
        found
    }
    let mut done = BTreeSet::new();
    graph.keys().find_map(|node| visit(graph, node, &mut Vec::new(), &mut done))
}

#[test]
fn no_files_and_no_folders_import_each_other_in_a_circle() {
    let mut circles: Vec<String> = Vec::new();
    for source in ["memprof/src", "memprof-macros/src"] {
        let graphs = graphs(&root().join(source));
        assert!(graphs.values().map(Graph::len).sum::<usize>() > 10, "too few imports were found in {source}");
        let in_folders = graphs.iter().filter_map(|(folder, graph)| Some((folder, circle(graph)?)));
        circles.extend(
            in_folders.map(|(folder, circle)| format!("in {source}, {}:\n  {}", folder.join("/"), circle.join("\n  "))),
        );
    }
    println!("count: {} circles of imports", circles.len());
    assert!(circles.is_empty(), "{}", circles.join("\n"));
}

/// The order of the rooms, the topmost first, as the line in ARCHITECTURE.md that begins so gives it.
fn order() -> Vec<String> {
    const BEGINNING: &str = "From the top: ";
    let text = fs::read_to_string(root().join("ARCHITECTURE.md")).expect("ARCHITECTURE.md can be read");
    let start = text.find(BEGINNING).expect("ARCHITECTURE.md states the order of the rooms");
    let list = text[start..].split("\n\n").next().unwrap_or_default();
    list.split('`').skip(1).step_by(2).map(ToOwned::to_owned).collect()
}

#[test]
fn no_import_goes_upwards() {
    let order = order();
    assert!(order.len() > 10, "{order:?}");
    let graphs = graphs(&root().join("memprof/src"));
    let top = &graphs[&Vec::new()];
    let rank = |name: &str| order.iter().position(|other| other == name);
    let unknown: Vec<&String> = top.keys().filter(|name| rank(name).is_none()).collect();
    assert!(unknown.is_empty(), "ARCHITECTURE.md does not say where these stand: {unknown:?}");
    let upwards: Vec<&String> = top
        .iter()
        .flat_map(|(from, imports)| imports.iter().filter(move |(to, _)| rank(to) < rank(from)))
        .map(|(_, example)| example)
        .collect();
    println!("count: {} imports go upwards", upwards.len());
    assert!(upwards.is_empty(), "imports that go upwards: {upwards:#?}");
}

#[test]
fn the_files_that_the_documents_name_are_there() {
    let root = root();
    let sources = ["memprof/src", "memprof-macros/src", "memprof/docs", "tests", ""].map(|folder| root.join(folder));
    let mut named = 0;
    let documents =
        ["ARCHITECTURE.md", "memprof/docs/decisions.md", "memprof/docs/guarantees.md", "memprof/docs/performance.md"];
    for document in documents {
        let text = fs::read_to_string(root.join(document)).expect("the document can be read");
        for name in text.split('`').skip(1).step_by(2).filter(|name| name.contains('/') && name.ends_with(".rs")) {
            named += 1;
            assert!(sources.iter().any(|source| source.join(name).is_file()), "{document} names {name}");
        }
    }
    assert!(named > 20, "too few names were found: {named}");
}
