//! How deep `async fn`s may await one another before the compiler asks for a higher `recursion_limit`.

use std::fmt::Write;

use super::compiler::{compile, rustc};

/// Levels of types that one `async fn` takes of the compiler's limit of 128, times ten.
fn levels(tracked: bool) -> u32 {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("chain.rs");
    let output = folder.path().join("output.rmeta");
    let compiles = |depth: u32| {
        let mut code = String::from("fn needs<F: Future + Send>(_: &F) {}\nasync fn f0(a: u64) -> u64 { a }\n");
        for at in 1..depth {
            let before = at - 1;
            let line = format!(
                "#[cfg_attr(tracked, memprof::track_memory)] async fn f{at}(a: u64) -> u64 {{ f{before}(a).await }}"
            );
            writeln!(code, "{line}").unwrap();
        }
        writeln!(code, "fn main() {{ needs(&f{}(1)); }}", depth - 1).unwrap();
        std::fs::write(&file, code).unwrap();
        compile(rustc(), &file, tracked, &["--emit=metadata", "-o", output.to_str().unwrap()]).status.success()
    };
    let (mut fits, mut fails) = (2, 120);
    assert!(compiles(fits) && !compiles(fails));
    while fails - fits > 1 {
        let middle = u32::midpoint(fits, fails);
        *(if compiles(middle) { &mut fits } else { &mut fails }) = middle;
    }
    println!("tracked: {tracked}: {fits} async functions deep");
    1280 / fits
}

#[test]
fn a_tracked_future_is_one_level_of_types_more() {
    let (plain, tracked) = (levels(false), levels(true));
    assert!(tracked <= plain + 11, "{plain} tenths of a level, tracked {tracked}");
}
