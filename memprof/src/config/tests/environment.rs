//! The environment variables.

use super::{load_in, output_dir, project};
use crate::Format;
use crate::config::key::KEYS;

#[test]
fn every_key_can_be_set_by_its_variable() {
    let (root, ..) = project();
    let defaults = load_in(root.path(), None, &[]).unwrap().config;
    for key in KEYS {
        // One of these differs from the default and has the right type.
        let differs =
            ["false", "true", "77", "other", "SIGTERM", "pprof", "[::1]:0", "0123456789abcdef"].iter().any(|value| {
                load_in(root.path(), None, &[(&key.variable(), value)]).is_ok_and(|loaded| loaded.config != defaults)
            });
        assert!(differs, "{}", key.variable());
    }
}

#[test]
fn variables_override_the_file() {
    let (_root, project, sub) = project();
    let loaded = load_in(
        &sub,
        None,
        &[
            ("MEMPROF_OUTPUT_DIR", "from_env"),
            ("MEMPROF_ENABLED", "0"),
            ("MEMPROF_ABORT_ON_OOM", "1"),
            ("MEMPROF_MAX_TRACKED_ALLOCATIONS", "20_000"),
        ],
    )
    .unwrap();
    assert_eq!(loaded.file, Some(project.join("memory_profile.toml")));
    assert_eq!(output_dir(&loaded), sub.join("from_env"), "relative to the working directory");
    assert!(!loaded.config.memory_profiling.enabled && loaded.config.jemalloc.abort_on_oom);
    assert_eq!(loaded.config.memory_profiling.max_tracked_allocations, 20_000);
    assert!(loaded.warnings.is_empty());
}

#[test]
fn a_variable_that_cannot_be_used_is_an_error() {
    let (root, ..) = project();
    let cases = [
        ("MEMPROF_ENABLED", "yes", "must be true, false, 1 or 0; found `yes`; did you mean true?"),
        ("MEMPROF_ENABLED", "", "must be true, false, 1 or 0; found ``"),
        ("MEMPROF_MAX_TRACKED_ALLOCATIONS", "0", "must be at least 1; to track none, set track_allocations to false"),
        ("MEMPROF_MAX_TRACKED_ALLOCATIONS", "1e4", "must be a whole number from 1 to 100000000; found `1e4`"),
        ("MEMPROF_DUMP_ON_SIGNAL", "SIGINT,SIGTRM", "has the unknown signal `SIGTRM`; did you mean `SIGTERM`?"),
        ("MEMPROF_OUTPUT_DIR", "", "must not be empty; write \".\" for the folder itself"),
        ("MEMPROF_FORMATS", "html,hmtl", "has the unknown format `hmtl`; did you mean `html`?"),
        ("MEMPROF_HTML_REPORT", "memory_leaks.txt", "leak_report and html_report must be two different files"),
        (
            "MEMPROF_SERVE_ADDRESS",
            "6070",
            "must be an IP address or localhost, and a port, such as \"127.0.0.1:6070\"; found `6070`",
        ),
        ("MEMPROF_SERVE_TOKEN", "secret", "must be 16 to 256 letters, digits or characters of -._~+/="),
        (
            "MEMPROF_HTML_REPORT",
            "x/y",
            "must be a file name without a folder; found `x/y`; the folder is set by output_dir",
        ),
        (
            "MEMPROF_LEAK_REPORT",
            "/x",
            "must be a file name without a folder; found `/x`; the folder is set by output_dir",
        ),
        (
            "MEMPROF_LEAK_REPORT",
            "memory_allocations.json",
            "allocation_report and leak_report must be two different files",
        ),
    ];
    for (name, value, expected) in cases {
        let error = load_in(root.path(), None, &[(name, value)]).unwrap_err();
        assert_eq!(error.to_string(), format!("{name}: {expected}"));
    }
}

#[test]
fn formats_stand_with_commas_between() {
    let (root, ..) = project();
    for (value, expected) in [
        ("", vec![]),
        ("pprof", vec![Format::Pprof]),
        ("html, dhat;svg,html", vec![Format::Html, Format::Dhat, Format::Svg]),
    ] {
        let loaded = load_in(root.path(), None, &[("MEMPROF_FORMATS", value)]).unwrap();
        assert_eq!(loaded.config.reporting.formats, expected, "{value}");
    }
}

#[cfg(unix)]
#[test]
fn a_path_in_the_environment_need_not_be_text() {
    use std::ffi::OsString;
    use std::os::unix::ffi::OsStringExt;
    use std::path::Path;

    use crate::config::file::{Surroundings, load};

    let bytes = OsString::from_vec(vec![b'a', 0xff]);
    let variables = vec![(String::from("MEMPROF_OUTPUT_DIR"), bytes.clone())];
    let loaded = load(None, Surroundings { working_directory: Ok("/".into()), variables }).unwrap();
    assert_eq!(output_dir(&loaded), Path::new("/").join(&bytes));
    let variables = vec![(String::from("MEMPROF_ENABLED"), bytes)];
    assert!(load(None, Surroundings { working_directory: Ok("/".into()), variables }).is_err());
}

#[test]
fn an_unknown_variable_is_a_warning() {
    let (root, ..) = project();
    let variables = [("MEMPROF_OUTPUT", "x"), ("MEMPROF_QQ", "x"), ("MEMPROF_BLESS", "1"), ("MEMPROF_TEST", "x")];
    let loaded = load_in(root.path(), None, &variables).unwrap();
    assert_eq!(
        loaded.warnings,
        [
            "the environment variable `MEMPROF_OUTPUT` is not one of memprof's; did you mean MEMPROF_OUTPUT_DIR?",
            "the environment variable `MEMPROF_QQ` is not one of memprof's; it has no effect",
        ]
    );
}
