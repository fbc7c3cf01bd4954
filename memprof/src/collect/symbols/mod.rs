//! Functions, files and lines of captured addresses. Resolved when a report is made, never before.

#[cfg(all(feature = "backtraces", target_vendor = "apple"))]
mod debug_map;
#[cfg(all(feature = "backtraces", unix, not(target_vendor = "apple")))]
mod elf_names;
pub(crate) mod names;
#[cfg(all(feature = "backtraces", unix))]
mod unread;

use crate::collect::symbols::names::{ReturnAddress, SymbolNames};
use crate::report::data::Frame;
use crate::report::naming::without_own;
use crate::sorted;
use crate::stack::{self, Image, Known, StackId};
use std::collections::{HashMap, HashSet};
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// Symbols of the addresses of this moment.
pub(crate) struct Symbols {
    images: Vec<Image>,
    names: SymbolNames,
    /// Functions at an address, innermost first.
    known: HashMap<AddressKey, Vec<Frame>>,
}

/// An address in memory, and the mark of its module.
type AddressKey = (usize, u32);

impl Symbols {
    pub(crate) fn load() -> Self {
        Self { images: stack::images(), names: SymbolNames::default(), known: HashMap::new() }
    }

    /// Reads the names of all functions on these stacks: of each module's file once.
    pub(crate) fn read(&mut self, ids: impl Iterator<Item = StackId>) {
        let Some(tree) = stack::tree() else { return };
        let mut new: Vec<Known> = Vec::new();
        let mut seen = HashSet::new();
        for id in ids {
            // Stacks share their outer frames.
            let is_new = |known: &Known| seen.insert((known.address, known.mark, known.caller));
            new.extend(tree.frames(id).take_while(is_new));
        }
        let mut wanted: Vec<Wanted> = new.iter().map(|&known| (self.module(known), key(known))).collect();
        sorted::by_key(&mut wanted, |&wanted| wanted);
        wanted.dedup();
        wanted.retain(|(_, key)| !self.known.contains_key(key));
        for of_module in wanted.chunk_by(|one, other| one.0 == other.0) {
            if let Some(&(module, _)) = of_module.first() {
                self.read_module(module, of_module);
            }
        }
    }

    /// Functions on a stack, innermost first, without the profiler's own at the top. Unless [`read`](Self::read) has
    /// read them, that takes as long as reading all.
    pub(crate) fn stack(&mut self, id: StackId) -> Vec<Frame> {
        let Some(tree) = stack::tree() else { return Vec::new() };
        if tree.frames(id).any(|known| !self.known.contains_key(&key(known))) {
            self.read(std::iter::once(id));
        }
        let functions = |known| self.known.get(&key(known)).into_iter().flatten().cloned();
        let mut frames: Vec<Frame> = tree.frames(id).flat_map(functions).collect();
        without_own(&mut frames);
        frames
    }

    /// Modules whose files were replaced since they were loaded: these stacks have no names from them.
    pub(crate) fn replaced(&self) -> Vec<PathBuf> {
        self.names.replaced()
    }

    fn module(&self, known: Known) -> InModule {
        if !has_its_module(known) {
            return InModule::Replaced;
        }
        let index = self.images.iter().position(|image| image.contains(known.address));
        index.map_or(InModule::Unknown, InModule::Loaded)
    }

    fn read_module(&mut self, place: InModule, wanted: &[Wanted]) {
        let image = if let InModule::Loaded(index) = place { self.images.get(index) } else { None };
        let moved_by = image.map_or(0, |image| image.moved_by);
        let address =
            |&(_, (address, _)): &Wanted| ReturnAddress { in_file: address.wrapping_sub(moved_by), in_memory: address };
        let addresses: Vec<ReturnAddress> = wanted.iter().map(address).collect();
        let found = match place {
            InModule::Replaced => vec![Vec::new(); addresses.len()],
            _ => self.names.at(image.map(file).as_deref(), image, &addresses),
        };
        let module = image.map(|image| [false, true].map(|with_build| Arc::from(module(image, with_build))));
        let module_of = |frame: &Frame| {
            let [named, with_build] = module.as_ref()?;
            Some(Arc::clone(if frame.function.is_some() { named } else { with_build }))
        };
        for ((&(_, key), address), mut frames) in wanted.iter().zip(addresses).zip(found) {
            if frames.is_empty() {
                frames.push(Frame::default());
            }
            for frame in &mut frames {
                frame.address = address.in_file as u64;
                frame.module = module_of(frame);
            }
            self.known.insert(key, frames);
        }
    }
}

/// The module of an address in memory.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum InModule {
    /// The index of its image.
    Loaded(usize),
    Unknown,
    /// Another module has replaced the captured one: its names would be wrong.
    Replaced,
}

/// An address whose functions are to be read.
type Wanted = (InModule, AddressKey);

fn key(known: Known) -> AddressKey {
    (known.address, known.mark)
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

/// False if another module has replaced the captured one.
fn has_its_module(known: Known) -> bool {
    known.mark == 0 || stack::mark_of(known.address) == Some(known.mark)
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
