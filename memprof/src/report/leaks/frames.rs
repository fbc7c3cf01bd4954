//! The frames of a stack, the user's before all others.

use super::generated::is_generated;
use super::owner::{self, Crates, Owner, after_registry};
use crate::report::data::{Frame, LiveGroup};
use crate::report::name::printable;
use crate::size;

/// Frames of other crates that are shown where there are frames of the user's own: the innermost ones.
const OF_OTHER_CRATES: usize = 2;
/// The user's own frames that are shown: the innermost ones.
const OF_THE_USER: usize = 8;

/// The part of a group's stack that is shown.
pub(super) struct Shown<'r> {
    stack: &'r [Frame],
    /// The frame to look at first, and its callers in the user's code.
    by: Vec<&'r Frame>,
    /// Frames nearer to the allocation: of other crates, or written by a macro.
    via: Vec<&'r Frame>,
}

/// The frames of a group that are shown, the innermost first. What a macro wrote is no place to begin with where a frame of
/// the user's own stands behind it.
pub(super) fn shown<'r>(group: &'r LiveGroup, crates: &Crates) -> Shown<'r> {
    let stack = &group.stack;
    let of = |owner: Owner| stack.iter().filter(move |frame| owner::of(frame, crates) == owner);
    let users: Vec<&Frame> = of(Owner::User).collect();
    let is_place = |(index, frame): (usize, &&Frame)| {
        is_tracked_function(frame, group)
            || !(is_written_by_macro(frame) || is_within_macro(frame, users.get(index + 1)))
    };
    let first = users.iter().enumerate().position(is_place);
    let (skipped, by) = users.split_at(first.unwrap_or(0));
    if users.is_empty() {
        // A program that does nothing itself has its work done by other crates.
        return Shown { stack, by: of(Owner::OtherCrate).take(OF_THE_USER).collect(), via: Vec::new() };
    }
    let via = of(Owner::OtherCrate).take(OF_OTHER_CRATES).chain(skipped.last().copied());
    Shown { stack, by: by.iter().copied().take(OF_THE_USER).collect(), via: via.collect() }
}

impl<'r> Shown<'r> {
    /// One line for each frame that is shown.
    pub(super) fn lines(&self) -> Vec<String> {
        let by = self.by.iter().enumerate();
        let via = self.via.iter().enumerate();
        by.map(|(index, frame)| format!("   {} {}", if index == 0 { "-->" } else { " by" }, place(frame)))
            .chain(via.map(|(index, frame)| format!("   {} {}", if index == 0 { "via" } else { " by" }, place(frame))))
            .collect()
    }

    /// One line for all frames that are not shown, on so many stacks.
    pub(super) fn others(&self, stacks: usize) -> Option<String> {
        let shown = self.by.len() + self.via.len();
        let others = self.stack.len().saturating_sub(shown);
        let of = if stacks > 1 {
            format!("; {} look like this", size::plural(stacks as u64, "stack"))
        } else {
            String::new()
        };
        let (start, more) = if shown == 0 { ("-->", "") } else { ("and", "more ") };
        let count = size::plural(others as u64, &format!("{more}frame"));
        (others > 0).then(|| format!("   {start} {count}: callers, std, the runtime{of}"))
    }

    /// The frames, the one to look at first in front.
    pub(super) fn frames(self) -> Vec<&'r Frame> {
        self.by.into_iter().chain(self.via).collect()
    }

    /// The frame to look at first.
    pub(super) fn first(&self) -> Option<&'r Frame> {
        self.by.first().copied()
    }

    /// The first function, seen from the place inwards and then outwards, that another stack does not have there.
    pub(super) fn difference(&self, other: &Self) -> Option<&'r Frame> {
        let (inner, outer) = self.around_place();
        let (other_inner, other_outer) = other.around_place();
        differing(inner.iter().rev(), other_inner.iter().rev()).or_else(|| differing(outer.iter(), other_outer.iter()))
    }

    fn around_place(&self) -> (&'r [Frame], &'r [Frame]) {
        let place = self.first().and_then(|first| self.stack.iter().position(|frame| std::ptr::eq(frame, first)));
        self.stack.split_at(place.unwrap_or(0))
    }
}

fn differing<'r>(
    mut frames: impl Iterator<Item = &'r Frame>,
    mut others: impl Iterator<Item = &'r Frame>,
) -> Option<&'r Frame> {
    frames.find(|frame| {
        let same = |other: &Frame| (&frame.function, frame.line) == (&other.function, other.line);
        !others.next().is_some_and(same)
    })
}

fn is_written_by_macro(frame: &Frame) -> bool {
    frame.function.as_ref().is_some_and(|name| is_generated(name, frame.file.as_deref().unwrap_or_default()))
}

/// True if a frame is a closure in a function that a macro wrote: with line tables alone its name does not say so.
fn is_within_macro(frame: &Frame, caller: Option<&&Frame>) -> bool {
    let is_closure = frame.function.as_ref().is_some_and(|name| name.starts_with("{closure"));
    is_closure && caller.is_some_and(|caller| caller.file == frame.file && is_written_by_macro(caller))
}

/// True if a frame is the tracked function itself: that is the user's own choice of a place.
fn is_tracked_function(frame: &Frame, group: &LiveGroup) -> bool {
    let (Some(file), Some(line), Some(from)) = (&frame.file, frame.line, group.line) else { return false };
    let last = |name: &str| name.rsplit("::").next().unwrap_or_default().to_owned();
    let names = frame.function.as_ref().zip(group.path.last());
    names.is_some_and(|(frame, path)| last(frame) == last(path))
        && line >= from
        && group.file.as_ref().is_some_and(|site| file.replace('\\', "/").ends_with(&site.replace('\\', "/")))
}

/// A frame in words: its file and line, and its function.
fn place(frame: &Frame) -> String {
    let function = function(frame);
    match (&frame.file, frame.line) {
        (Some(file), line) => {
            let file = file.replace('\\', "/");
            let line = line.map_or(String::new(), |line| format!(":{line}"));
            format!("{}{line} in {function}", printable(after_registry(&file).unwrap_or(&file)))
        }
        (None, _) => function,
    }
}

/// The name of a frame's function, or its address and the module that this belongs to.
pub(super) fn function(frame: &Frame) -> String {
    match (&frame.function, &frame.module) {
        (Some(name), _) => printable(name),
        (None, Some(module)) => format!("{:#x} in {}", frame.address, printable(file_name(module))),
        (None, None) => format!("{:#x}", frame.address),
    }
}

/// The name of a module without its folder and the identity of its build.
fn file_name(module: &str) -> &str {
    let path = module.split_once(" (build ").map_or(module, |(path, _)| path);
    path.rsplit(['/', '\\']).next().unwrap_or(path)
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
            module: Some("/opt/app (build 4f2a)".into()),
        }
    }

    fn crates() -> Crates {
        let mut report = crate::report::data::Report::default();
        report.program.name = "app".into();
        Crates::of(&report)
    }

    /// As a group of `app::keep`, which is tracked, shows it.
    fn lines(stack: &[Frame]) -> Vec<String> {
        let group = LiveGroup {
            path: vec!["app::keep".into()],
            file: Some("src/main.rs".into()),
            line: Some(3),
            stack: stack.to_vec(),
            ..LiveGroup::default()
        };
        let shown = shown(&group, &crates());
        shown.lines().into_iter().chain(shown.others(1)).collect()
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
        assert_eq!(lines(&[frame("", None)]), ["   --> 0x1000 in app"]);
        assert_eq!(lines(&[frame("app::job", None)]), ["   --> app::job"]);
    }

    #[test]
    fn with_line_tables_alone_owners_are_known_by_their_files() {
        let own = format!("{}/src/scope/context.rs", env!("CARGO_MANIFEST_DIR"));
        let stack = [
            frame("new_uninitialized", Some("/rust/deps/hashbrown-0.16.1/src/raw/mod.rs")),
            frame("spawn_inner", Some("/a/registry/src/index-1/tokio-1.48.0/src/task/spawn.rs")),
            frame("{closure#0}", Some(&own)),
            frame("write_null", Some("/a/registry/src/index-1/serde_json-1.0.154/src/ser.rs")),
            frame("keep", Some("/w/src/main.rs")),
        ];
        assert_eq!(
            lines(&stack),
            [
                "   --> /w/src/main.rs:7 in keep",
                "   via serde_json-1.0.154/src/ser.rs:7 in write_null",
                "   and 3 more frames: callers, std, the runtime"
            ]
        );
    }

    #[test]
    fn what_a_macro_wrote_is_passed_over_where_the_users_own_lines_stand_behind() {
        let derived =
            frame("app::_::<impl serde_core::ser::Serialize for app::Query>::serialize", Some("src/query.rs"));
        let keep = frame("app::keep", Some("src/main.rs"));
        assert_eq!(
            lines(&[derived.clone(), derived.clone(), keep]),
            [
                "   --> src/main.rs:7 in app::keep",
                "   via src/query.rs:7 in app::_::<impl serde_core::ser::Serialize for app::Query>::serialize",
                "   and 1 more frame: callers, std, the runtime"
            ]
        );
        // Nothing of the user's own stands behind it.
        assert_eq!(lines(std::slice::from_ref(&derived))[0], format!("   --> {}", place(&derived)));
        // A function that the user tracks is a place, whatever it is called.
        let group = LiveGroup {
            path: vec!["app::Query::clone".into()],
            file: Some("src/main.rs".into()),
            line: Some(3),
            stack: vec![
                frame("<app::Query as core::clone::Clone>::clone", Some("/w/src/main.rs")),
                frame("app::main", Some("/w/src/main.rs")),
            ],
            ..LiveGroup::default()
        };
        let lines = shown(&group, &crates()).lines();
        assert!(lines[0].contains("Clone>::clone"), "{lines:?}");
    }
}
