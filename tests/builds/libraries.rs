//! A workspace as the documentation describes it ("In a library"): a library that offers tracking, a program that asks
//! for it, and one that does not.
#![allow(missing_docs)]

use std::fs;
use std::path::Path;
use std::process::Command;

const LIBRARY: &str = r#"
#[cfg_attr(feature = "memprof", memprof::track_memory)]
pub fn parse(text: &str) -> Vec<String> {
    text.split(' ').map(String::from).collect()
}
pub struct Index(pub Vec<u8>);
#[cfg_attr(feature = "memprof", memprof::track_memory)]
impl Index {
    pub fn build() -> Self {
        Self(vec![1])
    }
    #[cfg_attr(feature = "memprof", memprof::track_memory(skip))]
    pub fn len(&self) -> usize {
        self.0.len()
    }
}
"#;

fn manifest(name: &str, rest: &str) -> String {
    format!("[package]\nname = \"{name}\"\nversion = \"0.1.0\"\nedition = \"2024\"\n{rest}")
}

fn write(folder: &Path, name: &str, manifest: &str, file: &str, code: &str) {
    fs::create_dir_all(folder.join(name).join("src")).unwrap();
    fs::write(folder.join(name).join("Cargo.toml"), manifest).unwrap();
    fs::write(folder.join(name).join("src").join(file), code).unwrap();
}

fn cargo(folder: &Path, arguments: &[&str]) -> String {
    let output = Command::new(env!("CARGO")).current_dir(folder).args(arguments).arg("--offline").output().unwrap();
    assert!(output.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8_lossy(&output.stdout).into_owned()
}

#[test]
fn a_library_offers_tracking_and_costs_others_nothing() {
    let memprof = Path::new(env!("CARGO_MANIFEST_DIR")).join("../memprof");
    let path = memprof.display().to_string().replace('\\', "/");
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    fs::write(
        folder.join("Cargo.toml"),
        "[workspace]\nresolver = \"3\"\nmembers = [\"library\", \"tracks\", \"other\"]\n",
    )
    .unwrap();
    // Nothing is looked for on the network.
    fs::copy(memprof.join("../Cargo.lock"), folder.join("Cargo.lock")).unwrap();
    let library = manifest(
        "library",
        &format!(
            "[dependencies]\nmemprof = {{ path = \"{path}\", default-features = false, optional = true }}\n\
             [features]\nmemprof = [\"dep:memprof\", \"memprof/profiling\"]\n"
        ),
    );
    write(folder, "library", &library, "lib.rs", LIBRARY);
    let tracks = manifest(
        "tracks",
        &format!(
            "[dependencies]\nlibrary = {{ path = \"../library\", features = [\"memprof\"] }}\nmemprof = {{ path = \"{path}\" }}\n"
        ),
    );
    let main = "fn main() { println!(\"{}\", library::parse(\"a b\").len() + library::Index::build().len()); }";
    write(folder, "tracks", &tracks, "main.rs", &format!("#[memprof::main]\n{main}"));
    let other = manifest("other", "[dependencies]\nlibrary = { path = \"../library\" }\n");
    write(folder, "other", &other, "main.rs", main);

    let names = |options: &[&str]| {
        let tree =
            cargo(folder, &[&["tree", "--edges", "normal", "--prefix", "none", "--format", "{lib}"], options].concat());
        tree.lines().map(String::from).collect::<Vec<_>>()
    };
    assert!(!names(&["--package", "other"]).iter().any(|name| name.contains("memprof")));
    assert!(names(&["--package", "tracks"]).iter().any(|name| name == "memprof"));
    // In one build all crates get the features that any of them asks for.
    assert!(names(&["--package", "other", "--package", "tracks"]).iter().any(|name| name == "memprof"));
    // Both ways, the code compiles.
    cargo(folder, &["check", "--quiet", "--package", "library"]);
    cargo(folder, &["check", "--quiet", "--package", "library", "--features", "memprof"]);
}
