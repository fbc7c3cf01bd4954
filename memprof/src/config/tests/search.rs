//! The search for the file, and failures to read it.

use std::fs;
use std::io;
use std::path::Path;

use super::{load_in, output_dir, project};
use crate::Error;
use crate::config::Config;
use crate::config::file::{Surroundings, load};

#[test]
fn the_nearest_file_of_the_ancestors_is_read() {
    let (root, project, sub) = project();
    let loaded = load_in(&sub, None, &[]).unwrap();
    assert_eq!(loaded.file, Some(project.join("memory_profile.toml")));
    assert_eq!(output_dir(&loaded), project.join("out"));

    fs::write(sub.join("memory_profile.toml"), "").unwrap();
    let loaded = load_in(&sub, None, &[]).unwrap();
    assert_eq!(loaded.file, Some(sub.join("memory_profile.toml")));
    assert_eq!(output_dir(&loaded), sub.join("data/logs"), "the file does not set it");

    let loaded = load_in(root.path(), None, &[]).unwrap();
    assert_eq!((loaded.file.clone(), output_dir(&loaded)), (None, root.path().join("data/logs").as_path()));
}

#[test]
fn a_named_file_goes_before_the_search_and_the_variable_before_all() {
    let (_root, project, sub) = project();
    fs::write(project.join("a.toml"), "[reporting]\noutput_dir = 'a'").unwrap();
    fs::write(sub.join("b.toml"), "[reporting]\noutput_dir = 'b'").unwrap();
    let loaded = load_in(&sub, Some("../a.toml"), &[]).unwrap();
    // Windows resolves the dots.
    assert_eq!(output_dir(&loaded), std::path::absolute(sub.join("../a")).unwrap());
    let loaded = load_in(&project, Some("a.toml"), &[("MEMPROF_CONFIG", "sub/b.toml")]).unwrap();
    assert_eq!(output_dir(&loaded), sub.join("b"));
    assert_eq!(loaded.file, Some(sub.join("b.toml")));
    assert!(loaded.warnings.is_empty(), "{:?}", loaded.warnings);
}

#[test]
fn a_named_file_that_is_missing_is_an_error() {
    let (_root, project, _sub) = project();
    let error = load_in(&project, Some("none.toml"), &[]).unwrap_err().to_string();
    assert!(error.starts_with("cannot read the configuration none.toml: "), "{error}");
    let error = load_in(&project, None, &[("MEMPROF_CONFIG", "none.toml")]).unwrap_err().to_string();
    assert!(error.starts_with("MEMPROF_CONFIG: cannot read `none.toml`: "), "{error}");
    assert!(error.ends_with("; name a file, or unset the variable"), "{error}");
    let error = load_in(&project, None, &[("MEMPROF_CONFIG", "")]).unwrap_err().to_string();
    assert_eq!(error, "MEMPROF_CONFIG: is empty; name a file, or unset the variable");
}

#[test]
fn a_file_is_shown_as_the_user_finds_it() {
    let (_root, project, sub) = project();
    fs::write(project.join("memory_profile.toml"), "[a]").unwrap();
    let shown = |directory: &Path, explicit| load_in(directory, explicit, &[]).unwrap_err().to_string();
    assert!(shown(&project, None).starts_with("memory_profile.toml:1:2: "));
    assert!(shown(&sub, None).starts_with(&format!("{}:1:2: ", project.join("memory_profile.toml").display())));
    assert!(shown(&sub, Some("../memory_profile.toml")).starts_with("../memory_profile.toml:1:2: "));
    let full = project.join("memory_profile.toml");
    assert!(shown(&project, full.to_str()).starts_with("memory_profile.toml:1:2: "));
}

#[test]
fn what_cannot_be_read_is_an_error() {
    let (_root, project, sub) = project();
    fs::create_dir(sub.join("memory_profile.toml")).unwrap();
    let error = load_in(&sub, None, &[]).unwrap_err();
    assert!(matches!(error, Error::Io { .. }), "{error}");
    fs::write(project.join("memory_profile.toml"), b"[jemalloc]\n# \xc3\xa4 \xe4").unwrap();
    let error = load_in(&project, None, &[]).unwrap_err().to_string();
    assert_eq!(error, "memory_profile.toml:2:5: the file is not UTF-8 text; save it as UTF-8");
    fs::write(project.join("memory_profile.toml"), "#".repeat((1 << 20) + 1)).unwrap();
    let error = load_in(&project, None, &[]).unwrap_err().to_string();
    assert!(error.ends_with("it is larger than 1 MB and cannot be a configuration"), "{error}");
}

#[cfg(unix)]
#[test]
fn links_are_followed_and_bad_ones_are_errors() {
    use std::os::unix::fs::symlink;
    let (root, project, sub) = project();
    let elsewhere = root.path().join("elsewhere.toml");
    fs::write(&elsewhere, "[reporting]\noutput_dir = 'x'").unwrap();
    symlink(&elsewhere, sub.join("memory_profile.toml")).unwrap();
    assert_eq!(output_dir(&load_in(&sub, None, &[]).unwrap()), sub.join("x"), "the folder of the link");
    fs::remove_file(&elsewhere).unwrap();
    assert!(matches!(load_in(&sub, None, &[]), Err(Error::Io { .. })), "a link to nothing");
    fs::remove_file(project.join("memory_profile.toml")).unwrap();
    symlink("memory_profile.toml", project.join("memory_profile.toml")).unwrap();
    assert!(matches!(load_in(&project, None, &[]), Err(Error::Io { .. })), "a link to itself");
}

#[test]
fn without_a_working_directory_the_defaults_hold() {
    let missing = io::Error::from(io::ErrorKind::NotFound);
    let loaded = load(None, Surroundings { working_directory: Err(missing), variables: Vec::new() }).unwrap();
    assert_eq!(loaded.config.memory_profiling, Config::default().memory_profiling);
    assert!(loaded.warnings[0].starts_with("the working directory is not known"), "{:?}", loaded.warnings);
}
