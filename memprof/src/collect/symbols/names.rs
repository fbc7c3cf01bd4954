//! Names of functions, from the symbols and debug information of modules' files.

use crate::report::data::Frame;
use crate::stack::Image;
use std::path::Path;

#[cfg(all(feature = "backtraces", unix))]
pub(crate) use by_file::{Files, SymbolNames};
#[cfg(not(all(feature = "backtraces", unix)))]
pub(crate) use in_process::{Files, SymbolNames};

#[cfg(all(feature = "backtraces", unix))]
mod by_file {
    use super::{Frame, Image, Path};
    use crate::collect::symbols::unread::Unread;
    use crate::sorted;
    use std::borrow::Cow;
    use std::collections::HashMap;
    use std::path::PathBuf;

    #[cfg(target_vendor = "apple")]
    use crate::collect::symbols::debug_map::DebugInfo;
    #[cfg(not(target_vendor = "apple"))]
    use crate::collect::symbols::elf_names::DebugInfo;

    #[cfg(target_vendor = "apple")]
    pub(crate) use crate::collect::symbols::debug_map::Files;
    #[cfg(not(target_vendor = "apple"))]
    pub(crate) use crate::collect::symbols::elf_names::Files;

    /// Files that were read so far, for one report: debug information is large.
    pub(crate) struct SymbolNames<'f> {
        contents: &'f Files,
        /// By path and load address: of two modules with the same path one is older than the file.
        files: HashMap<(PathBuf, usize), Result<DebugInfo<'f>, Unread>>,
    }

    impl<'f> SymbolNames<'f> {
        pub(crate) fn new(contents: &'f Files) -> Self {
            Self { contents, files: HashMap::new() }
        }

        /// Files that another build has replaced since they were loaded.
        pub(crate) fn replaced(&self) -> Vec<PathBuf> {
            let replaced = self.files.iter().filter(|(_, read)| matches!(read, Err(Unread::Replaced)));
            let mut files: Vec<PathBuf> = replaced.map(|((file, _), _)| file.clone()).collect();
            sorted::by(&mut files, Ord::cmp);
            files.dedup();
            files
        }

        /// Functions of a return address, innermost first; `address` is the address in the module's file. Empty if
        /// `image` was not loaded from the file.
        pub(crate) fn at(
            &mut self,
            file: Option<&Path>,
            image: Option<&Image>,
            address: usize,
            _in_memory: usize,
        ) -> Vec<Frame> {
            let Some(file) = file else { return Vec::new() };
            let key = (file.to_owned(), image.map_or(0, |image| image.moved_by));
            let read = || DebugInfo::read(file, self.contents, image);
            let info = self.files.entry(key).or_insert_with(read).as_ref().ok();
            // The address of the call, not of its return, which can be the next line or another function.
            let (Some(info), Some(call)) = (info, (address as u64).checked_sub(1)) else { return Vec::new() };
            let mut frames = Vec::new();
            if let Some(mut found) = info.frames(call) {
                while let Ok(Some(frame)) = found.next() {
                    let location = frame.location.as_ref();
                    frames.push(Frame {
                        function: frame
                            .function
                            .and_then(|name| Some(without_parameters(&name.demangle().ok()?).into())),
                        file: location.and_then(|location| location.file).map(Into::into),
                        line: location.and_then(|location| location.line),
                        ..Frame::default()
                    });
                }
            }
            // Symbols name code without debug information, such as assembly. And with line tables alone
            // (`line-tables-only`) names have no paths: the symbol has the path of the function that was not inlined.
            let has_path = |frame: &Frame| frame.function.as_ref().is_some_and(|name| name.contains("::"));
            if !frames.last().is_some_and(has_path)
                && let Some(symbol) = info.symbol(call)
            {
                let last = frames.pop().unwrap_or_default();
                let function = addr2line::demangle_auto(Cow::Borrowed(symbol), None).into_owned();
                frames.push(Frame { function: Some(function.into()), ..last });
            }
            frames
        }
    }

    /// The name without its generic parameters, which names from line tables have: `reserve<u8, alloc::alloc::Global>`.
    /// A path has them nowhere, or as `a::f::<T>`.
    fn without_parameters(name: &str) -> &str {
        match name.split_once('<') {
            Some((function, _)) if !function.is_empty() && !function.contains("::") => function,
            _ => name,
        }
    }
}

#[cfg(not(all(feature = "backtraces", unix)))]
mod in_process {
    use super::{Frame, Image, Path};

    /// Empty: nothing is read here.
    #[derive(Default)]
    pub(crate) struct Files {}

    /// Empty: nothing is kept.
    pub(crate) struct SymbolNames<'f>(std::marker::PhantomData<&'f Files>);

    impl<'f> SymbolNames<'f> {
        pub(crate) fn new(_contents: &'f Files) -> Self {
            Self(std::marker::PhantomData)
        }

        /// No files are read.
        #[allow(clippy::unused_self, reason = "other systems keep files")]
        pub(crate) fn replaced(&self) -> Vec<std::path::PathBuf> {
            Vec::new()
        }

        /// Functions of a return address, innermost first.
        #[allow(clippy::unused_self, reason = "other systems keep files")]
        #[cfg(all(feature = "backtraces", windows))]
        pub(crate) fn at(
            &mut self,
            _file: Option<&Path>,
            _image: Option<&Image>,
            _in_file: usize,
            address: usize,
        ) -> Vec<Frame> {
            let mut frames = Vec::new();
            // It looks one byte before the given address: at the call, not at its return.
            backtrace::resolve(std::ptr::without_provenance_mut(address), |symbol| {
                frames.push(Frame {
                    // The alternate form omits the compiler's hash.
                    function: symbol.name().map(|name| format!("{name:#}").into()),
                    file: symbol.filename().map(|file| file.to_string_lossy().into()),
                    line: symbol.lineno(),
                    ..Frame::default()
                });
            });
            frames
        }

        /// Names are not available here.
        #[allow(clippy::unused_self, reason = "other systems keep files")]
        #[cfg(not(all(feature = "backtraces", windows)))]
        pub(crate) fn at(
            &mut self,
            _file: Option<&Path>,
            _image: Option<&Image>,
            _in_file: usize,
            _address: usize,
        ) -> Vec<Frame> {
            Vec::new()
        }
    }
}
