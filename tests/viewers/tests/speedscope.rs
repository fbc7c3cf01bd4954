//! speedscope: its schema, and its page in Chromium. `npm ci` in this folder installs it.

use std::path::{Path, PathBuf};
use std::process::Command;

use memprof::Format;
use memprof_viewers::reports;

fn here() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// The installed package.
fn release() -> PathBuf {
    let release = here().join("node_modules/speedscope/dist/release");
    assert!(release.exists(), "speedscope is not installed: run `npm ci` in {}", here().display());
    release
}

#[test]
fn the_schema_is_kept() {
    let folder = tempfile::tempdir().unwrap();
    for (name, report) in reports() {
        let file = folder.path().join(Format::Speedscope.file_name());
        std::fs::write(&file, report.to_format(Format::Speedscope)).unwrap();
        let mut command = Command::new("node");
        command.current_dir(here()).arg("schema.mjs").arg(release().join("file-format-schema.json")).arg(&file);
        let output = command.output().expect("node is there");
        assert!(output.status.success(), "{name}: {}", String::from_utf8_lossy(&output.stderr));
    }
}

/// The title of speedscope's page once it has loaded the file.
fn title(name: &str, bytes: &[u8]) -> String {
    let folder = tempfile::tempdir().unwrap();
    let script = folder.path().join("profile.js");
    let output = Command::new("node")
        .current_dir(here())
        .arg("loader.mjs")
        .arg(name)
        .arg(&script)
        .stdin(std::process::Stdio::piped())
        .spawn()
        .and_then(|mut node| {
            std::io::Write::write_all(&mut node.stdin.take().unwrap(), bytes)?;
            node.wait()
        });
    assert!(output.expect("node is there").success());
    let page = format!("file://{}#localProfilePath={}", release().join("index.html").display(), script.display());
    let output = Command::new("chromium")
        .args(["--headless", "--no-sandbox", "--use-gl=angle", "--use-angle=swiftshader"])
        .args(["--enable-unsafe-swiftshader", "--virtual-time-budget=8000", "--dump-dom", &page])
        .output()
        .expect("chromium is there");
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    let title = text.split("<title>").nth(1).and_then(|rest| rest.split("</title>").next());
    title.unwrap_or_else(|| panic!("no page: {}", String::from_utf8_lossy(&output.stderr))).to_owned()
}

#[test]
fn its_page_opens_three_of_the_formats() {
    for (name, report) in reports() {
        for format in [Format::Speedscope, Format::Pprof, Format::Folded] {
            let title = title(format.file_name(), &report.to_format(format));
            // Before a file is loaded, or without success, the title is the program's alone.
            let expected = if format == Format::Speedscope { "vector_search" } else { format.file_name() };
            assert_eq!(title, format!("{expected} - speedscope"), "{name}: {format}");
        }
    }
}
