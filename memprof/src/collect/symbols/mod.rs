//! Functions, files and lines of captured addresses. Resolved when a report is made, never before.

#[cfg(all(feature = "backtraces", target_vendor = "apple"))]
mod debug_map;
#[cfg(all(feature = "backtraces", unix, not(target_vendor = "apple")))]
mod elf_file;
#[cfg(all(feature = "backtraces", unix, not(target_vendor = "apple")))]
mod elf_names;
#[cfg(all(feature = "backtraces", unix, not(target_vendor = "apple")))]
mod elf_symbols;
pub(crate) mod names;
#[cfg(all(feature = "backtraces", unix))]
mod unread;

use crate::collect::symbols::names::{Files, SymbolNames};
use crate::report::data::Frame;
use crate::report::naming::without_own;
use crate::stack::{self, Image, Known, StackId};
use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// Symbols of the addresses of this moment.
pub(crate) struct Symbols<'f> {
    images: Vec<Image>,
    names: SymbolNames<'f>,
    /// Functions at an address, innermost first.
    known: HashMap<(usize, u32), Vec<Frame>>,
}

impl<'f> Symbols<'f> {
    pub(crate) fn load(files: &'f Files) -> Self {
        Self { images: stack::images(), names: SymbolNames::new(files), known: HashMap::new() }
    }

    /// Functions on a stack, innermost first, without the profiler's own at the top.
    pub(crate) fn stack(&mut self, id: StackId) -> Vec<Frame> {
        let Some(tree) = stack::tree() else { return Vec::new() };
        let mut frames: Vec<Frame> = tree.frames(id).flat_map(|known| self.functions(known).to_vec()).collect();
        without_own(&mut frames);
        frames
    }

    /// Modules whose files were replaced since they were loaded: these stacks have no names from them.
    pub(crate) fn replaced(&self) -> Vec<PathBuf> {
        self.names.replaced()
    }

    fn functions(&mut self, known: Known) -> &[Frame] {
        let (images, names) = (&self.images, &mut self.names);
        self.known.entry((known.address, known.mark)).or_insert_with(|| functions(known, images, names))
    }
}

/// Memory that reading the names of the program takes. `None`: not known.
pub(crate) fn memory() -> Option<u64> {
    #[cfg(all(feature = "backtraces", unix, not(target_vendor = "apple")))]
    return elf_names::memory(Path::new("/proc/self/exe"));
    #[cfg(not(all(feature = "backtraces", unix, not(target_vendor = "apple"))))]
    None
}

/// Addresses of this moment, without names.
pub(crate) struct Addresses {
    /// Each with its name in the report.
    images: Vec<(Image, Arc<str>)>,
}

impl Addresses {
    pub(crate) fn load() -> Self {
        let named = |image: Image| {
            let name = module(&image, true).into();
            (image, name)
        };
        Self { images: stack::images().into_iter().map(named).collect() }
    }

    /// Frames of a stack, innermost first, with the profiler's own.
    pub(crate) fn stack(&self, id: StackId) -> Vec<Frame> {
        let Some(tree) = stack::tree() else { return Vec::new() };
        tree.frames(id).map(|known| self.frame(known)).collect()
    }

    fn frame(&self, known: Known) -> Frame {
        let image = if has_its_module(known) { self.image(known.address) } else { None };
        let address = image.map_or(known.address, |(image, _)| known.address.wrapping_sub(image.moved_by));
        Frame { address: address as u64, module: image.map(|(_, name)| Arc::clone(name)), ..Frame::default() }
    }

    fn image(&self, address: usize) -> Option<&(Image, Arc<str>)> {
        self.images.iter().find(|(image, _)| image.contains(address))
    }
}

/// False if another module has replaced the captured one: its names would be wrong.
fn has_its_module(known: Known) -> bool {
    known.mark == 0 || stack::mark_of(known.address) == Some(known.mark)
}

fn functions(known: Known, images: &[Image], names: &mut SymbolNames<'_>) -> Vec<Frame> {
    let nothing = Frame { address: known.address as u64, ..Frame::default() };
    if !has_its_module(known) {
        return vec![nothing];
    }
    let image = images.iter().find(|image| image.contains(known.address));
    let in_file = image.map_or(known.address, |image| known.address.wrapping_sub(image.moved_by));
    let file = image.map(file);
    let mut frames = names.at(file.as_deref(), image, in_file, known.address);
    if frames.is_empty() {
        frames.push(nothing);
    }
    for frame in &mut frames {
        frame.address = in_file as u64;
        frame.module = image.map(|image| module(image, frame.function.is_none()).into());
    }
    frames
}

/// The file to read a module's symbols from.
fn file(image: &Image) -> PathBuf {
    if !image.file.as_os_str().is_empty() {
        return image.file.clone();
    }
    // Linux: the program's file, even after it was replaced or deleted.
    let linked = Path::new("/proc/self/exe");
    if linked.exists() { linked.to_owned() } else { std::env::current_exe().unwrap_or_default() }
}

/// File of a module, with the build id if the name of the function has yet to be found.
fn module(image: &Image, with_build: bool) -> String {
    let program = std::env::current_exe().unwrap_or_default();
    let file: &Path = if image.file.as_os_str().is_empty() { &program } else { &image.file };
    let file = file.to_string_lossy();
    match &image.build_id {
        Some(build_id) if with_build => format!("{file} (build {build_id})"),
        _ => file.into_owned(),
    }
}
