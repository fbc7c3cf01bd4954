//! The place where a block was allocated: the frames of a stack that distinguish it from other places.
//!
//! Recursion and work stealing lead to one place by thousands of stacks, each with a part of the blocks: judged
//! separately, none of them shows growth. So a place consists of
//!
//! 1. the frames from the allocation to the innermost one of the user's own, and the user's own outside it. If there
//!    are none, the frames of other crates are used instead;
//! 2. no frame outside the first one in which a thread pool runs a job: those show what the thread was waiting for when
//!    it took the job;
//! 3. no cycle: all frames from a function's innermost frame to its outermost one are one.

use crate::report::data::Frame;
use crate::report::leaks::owner::{self, Crates, Owner};
use crate::report::name::slashes;
use std::sync::Arc;

/// Frames in which rayon runs jobs: all of the crate except those that a caller enters to submit a job.
const JOBS: &str = "rayon_core::";
const HANDING_OVER: [&str; 3] = ["rayon_core::spawn", "rayon_core::scope", "rayon_core::broadcast"];
/// The same by the folder in cargo's registry, for inlined functions without a path.
const JOBS_FOLDER: &str = "rayon-core-";
const JOBS_FILES: [&str; 3] = ["/src/join/", "/src/job.rs", "/src/registry.rs"];

/// Endings that a closure adds to the name of its function.
const CLOSURES: [&str; 2] = ["::{{closure}}", "::{closure"];

/// Function, file, line; and the address if there are no names.
type ShownFrame = (Option<Arc<str>>, Option<Arc<str>>, Option<u32>, u64);

/// Equal for stacks of one place.
pub(crate) type PlaceKey = Vec<ShownFrame>;

/// The key of a stack, innermost frame first.
pub(crate) fn key(stack: &[Frame], crates: &Crates) -> PlaceKey {
    let mut frames = without_cycles(stack);
    if let Some(job) = frames.iter().position(|frame| runs_a_job(frame)) {
        frames.truncate(job);
    }
    let has_user = frames.iter().any(|frame| owner::of(frame, crates) == Owner::User);
    let wanted = if has_user { Owner::User } else { Owner::OtherCrate };
    let mut is_inside = true;
    frames.retain(|frame| {
        let is_own = owner::of(frame, crates) == wanted;
        is_inside &= !is_own;
        is_inside || is_own
    });
    frames.into_iter().map(shown).collect()
}

/// The frames without those between two of the same function, and without that function's outer ones.
fn without_cycles(stack: &[Frame]) -> Vec<&Frame> {
    let mut frames = Vec::new();
    let mut rest = stack;
    while let Some((frame, callers)) = rest.split_first() {
        frames.push(frame);
        let outermost = callers.iter().rposition(|caller| is_same_function(frame, caller));
        rest = outermost.and_then(|outermost| callers.get(outermost + 1..)).unwrap_or(callers);
    }
    frames
}

/// True if a caller is the same function, or a closure in it: a function beneath its own closure is recursion. With
/// line tables alone the name of an inlined function has no path, and others in the file can have the same name.
fn is_same_function(frame: &Frame, caller: &Frame) -> bool {
    let (Some(function), Some(other)) = (&frame.function, &caller.function) else { return false };
    let is_whole_name = function.contains("::") || frame.line == caller.line;
    let is_own_closure =
        || CLOSURES.iter().any(|closure| other.strip_prefix(&**function).is_some_and(|rest| rest.starts_with(closure)));
    is_whole_name && frame.file == caller.file && (function == other || is_own_closure())
}

fn runs_a_job(frame: &Frame) -> bool {
    let Some(function) = &frame.function else { return false };
    let name = function.trim_start_matches('<');
    if name.starts_with(JOBS) {
        return !HANDING_OVER.iter().any(|start| name.starts_with(start));
    }
    let file = slashes(frame.file.as_deref().unwrap_or_default());
    file.contains(JOBS_FOLDER) && JOBS_FILES.iter().any(|inside| file.contains(inside))
}

/// A loop that the compiler has unrolled is one place: if there are names, the address adds nothing.
fn shown(frame: &Frame) -> ShownFrame {
    let address = if frame.function.is_some() { 0 } else { frame.address };
    (frame.function.clone(), frame.file.clone(), frame.line, address)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn frame(function: &str, line: u32) -> Frame {
        Frame { function: Some(function.into()), line: Some(line), address: u64::from(line), ..Frame::default() }
    }

    /// The functions of a place, with their lines.
    fn place(stack: &[(&str, u32)]) -> Vec<String> {
        let stack: Vec<Frame> = stack.iter().map(|&(function, line)| frame(function, line)).collect();
        let crates = Crates::new(["app::record"].into_iter(), "app");
        let name =
            |(function, _, line, _): ShownFrame| format!("{}:{}", function.unwrap_or_default(), line.unwrap_or(0));
        key(&stack, &crates).into_iter().map(name).collect()
    }

    const JOIN: [(&str, u32); 2] = [
        ("rayon_core::join::join_context::{{closure}}", 5),
        ("rayon::iter::plumbing::bridge_producer_consumer::helper", 6),
    ];
    const INLINE: (&str, u32) = ("rayon_core::job::StackJob<L,F,R>::run_inline", 7);
    const WORKER: [(&str, u32); 3] = [
        ("<rayon_core::job::StackJob<L,F,R> as rayon_core::job::Job>::execute", 8),
        ("rayon_core::registry::WorkerThread::wait_until_cold", 9),
        ("std::sys::backtrace::__rust_begin_short_backtrace", 10),
    ];

    #[test]
    fn the_depth_of_a_split_is_no_other_place() {
        let inner =
            |function: &'static str| [(function, 1), ("rayon::iter::plumbing::bridge_producer_consumer::helper", 6)];
        let stacks = |function| {
            [
                [&inner(function)[..], &WORKER].concat(),
                [&inner(function)[..], &JOIN, &WORKER].concat(),
                [&inner(function)[..], &[INLINE], &JOIN, &JOIN, &WORKER].concat(),
                // The job was stolen by a thread that waited within another function of the program.
                [&inner(function)[..], &JOIN, &WORKER[..2], &[("app::other", 30)], &JOIN, &WORKER].concat(),
            ]
        };
        for function in ["alloc::fmt::format::format_inner", "app::record"] {
            let places: Vec<Vec<String>> = stacks(function).iter().map(|stack| place(stack)).collect();
            assert!(places.iter().all(|place| *place == places[0]), "{places:?}");
            assert_eq!(places[0][0], format!("{function}:1"));
        }
        assert_ne!(place(&stacks("alloc::fmt::format::format_inner")[0]), place(&stacks("app::record")[0]));
    }

    #[test]
    fn recursion_of_the_program_is_one_place() {
        let alloc = ("alloc::vec::Vec<T,A>::push", 1);
        let (left, right) = (("app::grow", 11), ("app::grow", 12));
        let main = ("app::main", 40);
        let once = place(&[alloc, ("app::grow", 10), main]);
        assert_eq!(once, ["alloc::vec::Vec<T,A>::push:1", "app::grow:10", "app::main:40"]);
        assert_eq!(place(&[alloc, ("app::grow", 10), left, right, left, main]), once);
        // Through its closures.
        let closures = [("app::grow::{{closure}}", 14), ("core::ops::call", 2), ("app::grow", 11)];
        assert_eq!(place(&[&[alloc, ("app::grow", 10)][..], &closures, &[main]].concat()), once);
        assert_eq!(place(&[&[alloc, ("app::grow", 10)][..], &closures[..1], &[main]].concat()), once);
        let beneath = place(&[alloc, ("app::grow::{{closure}}", 14), ("app::grow", 11), main]);
        assert_eq!(beneath.len(), 4, "a closure in its function is no recursion");
        // Through one another.
        let (even, odd) = (("app::even", 20), ("app::odd", 21));
        assert_eq!(place(&[alloc, even, odd, even, odd, even, main]), place(&[alloc, even, main]));
        // Another line of it, and another caller, are other places.
        assert_ne!(place(&[alloc, ("app::grow", 13), main]), once);
        assert_ne!(place(&[alloc, ("app::grow", 10), ("app::other", 40)]), once);
    }

    #[test]
    fn runtimes_and_other_crates_outside_the_programs_own_are_left_out() {
        let own = [("alloc::vec::Vec<T,A>::push", 1), ("tower::call", 2), ("app::handle", 3)];
        let one = place(&[&own[..], &[("tokio::runtime::worker::run", 4), ("axum::route", 5)]].concat());
        assert_eq!(one, ["alloc::vec::Vec<T,A>::push:1", "tower::call:2", "app::handle:3"]);
        assert_eq!(place(&[&own[..], &[("axum::other", 6), ("app::main", 7)]].concat()).last().unwrap(), "app::main:7");
        // A spawned task belongs to the function that spawns it.
        let spawned = [("tokio::runtime::task::new", 1), ("rayon_core::spawn::spawn_in", 2), ("app::spawn", 3)];
        assert_eq!(place(&spawned).last().unwrap(), "app::spawn:3");
        // Nothing of the program's own.
        assert_eq!(place(&[("alloc::alloc", 1), ("serde::a", 2), ("std::rt", 3), ("serde::b", 4)]).len(), 3);
        assert!(place(&[]).is_empty());
    }
}
