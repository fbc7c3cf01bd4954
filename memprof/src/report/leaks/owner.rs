//! Owner of a frame: the crate whose code it is.

use crate::report::data::{Frame, Report};
use crate::report::name::slashes;
use crate::sorted;

/// Paths of functions that do not show the origin of a block.
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

/// Folders of the same crates in cargo's registry: with line tables alone, inlined functions have no path.
const COMMON_FOLDERS: [&str; 7] = ["memprof-", "hashbrown-", "tokio-1", "rayon-", "futures-", "libc-", "backtrace-"];

/// The profiler's own sources.
const OWN_SOURCES: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/src/");

/// Owner of a frame.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Owner {
    User,
    /// A crate that the program depends on.
    OtherCrate,
    /// The standard library, a runtime, the profiler, the system.
    Common,
}

/// The user's own crates: those with tracked functions, and the program's.
pub(crate) struct Crates(Vec<String>);

impl Crates {
    pub(crate) fn of(report: &Report) -> Self {
        Self::new(report.functions.iter().map(|function| function.name.as_str()), &report.program.name)
    }

    /// The crates of the tracked functions with these names, and of the program with this name.
    pub(crate) fn new<'n>(functions: impl Iterator<Item = &'n str>, program: &str) -> Self {
        let mut crates: Vec<String> = functions.filter_map(crate_of).map(ToOwned::to_owned).collect();
        // Test programs are named `name-0123456789abcdef`.
        let program = program.trim_end_matches(".exe");
        let is_hash = |end: &str| end.len() == 16 && end.bytes().all(|byte| byte.is_ascii_hexdigit());
        let program = program.rsplit_once('-').filter(|(_, end)| is_hash(end)).map_or(program, |(name, _)| name);
        crates.push(program.replace('-', "_"));
        sorted::by(&mut crates, Ord::cmp);
        crates.dedup();
        Self(crates)
    }

    fn have(&self, function: &str) -> bool {
        crate_of(function).is_some_and(|name| self.0.iter().any(|own| own == name))
    }
}

/// The crate of a function: of the type in `<a::T as b::Trait>::f`, or of the trait if the type is a parameter.
pub(crate) fn crate_of(function: &str) -> Option<&str> {
    let of_path = |path: &'_ str| path.split_once("::").map(|(first, _)| first.len());
    let name = bare(function);
    let (subject, rest) =
        if function.starts_with('<') { name.split_once(" as ").unwrap_or((name, "")) } else { (name, "") };
    let path = if subject.contains("::") { subject } else { bare(rest) };
    path.get(..of_path(path)?)
}

/// A name without the characters before its first path: `<`, `&mut `, `[`.
fn bare(name: &str) -> &str {
    let name = name.trim_start_matches(['<', '&', '[', '(', '*']);
    name.strip_prefix("mut ").or(name.strip_prefix("dyn ")).unwrap_or(name)
}

/// The owner of a frame.
pub(crate) fn of(frame: &Frame, crates: &Crates) -> Owner {
    let Some(function) = &frame.function else {
        // A program without symbols can show nothing better than its own addresses.
        let is_library = frame.module.as_ref().is_some_and(|module| module.contains(".so") || module.contains(".dll"));
        return if is_library { Owner::Common } else { Owner::User };
    };
    // `<alloc::vec::Vec<T> as core::clone::Clone>::clone` belongs to the library as much as `alloc::vec::push`.
    let name = bare(function);
    let file = slashes(frame.file.as_deref().unwrap_or_default());
    if COMMON.iter().any(|prefix| name.starts_with(prefix)) || is_common(&file) || is_of_the_system(name, frame) {
        return Owner::Common;
    }
    // Without debug information only the name shows the owner.
    let is_of_other_crate = if file.is_empty() { !crates.have(function) } else { after_registry(&file).is_some() };
    if is_of_other_crate { Owner::OtherCrate } else { Owner::User }
}

/// True for sources of the standard library (as it was built; beside the compiler with the component `rust-src`; as
/// distributions have it), of the profiler or of a runtime.
fn is_common(file: &str) -> bool {
    ["/rustc/", "/rust/deps/", "/usr/src/rustc-"].iter().any(|start| file.starts_with(start))
        || file.contains("/lib/rustlib/src/rust/library/")
        || file.starts_with(&slashes(OWN_SOURCES))
        || after_registry(file).is_some_and(|inside| COMMON_FOLDERS.iter().any(|folder| inside.starts_with(folder)))
}

/// The path after cargo's folder of other crates: `crossbeam-epoch-0.9.18/src/atomic.rs`.
pub(super) fn after_registry(file: &str) -> Option<&str> {
    let (_, inside) = file.split_once("/registry/src/").or_else(|| file.split_once("/git/checkouts/"))?;
    inside.split_once('/').map(|(_, rest)| rest)
}

/// True for a C function without a file of the user's: `main`, `clone3`, `start_thread`.
fn is_of_the_system(name: &str, frame: &Frame) -> bool {
    frame.file.is_none() && !name.contains("::")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_crate_of_a_function_is_that_of_its_type() {
        for (function, name) in [
            ("app::keep", Some("app")),
            ("<app::Index as app::Search>::insert", Some("app")),
            (
                "<&mut serde_json::ser::Serializer<W,F> as serde_core::ser::Serializer>::serialize_str",
                Some("serde_json"),
            ),
            ("app::_::<impl serde_core::ser::Serialize for app::Query>::serialize", Some("app")),
            ("<T as serde_core::de::DeserializeSeed>::deserialize", Some("serde_core")),
            ("<app::Query>::new", Some("app")),
            ("main", None),
            ("", None),
        ] {
            assert_eq!(crate_of(function), name, "{function}");
        }
    }

    #[test]
    fn without_files_the_users_crates_are_those_with_tracked_functions_and_the_programs() {
        let mut report = Report::default();
        report.program.name = "my-app-0123456789abcdef".into();
        report.functions = ["index::insert", "a name of its own"]
            .map(|name| crate::report::data::Function { name: name.into(), ..Default::default() })
            .into();
        let crates = Crates::of(&report);
        let owner = |name: &str| of(&Frame { function: Some(name.into()), ..Frame::default() }, &crates);
        assert_eq!([owner("my_app::main"), owner("<index::Hnsw as core::clone::Clone>::clone")], [Owner::User; 2]);
        assert_eq!(owner("serde_json::de::from_trait"), Owner::OtherCrate);
        assert_eq!([owner("std::rt::lang_start"), owner("main")], [Owner::Common; 2]);
    }
}
