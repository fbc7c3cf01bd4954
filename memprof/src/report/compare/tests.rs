use super::*;
use crate::report::Report;
use crate::report::data::{CallTreeNode, Function};
use crate::report::golden;

/// The golden report, and one in which a function is gone, one is new, one was called twice as often and one allocates
/// more in each call.
fn reports() -> (Report, Report) {
    let old = golden::report();
    let mut new = golden::report();
    let add = |report: &mut Report, name: &str, calls: u64, bytes: u64| {
        let row = report.functions.iter_mut().find(|row| row.name == name).unwrap();
        row.calls += calls;
        row.self_allocated_bytes += bytes;
        row.allocated_bytes += bytes;
        row.self_net_bytes += bytes as i64;
        let node = report.call_tree.iter_mut().find(|node| node.function == name).unwrap();
        node.calls += calls;
        node.self_allocated_bytes += bytes;
        node.self_net_bytes += bytes as i64;
        report.totals.allocated_bytes += bytes;
        report.totals.net_bytes += bytes as i64;
    };
    let rerank = new.functions.iter().find(|row| row.name == "vector_search::rerank").unwrap().clone();
    add(&mut new, &rerank.name, rerank.calls, rerank.self_allocated_bytes);
    add(&mut new, "vector_search::load", 0, 1_000_000);
    let gone = new.functions.iter().position(|row| row.name == "warm up").unwrap();
    let gone = new.functions.remove(gone);
    new.totals.allocated_bytes -= gone.self_allocated_bytes;
    new.totals.net_bytes -= gone.self_net_bytes;
    new.call_tree.retain(|node| node.function != "warm up");
    for (id, node) in new.call_tree.iter_mut().enumerate() {
        node.id = id as u32;
    }
    let caller = new.call_tree.iter().find(|node| node.function == "vector_search::rerank").unwrap().id;
    new.functions.push(Function {
        name: "vector_search::normalize".into(),
        file: "src/main.rs".into(),
        line: 250,
        calls: 10,
        allocated_bytes: 5000,
        self_allocated_bytes: 5000,
        self_net_bytes: 5000,
        ..Function::default()
    });
    new.call_tree.push(CallTreeNode {
        id: new.call_tree.len() as u32,
        parent: Some(caller),
        function: "vector_search::normalize".into(),
        calls: 10,
        self_allocated_bytes: 5000,
        self_net_bytes: 5000,
        ..CallTreeNode::default()
    });
    new.totals.allocated_bytes += 5000;
    new.totals.net_bytes += 5000;
    (old, new)
}

fn row<'d>(diff: &'d Diff, name: &str) -> &'d FunctionChange {
    diff.functions.iter().find(|row| row.name == name).unwrap()
}

#[test]
fn the_changes_of_the_rows_add_up() {
    let (old, new) = reports();
    for (old, new) in [(&old, &new), (&new, &old), (&Report::default(), &new), (&new, &Report::default())] {
        let diff = diff(old, new);
        let outside = &diff.unattributed;
        let functions: i64 = diff.functions.iter().map(|row| row.self_allocated_bytes.change).sum();
        assert_eq!(Some(functions + outside.self_allocated_bytes.change), diff.totals.allocated_bytes.change);
        let paths: i64 = diff.paths.iter().map(|row| row.self_allocated_bytes.change).sum();
        assert_eq!(functions, paths);
        let net: i64 = diff.functions.iter().filter_map(|row| row.self_net_bytes.change).sum();
        assert_eq!(Some(net + outside.self_net_bytes.change.unwrap()), diff.totals.net_bytes.change);
    }
}

#[test]
fn new_and_gone_and_changed_functions_are_told_apart() {
    let (old, new) = reports();
    let diff = diff(&old, &new);
    let of = |name| {
        let row = row(&diff, name);
        let bytes = &row.self_allocated_bytes;
        (row.presence.as_str(), bytes.from_calls, bytes.from_each_call)
    };
    assert_eq!(of("vector_search::rerank"), ("both", 55_203_840, 0));
    assert_eq!(of("vector_search::load"), ("both", 0, 1_000_000));
    assert_eq!(of("vector_search::normalize"), ("new", 5000, 0));
    assert_eq!(of("warm up"), ("gone", -131_072, 0));
    assert_eq!(of("vector_search::build"), ("both", 0, 0));
    // The largest change of own bytes comes first.
    let names: Vec<_> = diff.functions.iter().take(4).map(|row| row.name.as_str()).collect();
    assert_eq!(names, ["vector_search::rerank", "vector_search::load", "warm up", "vector_search::normalize"]);
}

#[test]
fn paths_have_their_callers_before_them() {
    let (old, new) = reports();
    let diff = diff(&old, &new);
    for (id, path) in diff.paths.iter().enumerate() {
        assert_eq!(path.id as usize, id);
        assert!(path.parent.is_none_or(|parent| (parent as usize) < id));
    }
    let path = diff.paths.iter().find(|path| path.function == "vector_search::normalize").unwrap();
    let caller = &diff.paths[path.parent.unwrap() as usize];
    assert_eq!((path.presence.as_str(), caller.function.as_str()), ("new", "vector_search::rerank"));
    assert_eq!(diff.paths.iter().filter(|path| path.presence == "gone").count(), 1);
    assert_eq!(diff.paths.len(), old.call_tree.len() + 1);
}

#[test]
fn a_report_does_not_differ_from_itself() {
    let report = golden::report();
    let diff = diff(&report, &report);
    assert!(diff.functions.iter().all(|row| row.self_allocated_bytes.change == 0 && row.presence == "both"));
    assert!(diff.functions.iter().all(|row| !row.retained_bytes.is_significant && !row.peak_bytes.is_significant));
    assert!(diff.new_findings.is_empty() && diff.gone_findings.is_empty() && diff.remarks.is_empty());
    assert_eq!(diff.totals.peak_bytes.change, Some(0));
    assert_eq!(diff.functions.len(), report.functions.len());
}

#[test]
fn functions_of_the_same_name_are_told_apart_by_file_and_order() {
    let (mut old, mut new) = (golden::report(), golden::report());
    let mut double = old.functions[0].clone();
    double.line += 5;
    double.self_allocated_bytes = 7;
    old.functions.push(double.clone());
    // Both moved down in their file.
    new.functions[0].line += 100;
    double.line += 100;
    new.functions.insert(0, double);
    let diff = diff(&old, &new);
    assert!(diff.functions.iter().all(|row| row.presence == "both" && row.self_allocated_bytes.change == 0));
}

#[test]
fn a_tree_that_is_damaged_is_compared_all_the_same() {
    let (old, mut new) = (golden::report(), golden::report());
    for node in &mut new.call_tree {
        node.parent = Some(node.id);
    }
    new.call_tree[3].parent = Some(u32::MAX);
    let diff = diff(&old, &new);
    assert!(diff.paths.len() >= new.call_tree.len());
}

#[test]
fn what_makes_figures_hard_to_compare_is_said() {
    let (old, mut new) = (golden::report(), golden::report());
    new.program.name = "other".into();
    new.program.is_final = false;
    new.allocator.inner = "system".into();
    new.live.exact = false;
    new.live.sample_interval_bytes = 4096;
    let remarks = diff(&old, &new).remarks;
    for (remark, beginning) in remarks.iter().zip([
        "These are reports of different programs: vector_search and other.",
        "The new report was written while the program ran",
        "The inner allocator was jemalloc and is system now",
        "Retained bytes come from all live blocks in the old report and from a sample, about one record in 4.0 KB, in the new one",
    ]) {
        assert!(remark.starts_with(beginning), "{remark}");
    }
    assert_eq!(remarks.len(), 4);
    new.allocator.installed = false;
    assert!(diff(&old, &new).remarks[1].starts_with("Nothing was counted in the new report"));
}

#[test]
fn other_settings_are_said() {
    let (old, mut new) = (golden::report(), golden::report());
    let settings = new.settings.as_mut().expect("settings");
    settings.backtraces = !settings.backtraces;
    settings.max_tracked_allocations = 77;
    settings.output_dir = "elsewhere".into();
    let was = old.settings.as_ref().unwrap();
    let expected = format!(
        "The runs had different settings: max_tracked_allocations ({} → 77), backtraces ({} → {}).",
        was.max_tracked_allocations, was.backtraces, !was.backtraces
    );
    assert_eq!(diff(&old, &new).remarks, [expected]);
}

#[test]
fn a_comparison_is_json() {
    let (old, new) = reports();
    let diff = diff(&old, &new);
    let text = serde_json::to_string(&diff).unwrap();
    let read: Diff = serde_json::from_str(&text).unwrap();
    assert_eq!(read, diff);
}

mod shown {
    use super::*;
    use crate::report::name::printable;
    use unicode_width::UnicodeWidthStr;

    /// The text without colours.
    fn text(diff: &Diff, columns: usize, extent: Extent) -> String {
        let mut plain = String::new();
        let mut letters = diff.to_text(columns, extent).chars().collect::<Vec<_>>().into_iter();
        while let Some(letter) = letters.next() {
            if letter == '\x1b' {
                letters.by_ref().find(|letter| *letter == 'm');
            } else {
                plain.push(letter);
            }
        }
        plain
    }

    #[test]
    fn the_first_lines_say_what_changed_and_why() {
        let (old, new) = reports();
        let text = text(&diff(&old, &new), 100, Extent::Changes);
        let mut lines = text.lines();
        let change = new.totals.allocated_bytes - old.totals.allocated_bytes;
        let headline = lines.next().unwrap();
        assert!(headline.contains(&format!("allocated {} more (+", crate::size::bytes(change))), "{headline}");
        let cause = lines.next().unwrap();
        assert!(cause.starts_with("vector_search::rerank +") && cause.ends_with("calls"), "{cause}");
        let row = |name: &str| text.lines().find(|line| line.starts_with(name) && line.contains("  ")).unwrap();
        assert!(row("vector_search::load").ends_with("a call"), "{text}");
        assert!(row("vector_search::normalize").ends_with("new, 10 calls"), "{text}");
        assert!(text.contains("gone, had "), "{text}");
    }

    #[test]
    fn remarks_are_about_figures_that_are_shown() {
        let (old, mut new) = reports();
        new.live.exact = false;
        new.allocator.inner = "system".into();
        let diff = diff(&old, &new);
        assert_eq!(diff.remarks.len(), 2, "{:?}", diff.remarks);
        for shown in [text(&diff, 500, Extent::Changes), diff.to_markdown(Extent::Changes)] {
            assert!(shown.contains("The inner allocator was") && !shown.contains("Retained bytes come"), "{shown}");
        }
    }

    #[test]
    fn nothing_changed_is_one_line() {
        let (old, _) = reports();
        let same = diff(&old, &old);
        assert_eq!(text(&same, 100, Extent::Changes).lines().next(), Some("vector_search: nothing changed"));
        let page = same.to_markdown(Extent::Changes);
        assert!(
            page.lines().next().unwrap().ends_with(": nothing changed") && !page.contains("| allocated |"),
            "{page}"
        );
        assert!(text(&same, 100, Extent::All).contains("vector_search::rerank"));
    }

    #[test]
    fn small_changes_are_counted() {
        let (old, _) = reports();
        let mut new = old.clone();
        for row in &mut new.functions {
            row.self_allocated_bytes += 1;
        }
        let text = text(&diff(&old, &new), 100, Extent::Changes);
        let expected = format!("and {} functions that changed by less than 1 KB and 1 % of all", new.functions.len());
        assert!(text.contains(&expected), "{text}");
    }

    #[test]
    fn lines_keep_within_the_terminal() {
        let (mut old, mut new) = reports();
        for report in [&mut old, &mut new] {
            for (index, row) in report.functions.iter_mut().enumerate() {
                row.name = format!("<{}::Index<{index}> as vector_search::Search>::run", "inner_module".repeat(9));
            }
        }
        let diff = diff(&old, &new);
        for columns in [60, 80, 120] {
            for extent in [Extent::Changes, Extent::All] {
                let text = text(&diff, columns, extent);
                let widest = text.lines().max_by_key(|line| line.width()).unwrap();
                assert!(widest.width() <= columns, "{columns}: {widest}");
            }
        }
    }

    #[test]
    fn names_do_not_command_the_terminal_or_the_page() {
        let (old, mut new) = reports();
        new.functions[0].name = "a\x1b[31m|`<b>@me\n\u{202e}".into();
        new.functions[0].self_allocated_bytes += 100_000;
        new.program.name = "pro\x1b[2Jgram\n# x".into();
        let diff = diff(&old, &new);
        let text = text(&diff, 100, Extent::Changes);
        assert!(!text.contains('\x1b') && text.contains(&printable(&new.functions[0].name)), "{text}");
        let page = diff.to_markdown(Extent::Changes);
        assert!(!page.contains('\u{202e}') && page.contains("\\|"), "{page}");
        assert!(page.lines().filter(|line| line.starts_with('#')).count() == 1, "{page}");
    }

    #[test]
    fn the_page_fits_into_a_comment() {
        let (old, mut new) = reports();
        new.functions.extend((0..5_000).map(|number| Function {
            name: format!("{number}{}", "x".repeat(90)),
            self_allocated_bytes: 10_000,
            ..Function::default()
        }));
        for extent in [Extent::Changes, Extent::All] {
            let page = diff(&old, &new).to_markdown(extent);
            assert!(page.chars().count() <= 65_536 && page.contains("no room"), "{}", page.len());
        }
    }
}
