//! The screen in several sizes, as the files beside this one have it. `MEMPROF_BLESS=1` writes them anew.

use std::path::Path;
use std::time::Duration;

use memprof::Report;
use memprof::report::data::{Distribution, Finding, Function, LiveGroup};
use ratatui::Terminal;
use ratatui::backend::TestBackend;

use super::*;

const MB: u64 = 1 << 20;

fn function(name: &str, line: u32, calls: u64, bytes: u64) -> Function {
    let mut row = Function::default();
    row.name = name.to_owned();
    row.file = "src/shop/orders.rs".to_owned();
    row.line = line;
    row.calls = calls;
    row.self_allocated_bytes = bytes;
    row.self_allocated_count = calls.saturating_mul(3);
    row.allocated_bytes = bytes.saturating_add(bytes / 2);
    row.allocated_count = calls.saturating_mul(4);
    row.retained_bytes = Some(bytes / 4);
    row.retained_error_bytes = Some(0);
    row
}

/// The report of a program after so many seconds.
fn report(second: u64) -> Report {
    let mut report = Report::default();
    report.allocator.installed = true;
    let program = &mut report.program;
    program.name = "shop".into();
    program.version = Some("1.4.0".into());
    program.host = Some("web-07".into());
    program.pid = 4711;
    program.run = "a".into();
    program.duration_seconds = second as f64;
    report.totals.allocated_bytes = second * 12 * MB;
    report.totals.allocated_count = second * 34_567;
    report.totals.net_bytes = (20 * MB + second * MB / 2) as i64;
    report.totals.net_count = 12_345;
    report.totals.peak_bytes = 60 * MB;
    report.os.rss_bytes = Some(40 * MB + second * MB / 2);
    report.os.limit_bytes = Some(128 * MB);
    report.overhead.profiler_bytes = 4 * MB;
    report.live.tracked = Some(5_000);
    let mut search = function("shop::search::Index::query", 42, second * 1_200, second * 8 * MB);
    search.active = 2;
    search.peak_bytes = Some(70_000);
    let mut calls = Distribution::default();
    (calls.min, calls.p50, calls.p95, calls.max) = (12, Some(6_000), Some(9_000), 70_000);
    search.per_call = Some(calls);
    let mut session = function("<shop::sessions::Store<u64> as shop::Keep>::open", 7, second * 500, second * 2 * MB);
    session.retained_error_bytes = Some(1_000_000);
    let mut unknown = function("shop::größe::数据::索引", 99, 3, second * MB);
    unknown.retained_bytes = None;
    report.functions = vec![
        function("shop::load", 5, 1, 16 * MB),
        search,
        session,
        unknown,
        function("\u{1b}[2Jred\u{202e}\nline", 1, 0, 0),
    ];
    report.unattributed.self_allocated_bytes = second * 12 * MB - 16 * MB - second * 11 * MB;
    report.unattributed.retained_bytes = Some(100);
    let mut group = LiveGroup::default();
    group.path = vec!["shop::serve".into(), "shop::sessions".into(), report.functions[2].name.clone()];
    group.file = Some("src/shop/orders.rs".into());
    group.line = Some(7);
    group.verdict = Some("growing".into());
    group.bytes_per_second = 500_000.0;
    group.bytes = second * MB / 2;
    group.count = second * 250;
    group.oldest_seconds = second as f64;
    report.live.groups = vec![group];
    let mut finding = Finding::default();
    finding.title = "sessions are not being freed: +0.5 MB/s, 1.0 KB per call of `open`".into();
    finding.advice = "Remove sessions that have ended.".into();
    finding.function = Some(report.functions[2].name.clone());
    report.findings = vec![finding];
    report
}

fn state() -> State {
    let mut state = State::new("127.0.0.1:6070".into(), Column::OwnRate, report(30));
    for second in 31..=75 {
        assert!(state.take(report(second)));
    }
    state
}

fn drawn(state: &mut State, width: u16, height: u16) -> String {
    let mut terminal = Terminal::new(TestBackend::new(width, height)).unwrap();
    terminal.draw(|frame| draw(frame, state)).unwrap();
    let buffer = terminal.backend().buffer();
    let mut text = String::new();
    for row in 0..height {
        let mut line = String::new();
        let mut column = 0;
        while column < width {
            let symbol = buffer[(column, row)].symbol();
            line.push_str(symbol);
            // A wide letter takes the next cell as well.
            column += symbol.width().max(1) as u16;
        }
        text.push_str(line.trim_end());
        text.push('\n');
    }
    text
}

/// Compares the screen with a file.
fn check(name: &str, state: &mut State, width: u16, height: u16) {
    let text = drawn(state, width, height);
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/commands/top/screen").join(format!("{name}.txt"));
    if std::env::var_os("MEMPROF_BLESS").is_some() {
        std::fs::write(&path, &text).unwrap();
    }
    let expected = std::fs::read_to_string(&path).unwrap_or_default().replace("\r\n", "\n");
    assert!(text == expected, "{name} (MEMPROF_BLESS=1 writes it anew):\n{text}");
    assert!(text.lines().all(|line| line.width() <= usize::from(width)), "{text}");
}

#[test]
fn the_table_is_that_of_the_files() {
    check("table_80x24", &mut state(), 80, 24);
    check("table_120x40", &mut state(), 120, 40);
    check("table_60x15", &mut state(), 60, 15);
    check("table_59x15", &mut state(), 59, 15);
}

#[test]
fn other_views_are_those_of_the_files() {
    let mut state = state();
    state.selected = state.rows.iter().position(|row| row.name.contains("Keep"));
    state.view = View::Details(0);
    check("details_80x40", &mut state, 80, 40);
    state.selected = state.rows.iter().position(|row| row.id.is_none());
    check("outside_80x24", &mut state, 80, 24);
    state.view = View::Help(0);
    check("help_80x30", &mut state, 80, 30);
}

#[test]
fn the_last_line_tells_what_happens() {
    let mut state = state();
    let last = |state: &mut State| drawn(state, 80, 24).lines().last().unwrap().to_owned();
    let reason = "127.0.0.1:6070 does not answer (nothing listens there)".to_owned();
    state.connection = Connection::Waiting { reason, left: Duration::from_secs(3) };
    assert_eq!(last(&mut state), "127.0.0.1:6070 does not answer (nothing listens there); next try in 3 s");
    assert!(drawn(&mut state, 80, 24).lines().next().unwrap().contains("○ no answer"));
    state.connection = Connection::Paused;
    assert!(drawn(&mut state, 80, 24).lines().next().unwrap().contains("‖ paused"));
    state.search = "Keep".into();
    state.arrange();
    assert_eq!(last(&mut state), "1 of 6 rows with “Keep”; Esc shows all");
    state.is_typing = true;
    assert_eq!(last(&mut state), "/Keep▏");
}

#[test]
fn nothing_counted_is_said() {
    let mut state = state();
    state.report.allocator.installed = false;
    assert!(drawn(&mut state, 80, 24).contains("allocator is not installed"));
}

#[test]
fn a_function_beneath_the_last_line_can_be_seen() {
    let mut report = report(80);
    report.functions =
        (0..100).map(|number| function(&format!("f{number:02}"), number, 1, u64::from(number))).collect();
    let mut state = State::new(String::new(), Column::Own, report);
    assert!(drawn(&mut state, 80, 24).contains("f99"));
    state.select(isize::MAX);
    let text = drawn(&mut state, 80, 24);
    assert!(text.contains("f00") && !text.contains("f99"), "{text}");
    state.select(-2);
    assert_eq!(drawn(&mut state, 80, 24), text, "the table moves only if it must");
    // A larger screen has no rows beneath the last one.
    assert!(drawn(&mut state, 80, 200).contains("f99"));
}

#[test]
fn no_size_and_no_name_is_a_panic() {
    let names = [
        "",
        "\0\u{7f}\u{85}",
        "数据索引构建",
        "مرحبا::بك",
        "e\u{301}\u{301}\u{301}",
        "🦀👨‍👩‍👧‍👦",
        "<<<<::>>>>",
        "::::",
        "\u{200b}\u{202e}",
    ];
    let mut report = report(90);
    let long = "module::".repeat(5_000);
    for (line, name) in names.into_iter().chain([long.as_str()]).enumerate() {
        report.functions.push(function(name, line as u32, u64::MAX, u64::MAX));
    }
    report.program.name = long.clone();
    report.program.host = Some("\u{1b}]0;title\u{7}".into());
    report.totals.net_bytes = i64::MIN;
    report.totals.allocated_bytes = u64::MAX;
    report.program.duration_seconds = 1e300;
    for group in &mut report.live.groups {
        group.bytes_per_second = f64::INFINITY;
    }
    let mut state = State::new(long, Column::OwnRate, report);
    for width in (0..130).step_by(7) {
        for height in [0, 1, 2, 14, 15, 16, 20, 24, 60] {
            for view in [View::Table, View::Details(3), View::Help(usize::MAX)] {
                for place in [None, Some(0), Some(7), Some(10_000)] {
                    state.view = view;
                    state.selected = place;
                    let text = drawn(&mut state, width, height);
                    assert!(!text.chars().any(|letter| letter.is_control() && letter != '\n'), "{text:?}");
                }
            }
        }
    }
}
