//! Possible contents of `memory_profile.toml`.

use std::path::Path;
use std::sync::LazyLock;

use memprof::{Config, Error};
use proptest::prelude::*;
use proptest::sample::{Index, select};

use super::{assert_is_readable, cases, on_a_small_stack};

/// The file that users copy, without its comments: they are most of it, and hide the damage.
static SHIPPED: LazyLock<Vec<u8>> = LazyLock::new(|| {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../memory_profile.toml");
    let text = std::fs::read_to_string(path).unwrap();
    text.lines().filter(|line| !line.starts_with('#')).flat_map(|line| [line, "\n"]).collect::<String>().into_bytes()
});

/// The keys of each section.
const KEYS: [(&str, &str); 27] = [
    ("memory_profiling", "enabled"),
    ("memory_profiling", "track_allocations"),
    ("memory_profiling", "dump_on_exit"),
    ("memory_profiling", "max_tracked_allocations"),
    ("memory_profiling", "sample_interval_bytes"),
    ("memory_profiling", "overhead_budget_percent"),
    ("memory_profiling", "backtraces"),
    ("memory_profiling", "max_backtrace_frames"),
    ("memory_profiling", "max_label_values"),
    ("memory_profiling", "timeline_points"),
    ("memory_profiling", "peak_step_percent"),
    ("jemalloc", "background_thread"),
    ("jemalloc", "abort_on_oom"),
    ("jemalloc", "stats_print"),
    ("leaks", "ignore"),
    ("reporting", "output_dir"),
    ("reporting", "allocation_report"),
    ("reporting", "leak_report"),
    ("reporting", "formats"),
    ("reporting", "html_report"),
    ("reporting", "overwrite"),
    ("reporting", "program_args"),
    ("reporting", "growth_columns"),
    ("reporting", "every_seconds"),
    ("reporting", "keep"),
    ("serve", "serve_address"),
    ("serve", "serve_token"),
];

/// Reads it as a file with these bytes is read; an error says where, in words that can be read.
fn read(bytes: &[u8]) -> Result<Config, String> {
    let result = match std::str::from_utf8(bytes) {
        Ok(text) => Config::from_toml(text, "memory_profile.toml"),
        // Only a file can hold it.
        Err(_) => {
            thread_local!(static FILE: tempfile::NamedTempFile = tempfile::NamedTempFile::new().unwrap());
            FILE.with(|file| {
                std::fs::write(file.path(), bytes).unwrap();
                Config::from_file(file.path())
            })
        }
    };
    result.map_err(|error| {
        let Error::Config { line, column, message, .. } = &error else { panic!("{error}") };
        let lines = bytes.iter().filter(|byte| **byte == b'\n').count() + 1;
        assert!((1..=lines).contains(line) && (1..=bytes.len() + 1).contains(column), "{error}");
        assert!(error.to_string().ends_with(&format!(":{line}:{column}: {message}")));
        assert_is_readable(&error.to_string());
        message.clone()
    })
}

/// Pieces of which a configuration is made, and what does not belong there.
fn piece() -> impl Strategy<Value = Vec<u8>> {
    let words = [
        "[memory_profiling]",
        "[reporting]",
        "[leaks]",
        "[jemalloc]",
        "[[",
        "]]",
        "enabled",
        "output_dir",
        "ignore",
        "keep",
        "=",
        ".",
        ",",
        "\"",
        "'",
        "\"\"\"",
        "'''",
        "[",
        "]",
        "{",
        "}",
        "#",
        "\n",
        "\r",
        "\r\n",
        "\t",
        " ",
        "\\",
        "\\u0000",
        "\\uD800",
        "\\U0010FFFF",
        "\0",
        "\u{1b}[31m",
        "\u{feff}",
        "\u{202e}",
        "true",
        "false",
        "inf",
        "-nan",
        "1e99",
        "0x",
        "1_",
        "99999999999999999999999999999999999999999",
        "-9223372036854775809",
        "1e99 GiB",
        "1979-05-27T07:32:00Z",
    ];
    prop_oneof![
        4 => select(words.map(|word| word.as_bytes().to_vec()).to_vec()),
        1 => proptest::collection::vec(any::<u8>(), 1..8),
        1 => any::<String>().prop_map(String::into_bytes),
    ]
}

/// A value of TOML, or nearly.
fn value() -> impl Strategy<Value = String> {
    prop_oneof![
        any::<i128>().prop_map(|number| number.to_string()),
        any::<u64>().prop_map(|number| format!("{number:#x}")),
        any::<f64>().prop_map(|number| format!("{number:e}")),
        select(
            ["nan", "-inf", "1e99", "-0", "0", "-1", "1.0", "1e400", "+1", "0b1", "0o777_7"]
                .map(str::to_owned)
                .to_vec()
        ),
        select(
            ["'1e99 GiB'", "'-1 B'", "'NaN'", "'10 000'", "''", "'..'", "'/'", "'a/../b'", "'\u{1b}'", "\"\\u0000\""]
                .map(str::to_owned)
                .to_vec()
        ),
        any::<String>().prop_map(|text| format!("{text:?}")),
        (1_000usize..5_000).prop_map(|length| format!("'{}'", "ä/".repeat(length))),
        proptest::collection::vec(any::<i64>(), 0..5).prop_map(|numbers| format!("{numbers:?}")),
        proptest::collection::vec("[a-z*?]{0,9}", 0..5).prop_map(|texts| format!("{texts:?}")),
        select(["true", "false", "{}", "{ a = 1 }", "[[]]", "1979-05-27", "07:32:00"].map(str::to_owned).to_vec()),
    ]
}

proptest! {
    #![proptest_config(cases(1_000))]

    #[test]
    fn any_bytes(bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
        let _ = read(&bytes);
    }

    #[test]
    fn any_pieces(pieces in proptest::collection::vec(piece(), 0..30)) {
        let _ = read(&pieces.concat());
    }

    /// The file that users copy, with pieces taken out, put in and written over.
    #[test]
    fn damaged_files(damage in proptest::collection::vec((any::<Index>(), 0usize..40, piece()), 1..6)) {
        let mut bytes = SHIPPED.clone();
        for (place, length, piece) in damage {
            let start = place.index(bytes.len() + 1);
            let end = (start + length).min(bytes.len());
            bytes.splice(start..end, piece);
        }
        let _ = read(&bytes);
    }

    /// Every key with any value: it is taken, or the error names the key, on its line.
    #[test]
    fn any_value(key in select(KEYS.to_vec()), value in value(), lines in 0usize..5) {
        let (section, name) = key;
        let text = format!("{}[{section}]\n{name} = {value}\n", "\n".repeat(lines));
        if let Err(message) = read(text.as_bytes()) {
            let error = Config::from_toml(&text, "a").unwrap_err().to_string();
            prop_assert!(error.starts_with(&format!("a:{}:", lines + 2)), "{}", error);
            let names_it = message.starts_with(&format!("`{name}` must"));
            // Two files of one name; or what is no value at all.
            let is_clash = message.contains("two different files") || message.contains("jemalloc's statistics");
            let is_no_toml = toml_is_at_fault(&message);
            prop_assert!(names_it || is_clash || is_no_toml, "{}: {}", text, message);
        }
    }
}

/// True if it is the parser's message: the value is not valid TOML.
fn toml_is_at_fault(message: &str) -> bool {
    !message.contains(" must ")
}

#[test]
fn sizes_that_are_none() {
    for (value, found) in [
        ("'1e99 GiB'", "the text `1e99 GiB`"),
        ("'-1'", "the text `-1`"),
        ("1e99", "the float `1e99`"),
        ("nan", "the float `nan`"),
        ("-inf", "the float `-inf`"),
        ("-5", "`-5`"),
        ("1_000_000_000_000_000_000_000_000_000_000_000_000_000", "`1000000000000000000000000000000000000000`"),
    ] {
        let message = read(format!("[memory_profiling]\nmax_tracked_allocations = {value}").as_bytes()).unwrap_err();
        let expected = format!("`max_tracked_allocations` must be a whole number from 1 to 100000000; found {found}");
        assert_eq!(message, expected);
    }
}

#[test]
fn configurations_that_go_deep() {
    for depth in [10, 100, 1_000, 30_000, 100_000] {
        for (name, text) in [
            ("arrays", format!("[jemalloc]\nstats_print = {}", "[".repeat(depth))),
            ("whole arrays", format!("[jemalloc]\nstats_print = {}{}", "[".repeat(depth), "]".repeat(depth))),
            ("tables", format!("[jemalloc]\nstats_print = {}", "{a=".repeat(depth))),
            ("whole tables", format!("[jemalloc]\nstats_print = {}1{}", "{a=".repeat(depth), "}".repeat(depth))),
            ("dotted keys", format!("{}a = 1", "a.".repeat(depth))),
            ("dotted keys in a section", format!("[jemalloc]\n{}a = 1", "a.".repeat(depth))),
            ("headers", format!("[{}a]\nb = 1", "a.".repeat(depth))),
            ("arrays of tables", format!("[[{}a]]\nb = 1", "a.".repeat(depth))),
        ] {
            on_a_small_stack(|| read(text.as_bytes())).expect_err(name);
        }
    }
}

#[test]
fn configurations_with_many_mistakes() {
    let keys: String = (0..40_000).map(|number| format!("enabled{number} = 1\n")).collect();
    assert!(read(format!("[memory_profiling]\n{keys}").as_bytes()).unwrap_err().contains("did you mean `enabled`?"));
    let sections: String = (0..40_000).map(|number| format!("[reporting{number}]\n")).collect();
    assert!(read(sections.as_bytes()).unwrap_err().contains("did you mean [reporting]?"));
}
