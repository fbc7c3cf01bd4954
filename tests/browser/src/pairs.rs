//! Pairs of reports to compare: an old one and a new one.

use crate::reports;
use memprof::Report;

/// The golden report, and one in which a function is gone, one is new, one was called twice as often and one allocates
/// more in each call. A finding came, one went.
pub fn changed() -> (Report, Report) {
    let old = reports::golden();
    let mut new = old.clone();
    add(&mut new, "vector_search::rerank", true, 55_203_840);
    add(&mut new, "vector_search::load", false, 1_000_000);
    let normalize = "vector_search::normalize";
    let mut row = new.functions[0].clone();
    (row.name, row.line, row.calls, row.retained_bytes) = (normalize.into(), 250, 10, Some(0));
    (row.allocated_bytes, row.self_allocated_bytes, row.self_net_bytes) = (5_000, 5_000, 0);
    new.functions.push(row);
    let caller = new.call_tree.iter().find(|node| node.function.ends_with("rerank")).map(|node| node.id);
    let mut node = new.call_tree[0].clone();
    (node.id, node.parent, node.function) = (new.call_tree.len() as u32, caller, normalize.into());
    (node.calls, node.self_allocated_bytes, node.self_net_bytes) = (10, 5_000, 0);
    new.call_tree.push(node);
    new.totals.allocated_bytes += 5_000;
    for row in new.functions.iter().filter(|row| row.name == "warm up") {
        new.totals.allocated_bytes -= row.self_allocated_bytes;
    }
    new.functions.retain(|row| row.name != "warm up");
    new.call_tree.retain(|node| node.function != "warm up");
    for id in 0..new.call_tree.len() {
        let was = new.call_tree[id].id;
        new.call_tree[id].id = id as u32;
        new.call_tree.iter_mut().filter(|node| node.parent == Some(was)).for_each(|node| node.parent = Some(id as u32));
    }
    new.findings.remove(0);
    new.findings[0].function = Some(normalize.into());
    new.findings[0].title = format!("{normalize} keeps growing");
    (old, new)
}

/// More bytes for a function and a path of its, by as many calls again or by more in each call.
fn add(report: &mut Report, name: &str, calls: bool, bytes: u64) {
    let row = report.functions.iter_mut().find(|row| row.name == name).expect("the function is there");
    let node = report.call_tree.iter_mut().find(|node| node.function == name).expect("its path is there");
    if calls {
        (row.calls, node.calls) = (2 * row.calls, 2 * node.calls);
    }
    row.self_allocated_bytes += bytes;
    row.allocated_bytes += bytes;
    node.self_allocated_bytes += bytes;
    report.totals.allocated_bytes += bytes;
}

/// Two runs of a program with this many call paths; nearly all of them changed, some are new, some are gone.
pub fn large(paths: usize) -> (Report, Report) {
    let old = reports::large(paths);
    let mut new = old.clone();
    for node in &mut new.call_tree {
        let factor = 50 + u64::from(node.id) * 7919 % 100;
        (node.calls, node.self_allocated_bytes) = (node.calls * factor / 75, node.self_allocated_bytes * factor / 100);
        if node.id % 97 == 5 {
            node.function.push_str("_renamed");
        }
    }
    for (number, row) in new.functions.iter_mut().enumerate() {
        row.self_allocated_bytes += number as u64 * 7919 % 100_000;
    }
    (old, new)
}

/// Reports with hostile names, every path and function of them changed.
pub fn hostile() -> (Report, Report) {
    let old = reports::hostile();
    let mut new = old.clone();
    for (number, row) in new.functions.iter_mut().enumerate() {
        row.self_allocated_bytes += 1 + number as u64;
    }
    for node in &mut new.call_tree {
        node.self_allocated_bytes += 1_000;
    }
    new.allocator.inner = reports::hostile_names().concat();
    for (name, finding) in reports::hostile_names().into_iter().zip(&mut new.findings) {
        (finding.kind, finding.function) = (name.clone(), Some(name));
    }
    (old, new)
}
