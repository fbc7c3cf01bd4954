//! `Config::load` in a process with a working directory and an environment of its own.

use std::fs;
use std::path::Path;

/// Runs the test `child` below as a program, and returns what it says.
fn load_in(directory: &Path, variables: &[(&str, &str)]) -> String {
    let mut command = memprof_tests::program::command(&std::env::current_exe().unwrap());
    command.args(["child", "--exact", "--ignored", "--nocapture"]).current_dir(directory);
    // What the developer has set for the test run must not decide what is tested.
    for (name, _) in std::env::vars_os().filter(|(name, _)| name.to_string_lossy().starts_with("MEMPROF_")) {
        command.env_remove(name);
    }
    let output = command.envs(variables.iter().copied()).output().unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    text.lines().filter_map(|line| line.split_once("child: ")).map(|(_, said)| format!("{said}\n")).collect()
}

#[test]
#[ignore = "the program that the other tests run"]
fn child() {
    // The test harness prints its own words before ours on the same line.
    match memprof::Config::load() {
        Ok(loaded) => {
            println!("child: {}", loaded.config.reporting.output_dir.display());
            println!("child: {}", loaded.config.memory_profiling.enabled);
            for warning in loaded.warnings {
                println!("child: {warning}");
            }
        }
        Err(error) => println!("child: {error}"),
    }
}

/// An empty folder by the name that a process in it gets to see.
fn folder() -> (tempfile::TempDir, std::path::PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    // On Windows the name that has no more links in it has a form that only some functions take.
    let path = if cfg!(windows) { folder.path().to_owned() } else { folder.path().canonicalize().unwrap() };
    (folder, path)
}

#[test]
fn the_file_and_the_environment_of_the_process_are_read() {
    let (_folder, root) = folder();
    let sub = root.join("sub");
    fs::create_dir(&sub).unwrap();
    assert_eq!(load_in(&sub, &[]), format!("{}\ntrue\n", sub.join("data").join("logs").display()));

    fs::write(root.join("memory_profile.toml"), "[reporting]\noutput_dir = 'out'\n").unwrap();
    assert_eq!(load_in(&sub, &[]), format!("{}\ntrue\n", root.join("out").display()));
    assert_eq!(
        load_in(&sub, &[("MEMPROF_ENABLED", "0"), ("MEMPROF_ENABLE", "0"), ("MEMPROF_OUTPUT_DIR", "here")]),
        format!(
            "{}\nfalse\nthe environment variable `MEMPROF_ENABLE` is not one of memprof's; \
             did you mean MEMPROF_ENABLED?\n",
            sub.join("here").display()
        )
    );
}

#[test]
fn a_mistake_is_one_line_that_names_the_place() {
    let (_folder, root) = folder();
    fs::write(root.join("memory_profile.toml"), "[memory_profiling]\nenabled = 'yes'\n").unwrap();
    assert_eq!(
        load_in(&root, &[]),
        "memory_profile.toml:2:11: `enabled` must be true or false; found the text `yes`; did you mean true?\n"
    );
    fs::write(root.join("other.toml"), "[colour]").unwrap();
    assert_eq!(
        load_in(&root, &[("MEMPROF_CONFIG", "other.toml")]),
        "other.toml:1:2: unknown section `colour`; the sections are [memory_profiling], [jemalloc], [leaks], [reporting], \
         [limits], [serve]\n"
    );
}
