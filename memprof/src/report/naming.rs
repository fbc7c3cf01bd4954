//! Names for the stacks of a report that has addresses alone, as of a program that was about to run out of memory.

use super::at_limit;
use super::data::{Frame, Report};

/// Separates the path of a module from its build id, in [`Frame::module`].
const BUILD: &str = " (build ";

impl Frame {
    /// Path of the module's file, without the build id.
    ///
    /// ```
    /// let mut frame = memprof::report::data::Frame::default();
    /// frame.module = Some("/opt/app (build 4f2a)".into());
    /// assert_eq!((frame.module_path(), frame.module_build()), (Some("/opt/app"), Some("4f2a")));
    /// ```
    pub fn module_path(&self) -> Option<&str> {
        let module = self.module.as_deref()?;
        Some(module.rsplit_once(BUILD).map_or(module, |(path, _)| path))
    }

    /// Build id of the module, if the frame has no name and the linker has left an id.
    pub fn module_build(&self) -> Option<&str> {
        self.module.as_deref()?.rsplit_once(BUILD)?.1.strip_suffix(')')
    }
}

impl Report {
    /// True if the report was written at a limit of the memory, and its stacks have addresses alone.
    ///
    /// ```
    /// assert!(!memprof::Report::default().lacks_names());
    /// ```
    pub fn lacks_names(&self) -> bool {
        self.limit.as_ref().is_some_and(|limit| !limit.has_names)
    }

    /// Names the frames of all stacks: `names` returns the functions at a frame's address, innermost first, and none if
    /// it does not know. The profiler's own frames are then omitted. Returns the number of frames that got a name.
    ///
    /// ```
    /// use memprof::report::data::Frame;
    ///
    /// let mut report = memprof::Report::default();
    /// let named = report.name_stacks(&mut |frame: &Frame| {
    ///     let mut named = Frame::default();
    ///     named.function = Some(format!("function at {:#x}", frame.address).into());
    ///     vec![named]
    /// });
    /// assert_eq!(named, 0, "there are no stacks");
    /// ```
    pub fn name_stacks(&mut self, names: &mut dyn FnMut(&Frame) -> Vec<Frame>) -> usize {
        let mut named = 0;
        let of_peak = self.peak.iter_mut().flat_map(|peak| &mut peak.groups);
        for group in self.live.groups.iter_mut().chain(of_peak) {
            let mut frames = Vec::with_capacity(group.stack.len());
            for frame in std::mem::take(&mut group.stack) {
                let found = if frame.function.is_none() { names(&frame) } else { Vec::new() };
                if found.is_empty() {
                    frames.push(frame);
                    continue;
                }
                named += 1;
                let module = frame.module_path().map(Into::into);
                let placed = |found| Frame { address: frame.address, module: Option::clone(&module), ..found };
                frames.extend(found.into_iter().map(placed));
            }
            without_own(&mut frames);
            group.stack = frames;
        }
        if let Some(limit) = self.limit.as_mut().filter(|_| named > 0) {
            limit.has_names = true;
            at_limit::put_first(self);
        }
        named
    }
}

/// Removes the profiler's own frames at the top of a stack. Not only the first ones: closures that the profiler passes
/// on have names of the standard library.
pub(crate) fn without_own(frames: &mut Vec<Frame>) {
    let own = frames.iter().rposition(|frame| frame.function.as_deref().is_some_and(is_own));
    frames.drain(..own.map_or(0, |last| last + 1));
}

/// True if a function is the profiler's, or the compiler's path to it.
fn is_own(function: &str) -> bool {
    const SHIMS: [&str; 6] =
        ["__rust_alloc", "__rust_alloc_zeroed", "__rust_realloc", "__rg_alloc", "__rg_alloc_zeroed", "__rg_realloc"];
    let own = ["memprof::allocator::", "memprof::tracker::", "memprof::live::", "memprof::stack::"];
    let path = function.trim_start_matches('<');
    own.iter().any(|prefix| path.starts_with(prefix)) || SHIMS.contains(&path.rsplit("::").next().unwrap_or(path))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::data::{AtLimit, LiveGroup};

    #[test]
    fn the_profilers_frames_are_known_by_name() {
        for own in [
            "memprof::tracker::hook::allocation_event",
            "<memprof::allocator::AllocationTracker as core::alloc::global::GlobalAlloc>::alloc",
            "__rust_alloc",
            "__rustc::__rust_realloc",
            "__rustc[a1b2]::__rust_alloc_zeroed",
        ] {
            assert!(is_own(own), "{own}");
        }
        for other in
            ["alloc::alloc::alloc", "memprof_tests::live::f", "my::memprof::live::f", "memprof::profile::start"]
        {
            assert!(!is_own(other), "{other}");
        }
    }

    #[test]
    fn frames_get_names_and_the_finding_a_place() {
        let frame = |address| Frame { address, module: Some("/opt/a (b) (build 4f2a)".into()), ..Frame::default() };
        let stack = vec![frame(1), frame(2), frame(3)];
        let group = LiveGroup { path: vec!["app::fill".into()], bytes: 100, stack, ..LiveGroup::default() };
        let limit = AtLimit {
            used_bytes: 100,
            heap_bytes: 100,
            growing_function: Some("app::fill".into()),
            ..AtLimit::default()
        };
        let mut report = Report { limit: Some(limit), ..Report::default() };
        report.live.groups.push(group);
        assert!(report.lacks_names());
        let named = report.name_stacks(&mut |frame| {
            assert_eq!((frame.module_path(), frame.module_build()), (Some("/opt/a (b)"), Some("4f2a")));
            let named = |name: &str, line| Frame {
                function: Some(name.into()),
                file: Some("src/fill.rs".into()),
                line: Some(line),
                ..Frame::default()
            };
            match frame.address {
                1 => vec![named("memprof::tracker::hook::on_alloc", 1)],
                2 => vec![named("app::inlined", 20), named("app::fill", 21)],
                _ => Vec::new(),
            }
        });
        assert_eq!((named, report.lacks_names()), (2, false));
        let stack = &report.live.groups[0].stack;
        let shown: Vec<_> = stack.iter().map(|frame| (frame.function.as_deref(), frame.address)).collect();
        assert_eq!(shown, [(Some("app::inlined"), 2), (Some("app::fill"), 2), (None, 3)]);
        assert_eq!(stack[0].module.as_deref(), Some("/opt/a (b)"));
        assert_eq!(stack[2].module_build(), Some("4f2a"));
        assert!(report.findings[0].title.starts_with("app::fill (src/fill.rs:20) grew most"), "{:?}", report.findings);
    }
}
