//! Files that are no reports, and outputs that do not take one.
#![allow(missing_docs)]

use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};

use memprof::Report;

fn command(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_cargo-memprof"));
    command.arg("memprof").args(arguments).stdin(Stdio::null());
    command
}

/// The status and the one line of a command that fails.
fn failed(arguments: &[&str]) -> (Option<i32>, String) {
    let output = command(arguments).output().unwrap();
    let words = String::from_utf8(output.stderr).unwrap();
    assert_eq!(words.lines().count(), 1, "{words}");
    (output.status.code(), words.trim_end().to_owned())
}

#[test]
fn each_command_names_the_file_and_the_reason() {
    let folder = tempfile::tempdir().unwrap();
    let file = |name: &str, content: &[u8]| {
        let path = folder.path().join(name);
        fs::write(&path, content).unwrap();
        path.to_str().unwrap().to_owned()
    };
    let good = file(
        "good.json",
        Report::default().to_json().replace("\"schema_version\": 0", "\"schema_version\": 1").as_bytes(),
    );
    let later = Report::default().to_json().replace("\"schema_version\": 0", "\"schema_version\": 7");
    for (name, content, reason) in [
        ("empty.json", &b""[..], "this is no report: it is empty"),
        ("text.json", b"memory", "this is no report: it is not a JSON object"),
        ("noise.json", &[b'{', 0xff, 0xfe, 0x00], "this is no report: it is not UTF-8"),
        ("other.json", b"{\"a\": 1}", "this is no report: the field `schema_version` is missing"),
        ("later.json", later.as_bytes(), "use a newer memprof"),
    ] {
        let path = file(name, content);
        for arguments in [
            &["report", &path][..],
            &["explain", &path],
            &["diff", &good, &path],
            &["diff", &path, &good],
            &["check", &path, "--baseline", &good],
            &["check", &good, "--baseline", &path],
            &["merge", &good, &path, "-o", "-"],
        ] {
            let (status, words) = failed(arguments);
            assert!(status == Some(1) && words.contains(&path) && words.contains(reason), "{arguments:?}: {words}");
        }
    }
    let marked = file("marked.json", &[b"\xef\xbb\xbf", fs::read(&good).unwrap().as_slice()].concat());
    assert!(command(&["report", &marked]).output().unwrap().status.success());
    let none = folder.path().join("none.json");
    let (status, words) = failed(&["report", none.to_str().unwrap()]);
    assert!(status == Some(1) && words.starts_with(&format!("error: cannot read {}: ", none.display())), "{words}");
    let nowhere = folder.path().join("no/such/folder/out.html");
    let (status, words) = failed(&["report", &good, "-o", nowhere.to_str().unwrap()]);
    assert!(status == Some(1) && words.contains("cannot write"), "{words}");
}

#[test]
fn a_large_file_of_noise_is_refused_at_its_start() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("noise");
    // Sparse: 1 GB of zeros.
    fs::File::create(&path).unwrap().set_len(1 << 30).unwrap();
    let started = std::time::Instant::now();
    let (status, words) = failed(&["report", path.to_str().unwrap()]);
    assert!(status == Some(1) && words.ends_with("this is no report: it is not a JSON object"), "{words}");
    println!("{:?}", started.elapsed());
}

#[cfg(unix)]
#[test]
fn a_reader_that_is_gone_is_no_error() {
    let golden = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/golden/memory_allocations.json");
    let golden = golden.to_str().unwrap();
    for arguments in
        [&["report", golden][..], &["report", golden, "--format", "html"], &["diff", golden, golden, "--all"]]
    {
        let (reader, writer) = std::io::pipe().unwrap();
        drop(reader);
        let output = command(arguments).stdout(writer).output().unwrap();
        assert_eq!((output.status.code(), output.stderr.as_slice()), (Some(0), &b""[..]), "{arguments:?}");
    }
    let full = fs::OpenOptions::new().write(true).open("/dev/full");
    if let Ok(full) = full {
        let output = command(&["report", golden]).stdout(full).output().unwrap();
        assert_eq!(output.status.code(), Some(1), "{output:?}");
    }
}

#[cfg(target_os = "linux")]
#[test]
fn a_file_is_whole_or_as_it_was() {
    let folder = tempfile::tempdir().unwrap();
    let golden = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/golden/memory_allocations.json");
    let page = folder.path().join("page.html");
    fs::write(&page, "before").unwrap();
    // A limit of the size of files, as on a full disk: the page has more.
    let script = format!(
        "ulimit -f 8; trap '' XFSZ; exec {} memprof report {} -o {}",
        env!("CARGO_BIN_EXE_cargo-memprof"),
        golden.display(),
        page.display()
    );
    let output = Command::new("bash").args(["-c", &script]).output().unwrap();
    assert_eq!(output.status.code(), Some(1), "{output:?}");
    assert_eq!(fs::read_to_string(&page).unwrap(), "before");
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1, "no half file is left");
    // What a link names is written, and the link stays.
    let link = folder.path().join("link.html");
    std::os::unix::fs::symlink("page.html", &link).unwrap();
    assert!(command(&["report", golden.to_str().unwrap(), "-o", link.to_str().unwrap()]).status().unwrap().success());
    assert!(fs::symlink_metadata(&link).unwrap().is_symlink() && fs::read(&page).unwrap().starts_with(b"<!doctype"));
}
