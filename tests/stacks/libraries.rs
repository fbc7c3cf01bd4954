//! Stacks through libraries that come and go.
#![allow(missing_docs)]
#![cfg(all(target_os = "linux", target_env = "gnu", target_arch = "x86_64"))]

use memprof::report::data::Frame;
use memprof::{AllocationTracker, Report};
use memprof_tests::{Block, Profile};
use std::ffi::{CStr, CString, c_void};
use std::hint::black_box;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::sync::{Mutex, PoisonError};

/// One test's mappings block the other's libraries: they would then be at two places, which are two groups.
static ALONE: Mutex<()> = Mutex::new(());

#[global_allocator]
static ALLOC: AllocationTracker = AllocationTracker::system();

fn with_stacks() -> Profile {
    Profile::with(|config| {
        config.memory_profiling.backtraces = true;
        config.memory_profiling.max_tracked_allocations = 20_000;
    })
}

/// A library with one function, which calls what it is given; `words` is how much of the stack it takes meanwhile.
fn build(folder: &Path, function: &str, words: usize) -> CString {
    build_with(folder, function, words, "-Wl,--build-id=sha1")
}

fn build_with(folder: &Path, function: &str, words: usize, option: &str) -> CString {
    let source: PathBuf = folder.join(format!("{function}.rs"));
    let text = format!(
        "#![no_std]
        #[panic_handler] fn panic(_: &core::panic::PanicInfo<'_>) -> ! {{ loop {{}} }}
        #[unsafe(no_mangle)] pub extern \"C\" fn {function}(then: extern \"C\" fn(*mut u8), to: *mut u8) {{
            let mut local = core::hint::black_box([0_u64; {words}]);
            then(to);
            core::hint::black_box(&mut local);
        }}"
    );
    std::fs::write(&source, text).unwrap();
    let library = folder.join(format!("lib{function}.so"));
    let rustc = std::env::var_os("RUSTC").unwrap_or("rustc".into());
    let built = Command::new(rustc)
        .args(["--edition=2024", "--crate-type=cdylib", "-Copt-level=1", "-Cpanic=abort", "-Cdebuginfo=1"])
        // Rust before 1.92 leaves them out where nothing unwinds.
        .args(["-Cforce-unwind-tables=yes", &format!("-Clink-arg={option}"), "-o"])
        .args([&library, &source])
        .output()
        .unwrap();
    assert!(built.status.success(), "{}", String::from_utf8_lossy(&built.stderr));
    CString::new(library.into_os_string().into_encoded_bytes()).unwrap()
}

struct Library(*mut c_void);

impl Library {
    fn open(file: &CStr) -> Self {
        // SAFETY: the library runs no code of its own when it is loaded.
        let handle = unsafe { libc::dlopen(file.as_ptr(), libc::RTLD_NOW) };
        assert!(!handle.is_null());
        Self(handle)
    }

    /// Has the library call `make`.
    #[inline(never)]
    fn call(&self, function: &CStr, make: extern "C" fn(&mut Vec<Block>), blocks: &mut Vec<Block>) {
        type Function = extern "C" fn(extern "C" fn(&mut Vec<Block>), &mut Vec<Block>);
        // SAFETY: the library has a function of this name and, but for the types of pointers, this signature.
        let function = unsafe { std::mem::transmute::<*mut c_void, Function>(libc::dlsym(self.0, function.as_ptr())) };
        function(make, blocks);
        black_box(function);
    }
}

impl Drop for Library {
    fn drop(&mut self) {
        // SAFETY: nothing of the library is in use any more.
        unsafe { libc::dlclose(self.0) };
    }
}

extern "C" fn make_first(blocks: &mut Vec<Block>) {
    blocks.push(black_box(Block::new(30_001)));
}

extern "C" fn make_second(blocks: &mut Vec<Block>) {
    blocks.push(black_box(Block::new(30_002)));
}

fn stack(report: &Report, size: u64) -> &[Frame] {
    let groups: Vec<_> = report.live.groups.iter().filter(|group| group.largest_bytes == size).collect();
    // All of them are one: whichever address the library was at, it was the same one.
    let by_count: Vec<_> = groups.iter().map(|group| group.count).collect();
    assert_eq!(groups.len(), 1, "{by_count:?}");
    &groups[0].stack
}

/// The functions from `make` on, as far as this file's test.
fn names(stack: &[Frame]) -> Vec<&str> {
    let names = stack.iter().map(|frame| frame.function.as_deref().unwrap_or("?"));
    names.skip_while(|name| !name.contains("::make_")).take(4).collect()
}

#[test]
fn a_thousand_libraries_in_one_place() {
    let _alone = ALONE.lock().unwrap_or_else(PoisonError::into_inner);
    let folder = tempfile::tempdir().unwrap();
    let (first, second) = (build(folder.path(), "first", 3), build(folder.path(), "second", 40));
    let profile = with_stacks();
    let mut blocks = Vec::with_capacity(2000);
    for _ in 0..1000 {
        Library::open(&first).call(c"first", make_first, &mut blocks);
        Library::open(&second).call(c"second", make_second, &mut blocks);
    }
    // Both are gone, and nobody makes up names for them.
    let this = "stacks_of_libraries::a_thousand_libraries_in_one_place";
    let report = profile.report();
    let call = "stacks_of_libraries::Library::call";
    assert_eq!(names(stack(&report, 30_001)), ["stacks_of_libraries::make_first", "?", call, this]);
    assert_eq!(names(stack(&report, 30_002)), ["stacks_of_libraries::make_second", "?", call, this]);
    assert_eq!((report.overhead.stacks_not_captured, report.overhead.stacks_corrected), (0, 0));

    // One of them is back, perhaps where the other one was.
    let library = Library::open(&second);
    library.call(c"second", make_second, &mut blocks);
    let report = profile.report();
    assert_eq!(names(stack(&report, 30_001)), ["stacks_of_libraries::make_first", "?", call, this]);
    let groups = report.live.groups.iter().filter(|group| group.largest_bytes == 30_002);
    assert!(groups.flat_map(|group| names(&group.stack)).any(|name| name == "second"));
    drop((library, blocks));
}

/// The frame in the library, of the blocks of a size.
fn in_library(report: &Report, size: u64) -> Frame {
    stack(report, size)
        .iter()
        .skip_while(|frame| !frame.function.as_deref().is_some_and(|name| name.contains("::make_")))
        .nth(1)
        .unwrap()
        .clone()
}

fn replaced_while_loaded(option: &str) {
    let _alone = ALONE.lock().unwrap_or_else(PoisonError::into_inner);
    let folder = tempfile::tempdir().unwrap();
    let (first, second) =
        (build_with(folder.path(), "first", 3, option), build_with(folder.path(), "second", 40, option));
    let profile = with_stacks();
    let mut blocks = Vec::with_capacity(10);
    let library = Library::open(&first);
    library.call(c"first", make_first, &mut blocks);
    let report = profile.report();
    assert_eq!(in_library(&report, 30_001).function.as_deref(), Some("first"), "{option}");
    let is_warning = |warning: &String| warning.contains("was replaced after it was loaded");
    assert!(!report.warnings.iter().any(is_warning), "{:?}", report.warnings);

    // As a package manager does it: the file that is mapped is another one from now on.
    let path = |name: &CString| PathBuf::from(name.to_str().unwrap());
    std::fs::rename(path(&second), path(&first)).unwrap();
    let report = profile.report();
    let frame = in_library(&report, 30_001);
    assert_eq!((frame.function.as_deref(), frame.file.as_deref(), frame.line), (None, None, None), "{option}");
    assert!(frame.address > 0 && frame.module.as_deref().is_some_and(|module| module.contains("libfirst.so")));
    assert_eq!(report.warnings.iter().filter(|warning| is_warning(warning)).count(), 1, "{:?}", report.warnings);

    // The new one beside it is named from the file.
    // The loader knows libraries by their names: this is another one of the same file.
    let again = CString::new(format!("{}/./libfirst.so", folder.path().display())).unwrap();
    let other = Library::open(&again);
    other.call(c"second", make_second, &mut blocks);
    let report = profile.report();
    assert_eq!(in_library(&report, 30_001).function, None, "{option}");
    assert_eq!(in_library(&report, 30_002).function.as_deref(), Some("second"), "{option}");

    std::fs::remove_file(path(&first)).unwrap();
    assert_eq!(in_library(&profile.report(), 30_001).function, None, "{option}");
    drop((library, other, blocks));
}

#[test]
fn a_library_that_was_replaced_while_loaded_is_not_named_after_the_new_file() {
    replaced_while_loaded("-Wl,--build-id=sha1");
    // A linker that leaves no identity.
    replaced_while_loaded("-Wl,--build-id=none");
}

#[test]
fn a_child_that_was_forked_while_a_library_is_loaded_captures_on() {
    let _alone = ALONE.lock().unwrap_or_else(PoisonError::into_inner);
    let folder = tempfile::tempdir().unwrap();
    let library = build(folder.path(), "forked", 3);
    let profile = with_stacks();
    let is_over = AtomicBool::new(false);
    std::thread::scope(|scope| {
        scope.spawn(|| {
            while !is_over.load(Relaxed) {
                drop(Library::open(&library));
            }
        });
        for _ in 0..50 {
            // SAFETY: the child allocates, frees, and ends at once.
            let child = unsafe { libc::fork() };
            if child == 0 {
                let mut blocks = Vec::with_capacity(100);
                for _ in 0..100 {
                    make_first(&mut blocks);
                }
                drop(blocks);
                // SAFETY: ends the child without the parent's handlers.
                unsafe { libc::_exit(0) };
            }
            let mut status = 0;
            // SAFETY: the status is a valid place.
            assert_eq!(unsafe { libc::waitpid(child, &mut status, 0) }, child);
            assert_eq!(status, 0);
        }
        is_over.store(true, Relaxed);
    });
    drop(profile);
}
