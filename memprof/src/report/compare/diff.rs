//! Differences of two reports.

use super::data::{ComparedRun, Diff, Difference, FunctionChange, PathChange, SplitChange, TotalChanges, presence};
use super::pairs::{Pair, pairs};
use super::remarks::remarks;
use crate::report::Report;
use crate::report::data::{CallTreeNode, Finding, Function, SCHEMA_VERSION, Totals};
use std::cmp::Reverse;
use std::collections::HashMap;

/// Compares two reports of one program: `new` against `old`.
///
/// Functions are the same if their names and files are, wherever they stand in the file; call paths if the names of
/// their functions are. Time and memory are proportional to the reports.
///
/// ```
/// let report = memprof::Report::default();
/// let diff = memprof::compare::diff(&report, &report);
/// assert!(diff.functions.is_empty() && diff.new_findings.is_empty());
/// ```
pub fn diff(old: &Report, new: &Report) -> Diff {
    let key = |finding: &Finding| (finding.kind.clone(), finding.function.clone(), finding.file.clone());
    let both = |rows: &[Finding], others: &[Finding]| {
        let is_new = |row: &&Finding| !others.iter().any(|other| key(other) == key(row));
        rows.iter().filter(is_new).cloned().collect()
    };
    Diff {
        schema_version: SCHEMA_VERSION,
        old: run(old),
        new: run(new),
        remarks: remarks(old, new),
        totals: totals((&old.totals, old), (&new.totals, new)),
        unattributed: unattributed(old, new),
        functions: functions(old, new),
        paths: paths(&old.call_tree, &new.call_tree),
        new_findings: both(&new.findings, &old.findings),
        gone_findings: both(&old.findings, &new.findings),
    }
}

fn run(report: &Report) -> ComparedRun {
    let program = &report.program;
    ComparedRun {
        name: program.name.clone(),
        run: program.run.clone(),
        host: program.host.clone(),
        started_at: program.started_at.clone(),
        duration_seconds: program.duration_seconds,
        allocator: report.allocator.inner.clone(),
        exact: report.live.exact,
    }
}

fn totals((old, old_report): (&Totals, &Report), (new, new_report): (&Totals, &Report)) -> TotalChanges {
    TotalChanges {
        allocated_bytes: Difference::exact(old.allocated_bytes, new.allocated_bytes),
        allocated_count: Difference::exact(old.allocated_count, new.allocated_count),
        deallocated_bytes: Difference::exact(old.deallocated_bytes, new.deallocated_bytes),
        net_bytes: Difference::exact(old.net_bytes, new.net_bytes),
        net_count: Difference::exact(old.net_count, new.net_count),
        peak_bytes: Difference::bounded((old.peak_bytes, old.peak_error_bytes), (new.peak_bytes, new.peak_error_bytes)),
        reallocated_count: Difference::exact(old.reallocated_count, new.reallocated_count),
        copied_bytes: Difference::exact(old.copied_bytes, new.copied_bytes),
        rss_bytes: Difference::known(old_report.os.rss_bytes, new_report.os.rss_bytes),
    }
}

fn presence_of<T>(pair: &Pair<T>) -> String {
    let presence = match pair {
        (None, _) => presence::NEW,
        (_, None) => presence::GONE,
        _ => presence::BOTH,
    };
    presence.to_owned()
}

/// The rows by name and file: rows of the same name are told apart by their order in the file.
fn sorted(functions: &[Function]) -> Vec<&Function> {
    let mut rows: Vec<_> = functions.iter().collect();
    rows.sort_by_key(|row| (&row.name, &row.file, row.line));
    rows
}

fn functions(old: &Report, new: &Report) -> Vec<FunctionChange> {
    let pairs = pairs(&sorted(&old.functions), &sorted(&new.functions), |row| (&row.name, &row.file));
    let mut rows: Vec<_> = pairs.into_iter().filter_map(function).collect();
    let own = |row: &FunctionChange| row.self_allocated_bytes.change.unsigned_abs();
    let all = |row: &FunctionChange| row.allocated_bytes.change.unsigned_abs();
    rows.sort_by(|a, b| Reverse((own(a), all(a))).cmp(&Reverse((own(b), all(b)))).then_with(|| a.name.cmp(&b.name)));
    rows
}

fn function(pair: Pair<&Function>) -> Option<FunctionChange> {
    let known = pair.1.or(pair.0)?;
    // A function that is not in a report was not called: its figures are 0, and those of a call are not known.
    let none = Function { retained_bytes: Some(0), retained_error_bytes: Some(0), ..Function::default() };
    let (old, new) = (pair.0.unwrap_or(&none), pair.1.unwrap_or(&none));
    let split = |figure: fn(&Function) -> u64| SplitChange::of((old.calls, figure(old)), (new.calls, figure(new)));
    let retained = |row: &Function| (row.retained_bytes, row.retained_error_bytes);
    Some(FunctionChange {
        name: known.name.clone(),
        file: known.file.clone(),
        line: known.line,
        presence: presence_of(&pair),
        calls: Difference::exact(old.calls, new.calls),
        allocated_bytes: split(|row| row.allocated_bytes),
        self_allocated_bytes: split(|row| row.self_allocated_bytes),
        self_allocated_count: split(|row| row.self_allocated_count),
        copied_bytes: split(|row| row.copied_bytes),
        self_net_bytes: Difference::exact(old.self_net_bytes, new.self_net_bytes),
        peak_bytes: Difference::known(old.peak_bytes, new.peak_bytes),
        retained_bytes: Difference::estimated(retained(old), retained(new)),
    })
}

/// A call path, by the row of its caller in the comparison and the name of its function.
fn path(id: usize, parent: Option<u32>, pair: &Pair<&CallTreeNode>) -> Option<PathChange> {
    let none = CallTreeNode::default();
    let (old, new) = (pair.0.unwrap_or(&none), pair.1.unwrap_or(&none));
    let split = |figure: fn(&CallTreeNode) -> u64| SplitChange::of((old.calls, figure(old)), (new.calls, figure(new)));
    Some(PathChange {
        id: u32::try_from(id).ok()?,
        parent,
        function: pair.1.or(pair.0)?.function.clone(),
        presence: presence_of(pair),
        calls: Difference::exact(old.calls, new.calls),
        self_allocated_bytes: split(|row| row.self_allocated_bytes),
        self_allocated_count: split(|row| row.self_allocated_count),
        copied_bytes: split(|row| row.copied_bytes),
        self_net_bytes: Difference::exact(old.self_net_bytes, new.self_net_bytes),
    })
}

/// The rows of one report by their caller. A row whose caller does not stand before it is at the top.
fn by_caller(tree: &[CallTreeNode]) -> HashMap<Option<u32>, Vec<&CallTreeNode>> {
    let mut callees: HashMap<_, Vec<_>> = HashMap::new();
    for node in tree {
        callees.entry(node.parent.filter(|parent| *parent < node.id)).or_default().push(node);
    }
    callees
}

fn paths(old: &[CallTreeNode], new: &[CallTreeNode]) -> Vec<PathChange> {
    let (old, new) = (by_caller(old), by_caller(new));
    let empty = Vec::new();
    let mut rows = Vec::new();
    // Callers whose callees are still to come: their row here, and in each report.
    let mut callers: Vec<(Option<u32>, Pair<Option<u32>>)> = vec![(None, (Some(None), Some(None)))];
    while let Some((parent, at)) = callers.pop() {
        let callees =
            |tree: &'_ HashMap<_, _>, at: Option<_>| at.and_then(|at| tree.get(&at)).unwrap_or(&empty).clone();
        for pair in pairs(&callees(&old, at.0), &callees(&new, at.1), |node| node.function.as_str()) {
            let Some(row) = path(rows.len(), parent, &pair) else { continue };
            callers.push((Some(row.id), (pair.0.map(|node| Some(node.id)), pair.1.map(|node| Some(node.id)))));
            rows.push(row);
        }
    }
    rows
}

fn unattributed(old: &Report, new: &Report) -> PathChange {
    let (old, new) = (&old.unattributed, &new.unattributed);
    PathChange {
        id: 0,
        parent: None,
        function: String::new(),
        presence: presence::BOTH.to_owned(),
        calls: Difference::exact(0, 0),
        self_allocated_bytes: SplitChange::of((0, old.self_allocated_bytes), (0, new.self_allocated_bytes)),
        self_allocated_count: SplitChange::of((0, old.self_allocated_count), (0, new.self_allocated_count)),
        copied_bytes: SplitChange::of((0, old.copied_bytes), (0, new.copied_bytes)),
        self_net_bytes: Difference::exact(old.self_net_bytes, new.self_net_bytes),
    }
}
