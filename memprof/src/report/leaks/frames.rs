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

/// One line for each of the user's frames, the innermost first, and one for all others.
pub(super) fn lines(stack: &[Frame]) -> Vec<String> {
    let (common, users): (Vec<&Frame>, Vec<&Frame>) = stack.iter().partition(|frame| is_common(frame));
    let mut lines: Vec<String> = users
        .iter()
        .enumerate()
        .map(|(index, frame)| format!("   {} {}", if index == 0 { "-->" } else { " by" }, place(frame)))
        .collect();
    if !common.is_empty() {
        let count = size::plural(common.len() as u64, "frame");
        let where_from = if users.is_empty() { "-->" } else { "and" };
        lines.push(format!("   {where_from} {count} of std, the runtime and the profiler"));
    }
    lines
}

/// Whether a frame is of the standard library, of a runtime, of the profiler or of the system.
fn is_common(frame: &Frame) -> bool {
    let Some(function) = &frame.function else {
        // A program without symbols has nothing better to show than its own addresses.
        return frame.module.as_ref().is_some_and(|module| module.contains(".so") || module.contains(".dll"));
    };
    // `<alloc::vec::Vec<T> as core::clone::Clone>::clone` is as much of the library as `alloc::vec::push`.
    let name = function.trim_start_matches(['<', '&', '[', '(', '*']);
    let name = name.strip_prefix("mut ").or(name.strip_prefix("dyn ")).unwrap_or(name);
    COMMON.iter().any(|prefix| name.starts_with(prefix)) || is_of_the_system(name, frame)
}

/// A function of C that stands in no file of the user's: `main`, `clone3`, `start_thread`.
fn is_of_the_system(name: &str, frame: &Frame) -> bool {
    frame.file.is_none() && !name.contains("::")
}

fn place(frame: &Frame) -> String {
    let function = frame.function.as_ref().map_or_else(|| format!("{:#x}", frame.address), |name| printable(name));
    match (&frame.file, frame.line, &frame.module) {
        (Some(file), Some(line), _) => format!("{}:{line} in {function}", printable(file)),
        (Some(place), None, _) | (None, _, Some(place)) => format!("{function} ({})", printable(place)),
        (None, _, None) => function,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn frame(function: &str, file: Option<&str>) -> Frame {
        Frame {
            function: (!function.is_empty()).then(|| function.to_owned()),
            file: file.map(str::to_owned),
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
                "   and 4 frames of std, the runtime and the profiler"
            ]
        );
        assert_eq!(lines(&stack[..1]), ["   --> 1 frame of std, the runtime and the profiler"]);
        assert_eq!(lines(&[]), [""; 0]);
        assert_eq!(lines(&[frame("", None)]), ["   --> 0x1000 (app)"]);
    }
}
