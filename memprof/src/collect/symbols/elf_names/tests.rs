//! Names from programs linked in each of the ways that Cargo and linkers offer.

#![allow(unsafe_code, reason = "a pipe with a name is made by the C library alone")]

use super::*;
use crate::collect::symbols::names::SymbolNames;
use std::process::Command;

/// `work` is on line 3.
const SOURCE: &str = "fn main() { println!(\"{}\", work(1)); }
#[inline(never)]
fn work(n: u64) -> u64 { std::hint::black_box(n) + 1 }
";

/// Name, file and line of the function `work` in a program that was compiled with `options`.
fn found(options: &[&str]) -> (String, String, u32) {
    let folder = tempfile::tempdir().expect("a folder");
    let (source, program) = (folder.path().join("program.rs"), folder.path().join("program"));
    std::fs::write(&source, SOURCE).expect("the source is written");
    let rustc = std::env::var_os("RUSTC").unwrap_or_else(|| "rustc".into());
    let mut command = Command::new(rustc);
    // Unpacked debug information is beside the objects, in the compiler's working directory.
    command.current_dir(folder.path()).args(["--edition=2024", "-o", "program", "program.rs"]).args(options);
    let output = command.output().expect("rustc runs");
    assert!(output.status.success(), "{options:?}: {}", String::from_utf8_lossy(&output.stderr));

    let files = Files::default();
    let info = DebugInfo::read(&program, &files, None).expect("an ELF file");
    let work = info.symbols.address_of("4work").expect("the function has a symbol");
    assert!(info.symbol(work + 1).is_some_and(|name| name.contains("work")));
    let mut frames = info.frames(work + 1).expect("its debug information can be read");
    let frame = frames.next().expect("it can be read").expect("there is some");
    let name = frame.function.as_ref().expect("a name").demangle().expect("it is text").into_owned();
    let location = frame.location.expect("a place");
    (name, location.file.unwrap_or_default().to_owned(), location.line.unwrap_or_default())
}

#[track_caller]
fn is_found(options: &[&str]) {
    let (name, file, line) = found(options);
    assert!(name.ends_with("program::work") && file.ends_with("program.rs") && line == 3, "{name} {file}:{line}");
}

#[test]
fn debug_information_in_the_program() {
    is_found(&["-g"]);
}

#[test]
fn debug_information_in_one_file_beside_it() {
    is_found(&["-g", "-Csplit-debuginfo=packed"]);
}

#[test]
fn debug_information_in_a_file_for_each_unit() {
    is_found(&["-g", "-Csplit-debuginfo=unpacked", "-Csave-temps"]);
}

#[test]
fn debug_information_compressed_with_zlib() {
    is_found(&["-g", "-Clink-arg=-Wl,--compress-debug-sections=zlib"]);
}

#[cfg(feature = "zstd")]
#[test]
fn debug_information_compressed_with_zstd() {
    is_found(&["-g", "-Clink-arg=-Wl,--compress-debug-sections=zstd"]);
}

/// `work` is on line 3, its inlined function on line 5.
const INLINED: &str = "fn main() { println!(\"{}\", work(1)); }
#[inline(never)]
fn work(n: u64) -> u64 { inner::<u64>(n) + 1 }
#[inline(always)]
fn inner<T>(n: T) -> T { std::hint::black_box(n) }
";

/// Functions of the program, with their lines, at the inlined one: with cargo's `options` for release builds.
fn inlined(options: &[&str]) -> Vec<(String, Option<u32>)> {
    let folder = tempfile::tempdir().expect("a folder");
    std::fs::write(folder.path().join("program.rs"), INLINED).expect("the source is written");
    let program = folder.path().join("program");
    let rustc = std::env::var_os("RUSTC").unwrap_or_else(|| "rustc".into());
    let mut command = Command::new(rustc);
    command.current_dir(folder.path()).args(["--edition=2024", "-O", "-o", "program", "program.rs"]).args(options);
    let output = command.output().expect("rustc runs");
    assert!(output.status.success(), "{options:?}: {}", String::from_utf8_lossy(&output.stderr));

    let files = Files::default();
    let info = DebugInfo::read(&program, &files, None).expect("an ELF file");
    let work = info.symbols.address_of("4work").expect("the function has a symbol") as usize;
    let mut names = SymbolNames::new(&files);
    let at = |address| names.at(Some(&program), None, address, address);
    let longest = (work + 1..work + 16).map(at).max_by_key(Vec::len).expect("addresses");
    let own = |name: &str| name.ends_with("work") || name.ends_with("inner");
    let functions = longest.into_iter().filter_map(|frame| Some((frame.function?.to_string(), frame.line)));
    functions.filter(|(name, _)| own(name)).collect()
}

#[test]
fn what_each_kind_of_release_build_tells_of_inlined_functions() {
    let work = |line| ("program::work".to_owned(), line);
    // Cargo's default for release builds.
    assert_eq!(inlined(&["-Cdebuginfo=0", "-Cstrip=debuginfo"]), [work(None)]);
    // Lines of all functions. Only the one that is not inlined has its path, from its symbol.
    assert_eq!(inlined(&["-Cdebuginfo=line-tables-only"]), [("inner".to_owned(), Some(5)), work(Some(3))]);
    assert_eq!(inlined(&["-Cdebuginfo=1"]), [("program::inner".to_owned(), Some(5)), work(Some(3))]);
}

/// A program whose units have their debug information in separate files, each of which `change` has been called with.
fn with_changed_units(change: impl Fn(&Path)) -> Vec<(String, Option<u32>)> {
    let folder = tempfile::tempdir().expect("a folder");
    std::fs::write(folder.path().join("program.rs"), SOURCE).expect("the source is written");
    let rustc = std::env::var_os("RUSTC").unwrap_or_else(|| "rustc".into());
    let mut command = Command::new(rustc);
    command.current_dir(folder.path()).args(["--edition=2024", "-o", "program", "program.rs", "-g"]);
    let output = command.args(["-Csplit-debuginfo=unpacked", "-Csave-temps"]).output().expect("rustc runs");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let mut changed = 0;
    for entry in std::fs::read_dir(folder.path()).expect("a folder") {
        let path = entry.expect("an entry").path();
        if path.extension().is_some_and(|extension| extension == "dwo") {
            change(&path);
            changed += 1;
        }
    }
    assert!(changed > 0, "there are no such files");
    let (program, files) = (folder.path().join("program"), Files::default());
    let info = DebugInfo::read(&program, &files, None).expect("an ELF file");
    let work = info.symbols.address_of("4work").expect("the function has a symbol") as usize + 2;
    let frames = SymbolNames::new(&files).at(Some(&program), None, work, work);
    frames.into_iter().filter_map(|frame| Some((frame.function?.to_string(), frame.line))).collect()
}

#[test]
fn units_that_are_no_files_are_passed_over() {
    use std::os::unix::ffi::OsStrExt;
    // The name is the symbol's; lines are in the program.
    let is_named = |frames: &[(String, Option<u32>)]| *frames == [("program::work".to_owned(), Some(3))];
    let pipe = |path: &Path| {
        std::fs::remove_file(path).expect("it is removed");
        let name = std::ffi::CString::new(path.as_os_str().as_bytes()).expect("a name");
        // SAFETY: the name ends with 0.
        assert_eq!(unsafe { libc::mkfifo(name.as_ptr(), 0o600) }, 0);
    };
    let frames = with_changed_units(pipe);
    assert!(is_named(&frames), "{frames:?}");
    for target in ["/dev/zero", "/dev/tty", "/proc/self/mem", "/"] {
        let frames = with_changed_units(|path| {
            std::fs::remove_file(path).expect("it is removed");
            std::os::unix::fs::symlink(target, path).expect("a link");
        });
        assert!(is_named(&frames), "{target}: {frames:?}");
    }
    let frames = with_changed_units(|path| {
        let content = std::fs::read(path).expect("it is read");
        std::fs::write(path, content.get(..content.len() / 2).expect("a half")).expect("it is written");
    });
    assert!(frames.len() <= 1, "{frames:?}");
}

#[test]
fn a_section_that_would_fill_the_memory_is_left_out() {
    let files = Files::default();
    let section =
        |data, uncompressed_size| files.unfold(&Section { compression: Compression::Zlib, data, uncompressed_size });
    let hello: [u8; 20] = [120, 156, 243, 72, 205, 201, 201, 215, 81, 168, 202, 201, 76, 82, 4, 0, 27, 101, 4, 19];
    assert_eq!(section(&hello, 12), Some(b"Hello, zlib!".as_slice()));
    assert_eq!(section(&hello, 11), None);
    for size in [2 << 20, 1 << 40, u64::MAX] {
        assert_eq!(section(&hello, size), None, "{size}");
    }
    let compressed = miniz_oxide::deflate::compress_to_vec_zlib(&vec![0; 8 << 20], 6);
    assert!(compressed.len() < 16 << 10 && section(&compressed, 8 << 20).is_none());
    // Many sections, each within its own limit.
    let noise: Vec<u8> = (0..1_000_000_u32).map(|number| (number.wrapping_mul(2_654_435_761) >> 13) as u8).collect();
    let many = Files { unfolded: Cell::new(MOST_UNFOLDED_IN_ALL - 10), ..Files::default() };
    assert!(many.unfold(&Section { compression: Compression::Zlib, data: &noise, uncompressed_size: 11 }).is_none());
}
