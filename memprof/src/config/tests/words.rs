//! The message and the position of each mistake in a file.

use crate::config::Config;

fn message(text: &str) -> String {
    let message = Config::from_toml(text, "memory_profile.toml").unwrap_err().to_string();
    assert_eq!(message.lines().count(), 1, "{message}");
    message.strip_prefix("memory_profile.toml:").unwrap().to_owned()
}

#[test]
fn a_mistake_is_one_line_with_its_place_and_a_way_out() {
    let cases = [
        (
            "[memory_profiling]\nenabeld = true",
            "2:1: unknown key `enabeld` in [memory_profiling]; did you mean `enabled`?",
        ),
        (
            "[memory_profiling]\nmax-tracked = 3",
            "2:1: unknown key `max-tracked` in [memory_profiling]; did you mean `max_tracked_allocations`?",
        ),
        ("[jemalloc]\noutput_dir = 'x'", "2:1: `output_dir` belongs in the section [reporting], not in [jemalloc]"),
        (
            "[jemalloc]\nleak_reprot = 'x'",
            "2:1: unknown key `leak_reprot` in [jemalloc]; did you mean `leak_report` in [reporting]?",
        ),
        (
            "[jemalloc]\ncolour = 1",
            "2:1: unknown key `colour` in [jemalloc]; its keys are background_thread, abort_on_oom, stats_print",
        ),
        ("[memory_profilling]", "1:2: unknown section `memory_profilling`; did you mean [memory_profiling]?"),
        (
            "[colour]",
            "1:2: unknown section `colour`; the sections are [memory_profiling], [jemalloc], [leaks], [reporting], [limits], [serve]",
        ),
        ("enabled = true", "1:1: `enabled` belongs in the section [memory_profiling]"),
        ("enabld = true", "1:1: unknown key `enabld`; did you mean `enabled` in [memory_profiling]?"),
        ("jemalloc = true", "1:1: `jemalloc` is a section; write [jemalloc] once, followed by its keys"),
        ("[[reporting]]", "1:3: `reporting` is a section; write [reporting] once, followed by its keys"),
        (
            "[jemalloc]\nstats_print = 'yes'",
            "2:15: `stats_print` must be true or false; found the text `yes`; did you mean true?",
        ),
        (
            "[jemalloc]\nstats_print = 0",
            "2:15: `stats_print` must be true or false; found the number `0`; did you mean false?",
        ),
        ("[jemalloc]\nstats_print = True", "2:15: invalid boolean, expected `true`; did you mean true?"),
        ("[jemalloc]\nstats_print = [1]", "2:15: `stats_print` must be true or false; found an array"),
        ("[jemalloc.stats_print]\na = 1", "1:1: `stats_print` must be true or false; found a table"),
        (
            "[memory_profiling]\nmax_tracked_allocations = 0",
            "2:27: `max_tracked_allocations` must be at least 1; to track none, set track_allocations to false",
        ),
        (
            "[memory_profiling]\nmax_tracked_allocations = -5",
            "2:27: `max_tracked_allocations` must be a whole number from 1 to 100000000; found `-5`",
        ),
        (
            "[memory_profiling]\nmax_tracked_allocations = 100_000_001",
            "2:27: `max_tracked_allocations` must be a whole number from 1 to 100000000; found `100000001`",
        ),
        (
            "[memory_profiling]\nmax_tracked_allocations = 1e4",
            "2:27: `max_tracked_allocations` must be a whole number from 1 to 100000000; found the float `1e4`; did you mean 10000?",
        ),
        (
            "[memory_profiling]\nmax_tracked_allocations = nan",
            "2:27: `max_tracked_allocations` must be a whole number from 1 to 100000000; found the float `nan`",
        ),
        (
            "[memory_profiling]\nmax_tracked_allocations = '10,000'",
            "2:27: `max_tracked_allocations` must be a whole number from 1 to 100000000; found the text `10,000`; did you mean 10000?",
        ),
        (
            "[reporting]\noutput_dir = true",
            "2:14: `output_dir` must be a folder in quotes, such as \"data/logs\"; found `true`",
        ),
        (
            "[reporting]\noutput_dir = 1979-05-27",
            "2:14: `output_dir` must be a folder in quotes, such as \"data/logs\"; found a date or time",
        ),
        (
            "[memory_profiling]\ndump_on_signal = ['SIGTREM']",
            "2:18: `dump_on_signal` has the unknown signal `SIGTREM`; did you mean `SIGTERM`?",
        ),
        (
            "[memory_profiling]\ndump_on_signal = ['SIGINT', 'int']",
            "2:18: `dump_on_signal` has the unknown signal `int`; did you mean `SIGINT`?",
        ),
        (
            "[memory_profiling]\ndump_on_signal = ['SIGWINCH']",
            "2:18: `dump_on_signal` has the unknown signal `SIGWINCH`; the signals are SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGUSR1, SIGUSR2",
        ),
        (
            "[memory_profiling]\ndump_on_signal = ['SIGKILL']",
            "2:18: `dump_on_signal` has `SIGKILL`, which cannot be caught; use every_seconds to limit the loss",
        ),
        (
            "[memory_profiling]\ndump_on_signal = ['SIGABRT']",
            "2:18: `dump_on_signal` must not have `SIGABRT`: dump_on_exit already writes the reports before an abort",
        ),
        (
            "[memory_profiling]\ndump_on_signal = 'SIGINT'",
            "2:18: `dump_on_signal` must be a list of signals in quotes, such as [\"SIGINT\", \"SIGTERM\"]; found the text `SIGINT`; did you mean [\"SIGINT\"]?",
        ),
        (
            "[memory_profiling]\ndump_on_signal = [2]",
            "2:18: `dump_on_signal` must be a list of signals in quotes, such as [\"SIGINT\", \"SIGTERM\"]; found the number `2` in it",
        ),
        (
            "[reporting]\nleak_report = '{program}-{Pid}.txt'",
            "2:15: `leak_report` has the unknown placeholder `{Pid}`; did you mean `{pid}`?",
        ),
        (
            "[reporting]\noutput_dir = 'a/{user}/b'",
            "2:14: `output_dir` has the unknown placeholder `{user}`; the placeholders are {pid}, {time}, {program}, {host}",
        ),
        ("[reporting]\noutput_dir = ''", "2:14: `output_dir` must not be empty; write \".\" for the folder itself"),
        ("[reporting]\noutput_dir = \"a\\u0000b\"", "2:14: `output_dir` must not contain a NUL character"),
        ("[reporting]\nleak_report = ''", "2:15: `leak_report` must not be empty; omit the key for the default name"),
        (
            "[reporting]\nleak_report = 'a/b.txt'",
            "2:15: `leak_report` must be a file name without a folder; found `a/b.txt`; the folder is set by output_dir",
        ),
        (
            "[reporting]\nleak_report = '..'",
            "2:15: `leak_report` must be a file name without a folder; found `..`; the folder is set by output_dir",
        ),
        (
            "[reporting]\nleak_report = 'a'\nallocation_report = 'a'",
            "3:21: allocation_report and leak_report must be two different files",
        ),
        (
            "[reporting]\nleak_report = 'jemalloc_statistics.txt'",
            "2:15: jemalloc_statistics.txt is reserved for jemalloc's statistics; choose another name",
        ),
        (
            "[reporting]\nformats = ['html', 'flamegraf']",
            "2:11: `formats` has the unknown format `flamegraf`; the formats are html, pprof, dhat, folded, speedscope, csv, markdown, svg",
        ),
        ("[reporting]\nformats = ['PPROF']", "2:11: `formats` has the unknown format `PPROF`; did you mean `pprof`?"),
        (
            "[reporting]\nformats = ['json']",
            "2:11: `formats` must not have `json`: the JSON report, the leak report and the table are always made",
        ),
        (
            "[reporting]\nformats = 'html'",
            "2:11: `formats` must be a list of formats in quotes, such as [\"html\", \"pprof\"]; found the text `html`; did you mean [\"html\"]?",
        ),
        (
            "[reporting]\nformats = [1]",
            "2:11: `formats` must be a list of formats in quotes, such as [\"html\", \"pprof\"]; found the number `1` in it",
        ),
        (
            "[reporting]\nleak_report = 'a'\nhtml_report = 'a'",
            "3:15: leak_report and html_report must be two different files",
        ),
        (
            "[reporting]\nleak_report = 'memory.folded'\nformats = ['folded']",
            "3:11: memory.folded is reserved for folded; choose another name",
        ),
        ("[jemalloc]\nstats_print = true\nstats_print = true", "3:1: duplicate key"),
        ("[jemalloc]\n\n[jemalloc]", "3:2: duplicate key"),
        ("[jemalloc\n", "1:10: unclosed table, expected `]`"),
        (
            "[reporting]\noutput_dir = \"C:\\logs\"",
            "2:18: missing escaped value, expected `b`, `e`, `f`, `n`, `r`, `\\`, `\"`, `x`, `u`, `U`; write a path with / or in 'single quotes'",
        ),
    ];
    for (text, expected) in cases {
        assert_eq!(message(text), expected, "for {text:?}");
    }
}

#[test]
fn a_name_clashes_only_with_files_that_are_written() {
    let text = "[reporting]\nleak_report = 'memory_report.html'\nallocation_report = 'memory.folded'\nformats = []";
    assert!(Config::from_toml(text, "a.toml").is_ok());
}

#[test]
fn the_first_mistake_of_the_file_is_the_one_that_is_shown() {
    // The parser's tables are in alphabetical order, unlike the file.
    assert!(message("[reporting]\nzz = 1\naa = 2\n[jemalloc]\nbb = 3").starts_with("2:1: "));
}

#[test]
fn columns_count_characters() {
    assert!(message("[reporting]\n\u{fe0f}ü = 1").starts_with("2:1: "));
    assert!(message("reporting = { output_dir = 'äöü€𝄞', leak_report = 5 }").starts_with("1:51: "));
    assert!(message("[reporting]\r\n\tleak_report\t=\t5\r\n").starts_with("2:16: "));
    assert!(message("\u{feff}[colour]").starts_with("1:2: "));
}

#[test]
fn what_the_user_wrote_stays_on_one_line() {
    assert_eq!(
        message("[jemalloc]\n\"a\\nb\\u202e\\\\'\" = 1"),
        "2:1: unknown key `a\\nb\\u{202e}\\'` in [jemalloc]; its keys are background_thread, abort_on_oom, stats_print"
    );
    assert!(message(&format!("[jemalloc]\n{} = 1", "k".repeat(1 << 16))).len() < 300);
    let error = Config::from_toml("[a]", "a\nb.toml").unwrap_err().to_string();
    assert!(error.starts_with("a\\nb.toml:1:2: "), "{error}");
}

#[test]
fn every_form_of_toml_is_read() {
    for text in [
        "memory_profiling.max_tracked_allocations = 0x10",
        "memory_profiling = { max_tracked_allocations = 1_6 }",
        "\u{feff}[ memory_profiling ]\r\n\"max_tracked_allocations\" = +16 # a comment\r\n",
    ] {
        let config = Config::from_toml(text, "a.toml").unwrap();
        assert_eq!(config.memory_profiling.max_tracked_allocations, 16, "{text}");
    }
    assert_eq!(Config::from_toml("", "a.toml").unwrap(), Config::default());
}
