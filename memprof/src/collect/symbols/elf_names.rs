//! Names from ELF files.
//!
//! Does the work of `addr2line::Loader` for this one format. With the formats of all other systems the loader takes
//! longer to compile than everything else that memprof needs.

use super::elf_file::{Compression, ElfFile, Section};
use super::elf_symbols::SymbolTable;
use super::unread::Unread;
use crate::stack::Image;
use addr2line::{Context, FrameIter, LookupContinuation, LookupResult, SplitDwarfLoad};
use gimli::{AbbreviationsCacheStrategy, Dwarf, DwarfPackage, EndianSlice, NativeEndian};
use memmap2::Mmap;
use miniz_oxide::inflate;
use std::cell::Cell;
use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use typed_arena::Arena;

type Bytes<'f> = EndianSlice<'f, NativeEndian>;

/// Data that was read for one report and is still referred to.
#[derive(Default)]
pub(crate) struct Files {
    maps: Arena<Mmap>,
    uncompressed: Arena<Vec<u8>>,
    /// Decompressed bytes.
    unfolded: Cell<u64>,
}

/// Limit of the growth of a section, and of all sections together, by decompression. Debug information grows three- to
/// tenfold.
const MOST_UNFOLDED: u64 = 100;
const MOST_UNFOLDED_IN_ALL: u64 = 4 << 30;

/// Least memory for names, and the part of the debug information that is indexed: measured are 8 MB for 25 MB.
const AT_LEAST: u64 = 8 << 20;
const INDEXED_PART: u64 = 4;

/// Debug information of one file.
pub(crate) struct DebugInfo<'f> {
    files: &'f Files,
    lines: Context<Bytes<'f>>,
    symbols: SymbolTable<'f>,
    /// `split-debuginfo = "packed"`: the file beside it with most of the debug information.
    package: Option<DwarfPackage<Bytes<'f>>>,
}

impl<'f> DebugInfo<'f> {
    /// Debug information of the file, if `image` was loaded from it.
    pub(crate) fn read(path: &Path, files: &'f Files, image: Option<&Image>) -> Result<Self, Unread> {
        let elf = files.elf(path).ok_or(Unread::Unreadable)?;
        if !image.is_none_or(|image| is_of(&elf, image)) {
            return Err(Unread::Replaced);
        }
        Self::of(path, files, &elf).ok_or(Unread::Unreadable)
    }

    fn of(path: &Path, files: &'f Files, elf: &ElfFile<'f>) -> Option<Self> {
        let mut dwarf = files.dwarf(elf, |id| Some(id.name()))?;
        // Most units of a Rust program share an abbreviation table, so it is read once.
        dwarf.populate_abbreviations_cache(AbbreviationsCacheStrategy::Duplicates);
        Some(Self {
            files,
            lines: Context::from_dwarf(dwarf).ok()?,
            symbols: elf.symbols(),
            package: package(path, files),
        })
    }

    /// Functions at an address in the file, innermost first.
    pub(crate) fn frames(&self, address: u64) -> Option<FrameIter<'_, Bytes<'f>>> {
        let mut found = self.lines.find_frames(address);
        loop {
            match found {
                LookupResult::Output(frames) => return frames.ok(),
                LookupResult::Load { load, continuation } => found = continuation.resume(self.split_part(&load)),
            }
        }
    }

    /// Symbol of an address in the file.
    pub(crate) fn symbol(&self, address: u64) -> Option<&'f str> {
        self.symbols.containing(address)
    }

    /// The part of the debug information that is in another file.
    fn split_part(&self, part: &SplitDwarfLoad<Bytes<'f>>) -> Option<Arc<Dwarf<Bytes<'f>>>> {
        if let Some(package) = &self.package
            && let Ok(Some(found)) = package.find_cu(part.dwo_id, &part.parent)
        {
            return Some(Arc::new(found));
        }
        // `split-debuginfo = "unpacked"`: a file for each unit. Its path is one from where the program was compiled.
        let file = |bytes: &Bytes<'f>| PathBuf::from(OsStr::from_bytes(bytes.slice()));
        let folder = part.comp_dir.as_ref().map(file).unwrap_or_default();
        let elf = self.files.elf(&folder.join(file(part.path.as_ref()?)))?;
        let mut dwarf = self.files.dwarf(&elf, gimli::SectionId::dwo_name)?;
        let header = dwarf.units().next().ok()??;
        if dwarf.unit(header).ok()?.dwo_id != Some(part.dwo_id) {
            return None; // It was compiled anew since.
        }
        dwarf.make_dwo(&part.parent);
        Some(Arc::new(dwarf))
    }
}

/// True if the image was loaded from this file, and not from an earlier build under its name.
fn is_of(elf: &ElfFile<'_>, image: &Image) -> bool {
    if let Some(loaded) = &image.build_id {
        return elf.build_id().iter().map(|byte| format!("{byte:02x}")).collect::<String>() == *loaded;
    }
    image.content.is_none_or(|loaded| elf.loaded_content() == loaded)
}

/// Memory that reading the names of a file takes, beside its pages: compressed sections are uncompressed, and a part of
/// all is indexed. `None`: the file cannot be read.
pub(crate) fn memory(path: &Path) -> Option<u64> {
    let files = Files::default();
    let elf = files.elf(path)?;
    let mut memory = AT_LEAST;
    for section in elf.debug_sections() {
        memory = memory.saturating_add(section.uncompressed_size / INDEXED_PART);
        if section.compression != Compression::None {
            memory = memory.saturating_add(section.uncompressed_size);
        }
    }
    Some(memory)
}

fn package<'f>(path: &Path, files: &'f Files) -> Option<DwarfPackage<Bytes<'f>>> {
    // `/proc/self/exe` is a link.
    let path = path.canonicalize().ok()?;
    let mut name = path.file_name()?.to_owned();
    name.push(".dwp");
    let elf = files.elf(&path.with_file_name(name))?;
    let section = |id: gimli::SectionId| Ok::<_, gimli::Error>(files.section(&elf, id.dwo_name()));
    DwarfPackage::load(section, Bytes::default()).ok()
}

impl Files {
    fn elf(&self, path: &Path) -> Option<ElfFile<'_>> {
        let map = self.maps.alloc(crate::os::memory::mapped_file::mapped(path).ok()?);
        ElfFile::parse(map)
    }

    fn dwarf<'f>(
        &'f self,
        elf: &ElfFile<'f>,
        name: fn(gimli::SectionId) -> Option<&'static str>,
    ) -> Option<Dwarf<Bytes<'f>>> {
        Dwarf::load(|id| Ok::<_, gimli::Error>(self.section(elf, name(id)))).ok()
    }

    /// Bytes of a section; empty if the file has no such section, or one that cannot be decompressed.
    fn section<'f>(&'f self, elf: &ElfFile<'f>, name: Option<&str>) -> Bytes<'f> {
        let section = name.and_then(|name| elf.section(name));
        let bytes = section.and_then(|section| match section.compression {
            Compression::None => Some(section.data),
            _ => self.unfold(&section),
        });
        EndianSlice::new(bytes.unwrap_or_default(), NativeEndian)
    }

    /// The decompressed bytes of a section; `None` if it is damaged, or claims more memory than any debug information
    /// takes, or than there is.
    fn unfold(&self, section: &Section<'_>) -> Option<&[u8]> {
        let size = section.uncompressed_size;
        let most = (section.data.len() as u64).saturating_mul(MOST_UNFOLDED).saturating_add(1 << 20);
        let left = MOST_UNFOLDED_IN_ALL.checked_sub(self.unfolded.get())?;
        if size > most.min(left) {
            return None;
        }
        self.unfolded.set(self.unfolded.get() + size);
        let size = usize::try_from(size).ok()?;
        let mut bytes = Vec::new();
        // A failed allocation must not end the program.
        bytes.try_reserve_exact(size).ok()?;
        bytes.resize(size, 0);
        let written = match section.compression {
            Compression::Zlib => {
                let parts = std::iter::once(section.data);
                inflate::decompress_slice_iter_to_slice(&mut bytes, parts, true, false).ok()?
            }
            #[cfg(feature = "zstd")]
            Compression::Zstd => ruzstd::decoding::FrameDecoder::new().decode_all(section.data, &mut bytes).ok()?,
            _ => return None,
        };
        bytes.truncate(written);
        Some(self.uncompressed.alloc(bytes).as_slice())
    }
}

#[cfg(test)]
mod tests;
