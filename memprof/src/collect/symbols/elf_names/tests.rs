//! Names from programs linked in each of the ways that Cargo and linkers offer.

#![allow(unsafe_code, reason = "a pipe with a name is made by the C library alone")]

use super::elf_file::{Compression, Section};
use super::sections::MOST_UNFOLDED_IN_ALL;
use super::*;
use crate::collect::symbols::names::{ReturnAddress, SymbolNames};
use object::{Object, ObjectSection, ObjectSymbol, SymbolKind};
use std::process::Command;

/// `work` is on line 3.
const SOURCE: &str = "fn main() { println!(\"{}\", work(1)); }
#[inline(never)]
fn work(n: u64) -> u64 { std::hint::black_box(n) + 1 }
";

/// The address of the function `work`, as the crate `object` finds it.
fn work(program: &Path) -> u64 {
    let bytes = std::fs::read(program).expect("the program is read");
    let elf = object::File::parse(&*bytes).expect("an ELF file");
    let mut symbols = elf.symbols().filter(|symbol| symbol.name().is_ok_and(|name| name.contains("4work")));
    symbols.next().expect("the function has a symbol").address()
}

/// Functions at an address in a program, from its file alone.
fn frames_at(program: &Path, address: u64) -> Vec<Frame> {
    let address = ReturnAddress { in_file: address as usize, in_memory: 0 };
    SymbolNames::default().at(Some(program), None, &[address]).concat()
}

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
    let call = work(&program) + 1;
    assert!(info.symbols(&[call]).iter().flatten().all(|name| name.contains("work")));
    let frames = info.frames(&[call]).concat();
    let frame = frames.first().expect("there is some debug information");
    let text = |text: &Option<Arc<str>>| text.as_deref().unwrap_or_default().to_owned();
    (text(&frame.function), text(&frame.file), frame.line.unwrap_or_default())
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

    let work = work(&program);
    let at = |address| frames_at(&program, address);
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

/// `work` is on line 3. The linker removes the other functions, which are larger than all that is before `work`.
const WITH_REMOVED: &str = "fn main() { println!(\"{}\", work(1)); }
#[inline(never)]
fn work(n: u64) -> u64 { std::hint::black_box(n) + 1 }
#[unsafe(no_mangle)]
pub fn removed_one() { unsafe { std::arch::asm!(\".skip 1048576\") } }
#[unsafe(no_mangle)]
pub fn removed_other() { unsafe { std::arch::asm!(\".skip 1048577\") } }
";

#[test]
fn functions_that_the_linker_has_removed_name_no_address() {
    for version in ["-Cdwarf-version=4", "-Cdwarf-version=5"] {
        let folder = tempfile::tempdir().expect("a folder");
        std::fs::write(folder.path().join("program.rs"), WITH_REMOVED).expect("the source is written");
        let program = folder.path().join("program");
        let rustc = std::env::var_os("RUSTC").unwrap_or_else(|| "rustc".into());
        let mut command = Command::new(rustc);
        command.current_dir(folder.path()).args(["--edition=2024", "-O", "-g", "-Ccodegen-units=1", version]);
        assert!(command.args(["-o", "program", "program.rs"]).output().expect("rustc runs").status.success());
        let bytes = std::fs::read(&program).expect("it is read");
        let elf = object::File::parse(&*bytes).expect("an ELF file");
        let text = elf.section_by_name(".text").expect("code");
        assert!(text.address() < 1 << 20 && elf.symbols().all(|symbol| symbol.name() != Ok("removed_one")));
        let addresses: Vec<u64> = (text.address()..text.address() + text.size()).step_by(61).collect();
        let files = Files::default();
        let frames = DebugInfo::read(&program, &files, None).expect("an ELF file").frames(&addresses);
        let is_removed = |frame: &&Frame| {
            let is_name = |name: &str| name.contains("removed_");
            let is_line = frame.file.as_deref().is_some_and(|file| file.ends_with("program.rs"));
            frame.function.as_deref().is_some_and(is_name) || is_line && frame.line.is_some_and(|line| line > 3)
        };
        let removed = frames.iter().flatten().filter(is_removed).count();
        assert_eq!(removed, 0, "of {} addresses, {version}", addresses.len());
        let frame = frames_at(&program, work(&program) + 2).pop().expect("a frame");
        assert_eq!((frame.function.as_deref(), frame.line), (Some("program::work"), Some(3)), "{version}");
    }
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
    let program = folder.path().join("program");
    let frames = frames_at(&program, work(&program) + 2);
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
        |data, uncompressed_size| files.unfold(&Section { data, compression: Compression::Zlib, uncompressed_size });
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
    let many = Files::default();
    many.unfolded.set(MOST_UNFOLDED_IN_ALL - 10);
    assert!(many.unfold(&Section { data: &noise, compression: Compression::Zlib, uncompressed_size: 11 }).is_none());
}

/// Function, file and line.
type Row = (Option<String>, Option<String>, Option<u32>);

/// The functions at an address, as `addr2line` finds them.
fn expected<'f>(context: &addr2line::Context<Bytes<'f>>, address: u64) -> Vec<Row> {
    let mut found = context.find_frames(address);
    let mut frames = loop {
        match found {
            addr2line::LookupResult::Output(frames) => break frames.expect("it can be read"),
            addr2line::LookupResult::Load { continuation, .. } => {
                found = addr2line::LookupContinuation::resume(continuation, None);
            }
        }
    };
    let mut rows = Vec::new();
    while let Some(frame) = frames.next().expect("it can be read") {
        let (file, line) = frame.location.map_or((None, None), |place| (place.file.map(str::to_owned), place.line));
        rows.push((frame.function.map(|name| name.demangle().expect("a name").into_owned()), file, line));
    }
    rows
}

/// Compares all names of so many functions of a program with those that the crates `addr2line` and `object` find, one
/// by one.
fn compare(program: &Path, most: usize) {
    let files = Files::default();
    let info = DebugInfo::read(program, &files, None).expect("an ELF file");
    let bytes = std::fs::read(program).expect("the program is read");
    let elf = object::File::parse(&*bytes).expect("an ELF file");
    let mut functions: Vec<u64> = elf
        .symbols()
        .filter(|symbol| symbol.kind() == SymbolKind::Text && symbol.size() > 0)
        .map(|symbol| symbol.address())
        .collect();
    crate::sorted::by_key(&mut functions, |&address| address);
    functions.dedup();
    let step = functions.len().div_ceil(most);
    let mut calls: Vec<u64> =
        functions.iter().step_by(step).flat_map(|&start| [0, 5, 19, 60, 200].map(|offset| start + offset)).collect();
    crate::sorted::by_key(&mut calls, |&call| call);
    calls.dedup();
    let context = addr2line::Context::from_arc_dwarf(Arc::clone(&info.dwarf)).expect("it can be read");
    let row = |frame: &Frame| {
        let text = |text: &Option<Arc<str>>| text.as_deref().map(str::to_owned);
        (text(&frame.function), text(&frame.file), frame.line)
    };
    let mut inlined = 0;
    for (&call, frames) in calls.iter().zip(info.frames(&calls)) {
        let found: Vec<Row> = frames.iter().map(row).collect();
        assert_eq!(found, expected(&context, call), "{call:#x} in {}", program.display());
        inlined += found.len().saturating_sub(1);
    }
    let symbols = elf.symbol_map();
    for (&call, symbol) in calls.iter().zip(info.symbols(&calls)) {
        let expected = symbols.containing(call).map(|symbol| demangled(Cow::Borrowed(symbol.name()), None));
        assert_eq!(symbol.as_deref(), expected.as_deref(), "{call:#x} in {}", program.display());
    }
    assert!(inlined > calls.len() / 10, "{inlined} inlined functions at {} calls", calls.len());
}

#[test]
fn all_names_are_those_that_one_by_one_are_found() {
    compare(&std::env::current_exe().expect("it is known"), 500);
}

#[test]
fn all_names_from_version_5_are_those_that_one_by_one_are_found() {
    for options in [["-g", "-Cdwarf-version=5"], ["-Cdebuginfo=1", "-Cdwarf-version=5"]] {
        let folder = tempfile::tempdir().expect("a folder");
        std::fs::write(folder.path().join("program.rs"), INLINED).expect("the source is written");
        let rustc = std::env::var_os("RUSTC").unwrap_or_else(|| "rustc".into());
        let mut command = Command::new(rustc);
        command.current_dir(folder.path()).args(["--edition=2024", "-O", "-o", "program", "program.rs"]).args(options);
        assert!(command.output().expect("rustc runs").status.success());
        compare(&folder.path().join("program"), 500);
    }
}

/// A program of one's own: its path is in `MEMPROF_COMPARED`.
#[test]
#[ignore = "for programs that are built elsewhere"]
fn all_names_of_a_program_are_those_that_one_by_one_are_found() {
    compare(Path::new(&std::env::var_os("MEMPROF_COMPARED").expect("a path")), usize::MAX);
}

#[test]
fn damaged_debug_information_ends_no_program() {
    let folder = tempfile::tempdir().expect("a folder");
    let (source, program) = (folder.path().join("program.rs"), folder.path().join("program"));
    std::fs::write(&source, INLINED).expect("the source is written");
    let rustc = std::env::var_os("RUSTC").unwrap_or_else(|| "rustc".into());
    let mut command = Command::new(rustc);
    command.current_dir(folder.path()).args(["--edition=2024", "-O", "-g", "-o", "program", "program.rs"]);
    assert!(command.output().expect("rustc runs").status.success());
    let whole = std::fs::read(&program).expect("it is read");
    let (call, damaged_at) = {
        let elf = object::File::parse(&*whole).expect("an ELF file");
        let sections =
            ["debug_info", "debug_abbrev", "debug_line", "debug_ranges", "debug_rnglists", "debug_aranges", "symtab"];
        let is_read = |name: &str| sections.iter().any(|section| name.strip_prefix('.') == Some(section));
        let sections = elf.sections().filter(|section| section.name().is_ok_and(is_read));
        (work(&program) + 1, sections.filter_map(|section| section.file_range()).collect::<Vec<_>>())
    };
    assert!(!frames_at(&program, call + 1).is_empty() && damaged_at.len() >= 5);
    let mut random = 1_u64;
    let mut next = || {
        random = random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
        random >> 33
    };
    for _ in 0..100 {
        let mut content = whole.clone();
        for (start, length) in &damaged_at {
            // The first bytes are those of most consequence.
            for most in [64, *length] {
                let at = start + next() % most.min(*length);
                content[at as usize] = next() as u8;
            }
        }
        std::fs::write(&program, content).expect("it is written");
        assert!(frames_at(&program, call + 1).len() < 1_000);
    }
}
