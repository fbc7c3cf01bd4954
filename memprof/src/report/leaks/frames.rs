//! The frames of a stack, the user's before all others.

use crate::report::data::Frame;
use crate::report::name::printable;
use crate::size;

/// Paths at which the names of functions begin that say nothing of where a block came from.
const COMMON: [&str; 16] = [
    "std::",
    "core::",
    "alloc::",
    "memprof::",
    "__rust",
    "__rustc::",
    "_rust_",
    "rust_",
    "hashbrown::",
    "tokio::",
    "rayon::",
    "rayon_core::",
    "futures_",
    "libc_",
    "__libc_",
    "_start",
];

/// Frames of other crates that are shown where there are frames of the user's own: the innermost ones.
const OF_OTHER_CRATES: usize = 2;
/// The user's own frames that are shown: the innermost ones.
const OF_THE_USER: usize = 8;

/// Whose code a frame is.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Owner {
    User,
    /// A crate that the program depends on.
    OtherCrate,
    /// The standard library, a runtime, the profiler, the system.
    Common,
}

/// One line for each of the user's frames, the innermost first; then what of other crates is nearest to the allocation; and
/// one line for all others.
pub(super) fn lines(stack: &[Frame]) -> Vec<String> {
    let of = |owner: Owner| stack.iter().filter(move |frame| whose(frame) == owner);
    let mut lines: Vec<String> = Vec::new();
    for frame in of(Owner::User).take(OF_THE_USER) {
        lines.push(format!("   {} {}", if lines.is_empty() { "-->" } else { " by" }, place(frame)));
    }
    // A program that does nothing itself has its work done by other crates.
    let (most, first) = if lines.is_empty() { (OF_THE_USER, "-->") } else { (OF_OTHER_CRATES, "via") };
    for (index, frame) in of(Owner::OtherCrate).take(most).enumerate() {
        lines.push(format!("   {} {}", if index == 0 { first } else { " by" }, place(frame)));
    }
    let others = stack.len() - lines.len();
    if others > 0 {
        let where_from = if lines.is_empty() { "-->" } else { "and" };
        let more = if lines.is_empty() { "" } else { "more " };
        let count = size::plural(others as u64, &format!("{more}frame"));
        lines.push(format!("   {where_from} {count}: callers, std, the runtime"));
    }
    lines
}

fn whose(frame: &Frame) -> Owner {
    let Some(function) = &frame.function else {
        // A program without symbols has nothing better to show than its own addresses.
        let is_library = frame.module.as_ref().is_some_and(|module| module.contains(".so") || module.contains(".dll"));
        return if is_library { Owner::Common } else { Owner::User };
    };
    // `<alloc::vec::Vec<T> as core::clone::Clone>::clone` is as much of the library as `alloc::vec::push`.
    let name = function.trim_start_matches(['<', '&', '[', '(', '*']);
    let name = name.strip_prefix("mut ").or(name.strip_prefix("dyn ")).unwrap_or(name);
    let file = frame.file.as_deref().unwrap_or_default().replace('\\', "/");
    if COMMON.iter().any(|prefix| name.starts_with(prefix)) || is_of_std(&file) || is_of_the_system(name, frame) {
        return Owner::Common;
    }
    if after_registry(&file).is_some() { Owner::OtherCrate } else { Owner::User }
}

/// A source of the standard library: as it was built; as it is beside the compiler, where the component `rust-src` is
/// installed; as distributions have it.
fn is_of_std(file: &str) -> bool {
    ["/rustc/", "/usr/src/rustc-"].iter().any(|start| file.starts_with(start))
        || file.contains("/lib/rustlib/src/rust/library/")
}

/// What follows the folder in which cargo keeps the sources of other crates: `crossbeam-epoch-0.9.18/src/atomic.rs`.
fn after_registry(file: &str) -> Option<&str> {
    let (_, inside) = file.split_once("/registry/src/").or_else(|| file.split_once("/git/checkouts/"))?;
    inside.split_once('/').map(|(_, rest)| rest)
}

/// A function of C that stands in no file of the user's: `main`, `clone3`, `start_thread`.
fn is_of_the_system(name: &str, frame: &Frame) -> bool {
    frame.file.is_none() && !name.contains("::")
}

fn place(frame: &Frame) -> String {
    let function = frame.function.as_ref().map_or_else(|| format!("{:#x}", frame.address), |name| printable(name));
    match (&frame.file, frame.line, &frame.module) {
        (Some(file), Some(line), _) => {
            let file = file.replace('\\', "/");
            format!("{}:{line} in {function}", printable(after_registry(&file).unwrap_or(&file)))
        }
        (Some(place), None, _) | (None, _, Some(place)) => format!("{function} ({})", printable(place)),
        (None, _, None) => function,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn frame(function: &str, file: Option<&str>) -> Frame {
        Frame {
            function: (!function.is_empty()).then(|| function.into()),
            file: file.map(Into::into),
            line: file.map(|_| 7),
            address: 0x1000,
            module: Some("app".into()),
        }
    }

    #[test]
    fn the_users_frames_stand_first_and_the_others_in_one_line() {
        let library = "/rustc/1/library/alloc/src/vec/mod.rs";
        let stack = [
            frame("<memprof::AllocationTracker<A> as core::alloc::GlobalAlloc>::alloc", Some("allocator.rs")),
            frame("alloc::vec::Vec<T,A>::push", Some(library)),
            frame(
                "crossbeam_epoch::atomic::init",
                Some("/a/registry/src/index-1/crossbeam-epoch-0.9.18/src/atomic.rs"),
            ),
            frame("<u8 as MyTrait>::from_elem", Some(library)),
            frame("<T as MyTrait>::from", Some("/home/me/.rustup/toolchains/a/lib/rustlib/src/rust/library/a/lib.rs")),
            frame("<T as MyTrait>::from", Some("C:\\rust\\lib\\rustlib\\src\\rust\\library\\a\\lib.rs")),
            frame("<T as MyTrait>::from", Some("/usr/src/rustc-1.88.0/library/a/lib.rs")),
            frame("app::keep", Some("src/main.rs")),
            frame("<app::Index as app::Search>::insert", Some("src/index.rs")),
            frame("std::rt::lang_start", Some(library)),
            frame("main", None),
        ];
        assert_eq!(
            lines(&stack),
            [
                "   --> src/main.rs:7 in app::keep",
                "    by src/index.rs:7 in <app::Index as app::Search>::insert",
                "   via crossbeam-epoch-0.9.18/src/atomic.rs:7 in crossbeam_epoch::atomic::init",
                "   and 8 more frames: callers, std, the runtime"
            ]
        );
        assert_eq!(lines(&stack[..1]), ["   --> 1 frame: callers, std, the runtime"]);
        assert_eq!(
            lines(&stack[..3]),
            [
                "   --> crossbeam-epoch-0.9.18/src/atomic.rs:7 in crossbeam_epoch::atomic::init",
                "   and 2 more frames: callers, std, the runtime"
            ]
        );
        assert_eq!(lines(&[]), [""; 0]);
        assert_eq!(lines(&[frame("", None)]), ["   --> 0x1000 (app)"]);
    }
}
