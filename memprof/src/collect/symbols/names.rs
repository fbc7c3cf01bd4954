//! Names of functions, from the symbols and debug information of modules' files.

use crate::report::data::Frame;
use crate::stack::Image;
use std::path::Path;

#[cfg(all(feature = "backtraces", unix))]
pub(crate) use by_file::SymbolNames;
#[cfg(not(all(feature = "backtraces", unix)))]
pub(crate) use in_process::SymbolNames;

/// The address at which a function continues after its call.
#[derive(Clone, Copy, Debug)]
pub(crate) struct ReturnAddress {
    /// In the module's file.
    #[cfg_attr(not(all(feature = "backtraces", unix)), allow(dead_code, reason = "no file is read"))]
    pub(crate) in_file: usize,
    #[cfg_attr(not(all(feature = "backtraces", windows)), allow(dead_code, reason = "files are read"))]
    pub(crate) in_memory: usize,
}

#[cfg(all(feature = "backtraces", unix))]
mod by_file {
    use super::{Frame, Image, Path, ReturnAddress};
    use crate::collect::symbols::unread::Unread;
    use crate::sorted;
    use std::path::PathBuf;

    #[cfg(target_vendor = "apple")]
    use crate::collect::symbols::debug_map::{DebugInfo, Files};
    #[cfg(not(target_vendor = "apple"))]
    use crate::collect::symbols::elf_names::{DebugInfo, Files};

    /// Reader of names for one report.
    #[derive(Default)]
    pub(crate) struct SymbolNames {
        replaced: Vec<PathBuf>,
    }

    impl SymbolNames {
        /// Files that another build has replaced since they were loaded.
        pub(crate) fn replaced(&self) -> Vec<PathBuf> {
            let mut files = self.replaced.clone();
            sorted::by(&mut files, Ord::cmp);
            files.dedup();
            files
        }

        /// Functions at return addresses of one module, of each the innermost first. Nothing is kept of the file: debug
        /// information is large. Empty if `image` was not loaded from the file.
        pub(crate) fn at(
            &mut self,
            file: Option<&Path>,
            image: Option<&Image>,
            addresses: &[ReturnAddress],
        ) -> Vec<Vec<Frame>> {
            let files = Files::default();
            let nothing = || vec![Vec::new(); addresses.len()];
            let info = match file.map(|file| (file, DebugInfo::read(file, &files, image))) {
                Some((_, Ok(info))) => info,
                Some((file, Err(Unread::Replaced))) => {
                    self.replaced.push(file.to_owned());
                    return nothing();
                }
                _ => return nothing(),
            };
            // The address of the call, not of its return, which can be the next line or another function.
            let call = |address: &ReturnAddress| (address.in_file as u64).checked_sub(1);
            let mut calls: Vec<u64> = addresses.iter().filter_map(call).collect();
            sorted::by_key(&mut calls, |&call| call);
            calls.dedup();
            let frames = named(&info, &calls);
            let frames_at = |call| calls.binary_search(&call).ok().and_then(|index| frames.get(index)).cloned();
            addresses.iter().map(|address| call(address).and_then(frames_at).unwrap_or_default()).collect()
        }
    }

    /// Functions at calls, which are sorted.
    fn named(info: &DebugInfo<'_>, calls: &[u64]) -> Vec<Vec<Frame>> {
        let mut frames = info.frames(calls);
        for frame in frames.iter_mut().flatten() {
            if let Some(name) = &frame.function
                && let name_alone = without_parameters(name)
                && name_alone.len() < name.len()
            {
                frame.function = Some(name_alone.into());
            }
        }
        // Symbols name code without debug information, such as assembly. And with line tables alone
        // (`line-tables-only`) names have no paths: the symbol has the path of the function that was not inlined.
        let has_path = |frame: &Frame| frame.function.as_ref().is_some_and(|name| name.contains("::"));
        let unnamed = |frames: &Vec<Frame>| !frames.last().is_some_and(has_path);
        let without: Vec<u64> =
            calls.iter().zip(&frames).filter(|(_, frames)| unnamed(frames)).map(|(&call, _)| call).collect();
        if without.is_empty() {
            return frames;
        }
        let symbols = info.symbols(&without);
        for (frames, symbol) in frames.iter_mut().filter(|frames| unnamed(frames)).zip(symbols) {
            if symbol.is_some() {
                let last = frames.pop().unwrap_or_default();
                frames.push(Frame { function: symbol, ..last });
            }
        }
        frames
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
    use super::{Frame, Image, Path, ReturnAddress};

    /// Empty: nothing is kept.
    #[derive(Default)]
    pub(crate) struct SymbolNames {}

    impl SymbolNames {
        /// No files are read.
        #[allow(clippy::unused_self, reason = "other systems keep files")]
        pub(crate) fn replaced(&self) -> Vec<std::path::PathBuf> {
            Vec::new()
        }

        /// Functions at return addresses of one module, of each the innermost first.
        #[allow(clippy::unused_self, reason = "other systems keep files")]
        pub(crate) fn at(
            &mut self,
            _file: Option<&Path>,
            _image: Option<&Image>,
            addresses: &[ReturnAddress],
        ) -> Vec<Vec<Frame>> {
            addresses.iter().map(|&address| frames(address)).collect()
        }
    }

    #[cfg(all(feature = "backtraces", windows))]
    fn frames(address: ReturnAddress) -> Vec<Frame> {
        let mut frames = Vec::new();
        // It looks one byte before the given address: at the call, not at its return.
        backtrace::resolve(std::ptr::without_provenance_mut(address.in_memory), |symbol| {
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
    #[cfg(not(all(feature = "backtraces", windows)))]
    fn frames(_address: ReturnAddress) -> Vec<Frame> {
        Vec::new()
    }
}
