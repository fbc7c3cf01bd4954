//! Sections of ELF files.

use super::elf_file::{Compression, ElfFile, Section};
use super::pages::Pages;
use crate::os::memory::mapped_file::{MappedFile, mapped};
use gimli::{Dwarf, EndianSlice, NativeEndian, SectionId};
use miniz_oxide::inflate;
use std::cell::Cell;
use std::path::Path;
use typed_arena::Arena;

pub(super) type Bytes<'f> = EndianSlice<'f, NativeEndian>;

/// Data of one module that is still referred to.
#[derive(Default)]
pub(crate) struct Files {
    maps: Arena<MappedFile>,
    uncompressed: Arena<Vec<u8>>,
    /// Decompressed bytes.
    pub(super) unfolded: Cell<u64>,
}

/// Limit of the growth of a section, and of all sections together, by decompression. Debug information grows three- to
/// tenfold.
const MOST_UNFOLDED: u64 = 100;
pub(super) const MOST_UNFOLDED_IN_ALL: u64 = 4 << 30;

/// Sections that have no names. Compressed ones would only be uncompressed.
const NOT_READ: [SectionId; 6] = [
    SectionId::DebugLoc,
    SectionId::DebugLocLists,
    SectionId::DebugMacinfo,
    SectionId::DebugMacro,
    SectionId::DebugNames,
    SectionId::DebugTypes,
];

/// Memory for names, beside uncompressed sections: measured are 2 MB for 25 MB of debug information.
const AT_LEAST: u64 = 8 << 20;

/// Memory that reading the names of a file takes, beside a few of its pages: compressed sections are uncompressed.
/// `None`: the file cannot be read.
pub(crate) fn memory(path: &Path) -> Option<u64> {
    let files = Files::default();
    let elf = files.elf(path, &mut Pages::default())?;
    let mut memory = AT_LEAST;
    for (name, section) in elf.debug_sections() {
        let is_read = !NOT_READ.iter().any(|id| id.name() == name);
        if is_read && section.compression != Compression::None {
            memory = memory.saturating_add(section.uncompressed_size);
        }
    }
    Some(memory)
}

impl Files {
    /// Files of one unit, which are unmapped before the next unit is read.
    pub(super) fn of_unit(&self) -> Self {
        Self { unfolded: self.unfolded.clone(), ..Self::default() }
    }

    pub(super) fn elf<'f>(&'f self, path: &Path, pages: &mut Pages<'f>) -> Option<ElfFile<'f>> {
        let map = &*self.maps.alloc(mapped(path).ok()?);
        pages.add(map);
        ElfFile::parse(map)
    }

    pub(super) fn dwarf<'f>(
        &'f self,
        elf: &ElfFile<'f>,
        name: fn(SectionId) -> Option<&'static str>,
    ) -> Option<Dwarf<Bytes<'f>>> {
        let name = |id| if NOT_READ.contains(&id) { None } else { name(id) };
        Dwarf::load(|id| Ok::<_, gimli::Error>(self.section(elf, name(id)))).ok()
    }

    /// Bytes of a section; empty if the file has no such section, or one that cannot be decompressed.
    pub(super) fn section<'f>(&'f self, elf: &ElfFile<'f>, name: Option<&str>) -> Bytes<'f> {
        let section = name.and_then(|name| elf.section(name));
        let bytes = section.and_then(|section| match section.compression {
            Compression::None => Some(section.data),
            _ => self.unfold(&section),
        });
        EndianSlice::new(bytes.unwrap_or_default(), NativeEndian)
    }

    /// The decompressed bytes of a section; `None` if it is damaged, or claims more memory than any debug information
    /// takes, or than there is.
    pub(super) fn unfold(&self, section: &Section<'_>) -> Option<&[u8]> {
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
