//! One ELF file: its sections, its build id, and the loaded parts that identify it.

use elf::ElfBytes;
use elf::abi;
use elf::endian::NativeEndian;
use elf::note::{Note, NoteIterator};
use elf::section::SectionHeader;

use super::symbol_table::SymbolTable;
use crate::stack::identity;

/// An ELF file of this system.
pub(super) struct ElfFile<'f>(ElfBytes<'f, NativeEndian>);

/// Compression of a section.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Compression {
    None,
    Zlib,
    #[cfg_attr(not(feature = "zstd"), allow(dead_code))]
    Zstd,
    Unknown,
}

/// A section as it is in the file.
pub(super) struct Section<'f> {
    pub(super) data: &'f [u8],
    pub(super) compression: Compression,
    pub(super) uncompressed_size: u64,
}

impl<'f> ElfFile<'f> {
    pub(super) fn parse(bytes: &'f [u8]) -> Option<Self> {
        ElfBytes::minimal_parse(bytes).ok().map(Self)
    }

    pub(super) fn section(&self, name: &str) -> Option<Section<'f>> {
        if let Some(header) = self.0.section_header_by_name(name).ok()? {
            return self.content(&header);
        }
        // The form before the flag `SHF_COMPRESSED`: another name, and a header of 12 bytes.
        let name = format!(".z{}", name.strip_prefix('.')?);
        let data = self.content(&self.0.section_header_by_name(&name).ok()??)?.data;
        let (size, data) = data.strip_prefix(b"ZLIB\0\0\0\0")?.split_first_chunk()?;
        let uncompressed_size = u32::from_be_bytes(*size).into();
        Some(Section { data, compression: Compression::Zlib, uncompressed_size })
    }

    /// Sections whose names begin with `.debug_`, and their names.
    pub(super) fn debug_sections(&self) -> Vec<(&'f str, Section<'f>)> {
        let mut sections = Vec::new();
        if let Ok((Some(headers), Some(names))) = self.0.section_headers_with_strtab() {
            for header in headers {
                let name = names.get(header.sh_name as usize).unwrap_or_default();
                if name.starts_with(".debug_")
                    && let Some(section) = self.content(&header)
                {
                    sections.push((name, section));
                }
            }
        }
        sections
    }

    fn content(&self, header: &SectionHeader) -> Option<Section<'f>> {
        let (data, compressed) = self.0.section_data(header).ok()?;
        let (compression, uncompressed_size) = match compressed {
            None => (Compression::None, data.len() as u64),
            Some(compressed) => match compressed.ch_type {
                abi::ELFCOMPRESS_ZLIB => (Compression::Zlib, compressed.ch_size),
                #[cfg(feature = "zstd")]
                abi::ELFCOMPRESS_ZSTD => (Compression::Zstd, compressed.ch_size),
                _ => (Compression::Unknown, compressed.ch_size),
            },
        };
        Some(Section { data, compression, uncompressed_size })
    }

    /// `None`: it has no symbols.
    pub(super) fn symbols(&self) -> Option<SymbolTable<'f>> {
        let full = self.0.symbol_table().ok().flatten().filter(|(symbols, _)| !symbols.is_empty());
        let (symbols, names) = full.or_else(|| self.0.dynamic_symbol_table().ok()?)?;
        let sections = self.0.section_headers();
        let ends = sections.into_iter().flatten().map(|section| section.sh_addr.saturating_add(section.sh_size));
        Some(SymbolTable { symbols, names, section_ends: ends.collect() })
    }

    /// Build id, empty if there is none.
    pub(super) fn build_id(&self) -> &'f [u8] {
        let id = |notes: NoteIterator<'f, NativeEndian>| {
            for note in notes {
                if let Note::GnuBuildId(id) = note {
                    return Some(id.0);
                }
            }
            None
        };
        let mut found = None;
        if let Some(sections) = self.0.section_headers() {
            for section in sections {
                found = found.or_else(|| id(self.0.section_data_as_notes(&section).ok()?));
            }
        } else if let Some(segments) = self.0.segments() {
            for segment in segments {
                found = found.or_else(|| id(self.0.segment_data_as_notes(&segment).ok()?));
            }
        }
        found.unwrap_or_default()
    }

    /// Hash of the parts that are loaded, as of a module in memory.
    pub(super) fn loaded_content(&self) -> u64 {
        let (mut parts, mut index) = (Vec::new(), None);
        for segment in self.0.segments().into_iter().flatten() {
            match segment.p_type {
                abi::PT_LOAD => parts.push([segment.p_vaddr, segment.p_memsz, segment.p_filesz]),
                abi::PT_GNU_EH_FRAME if index.is_none() => index = Some(self.0.segment_data(&segment)),
                _ => {}
            }
        }
        let index = index.and_then(Result::ok).unwrap_or_default();
        identity::content(parts.into_iter(), index)
    }
}
