//! Names from ELF files.
//!
//! A report asks for all addresses of a file at once, so each unit of debug information is read once and let go: first
//! the ranges of all units, then the functions and lines of the units that have one of the addresses.

mod elf_file;
mod function_names;
mod functions;
mod lines;
mod pages;
mod ranges;
mod sections;
mod symbol_table;
mod units;

use self::elf_file::ElfFile;
use self::function_names::FunctionNames;
use self::functions::Function;
use self::lines::{FileLine, Lines};
use self::pages::Pages;
use self::sections::Bytes;
use self::units::Units;
use super::unread::Unread;
use crate::report::data::Frame;
use crate::stack::Image;
use gimli::{AttributeValue, DebugInfoOffset, DwLang, Dwarf, DwarfPackage, EndianSlice, NativeEndian, Unit, UnitRef};
use std::borrow::Cow;
use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

pub(crate) use self::sections::{Files, memory};

/// Debug information of one file.
pub(crate) struct DebugInfo<'f> {
    files: &'f Files,
    elf: ElfFile<'f>,
    dwarf: Arc<Dwarf<Bytes<'f>>>,
    /// `split-debuginfo = "packed"`: the file beside it with most of the debug information.
    package: Option<DwarfPackage<Bytes<'f>>>,
    pages: Pages<'f>,
}

/// Frames of an address. `None`: the unit has neither a function nor a line for it.
type UnitFrames = Option<Vec<Frame>>;

impl<'f> DebugInfo<'f> {
    /// Debug information of the file, if `image` was loaded from it.
    pub(crate) fn read(path: &Path, files: &'f Files, image: Option<&Image>) -> Result<Self, Unread> {
        let mut pages = Pages::default();
        let elf = files.elf(path, &mut pages).ok_or(Unread::Unreadable)?;
        if !image.is_none_or(|image| is_of(&elf, image)) {
            return Err(Unread::Replaced);
        }
        let dwarf = Arc::new(files.dwarf(&elf, |id| Some(id.name())).ok_or(Unread::Unreadable)?);
        let package = package(path, files, &mut pages);
        Ok(Self { files, elf, dwarf, package, pages })
    }

    /// Functions at addresses in the file, which are sorted; of each the innermost first.
    pub(crate) fn frames(&self, addresses: &[u64]) -> Vec<Vec<Frame>> {
        let mut frames = vec![Vec::new(); addresses.len()];
        let Units { offsets, mut of_address } = Units::of(&self.dwarf, addresses, &self.pages);
        loop {
            // Units may overlap: each address is looked up in one unit after the other.
            let mut next: Vec<(usize, usize)> = Vec::new();
            for (index, units) in of_address.iter_mut().enumerate() {
                next.extend(units.pop().map(|unit| (unit, index)));
            }
            if next.is_empty() {
                break;
            }
            crate::sorted::by_key(&mut next, |&entry| entry);
            for of_unit in next.chunk_by(|one, other| one.0 == other.0) {
                let Some(&offset) = of_unit.first().and_then(|&(unit, _)| offsets.get(unit)) else { continue };
                let own: Vec<u64> = of_unit.iter().filter_map(|&(_, index)| addresses.get(index).copied()).collect();
                let found = self.unit_frames(offset, &offsets, &own);
                for (number, &(_, index)) in of_unit.iter().enumerate() {
                    let (Some(place), Some(rest)) = (frames.get_mut(index), of_address.get_mut(index)) else {
                        continue;
                    };
                    match &found {
                        Ok(found) => {
                            if let Some(Some(found)) = found.get(number) {
                                place.clone_from(found);
                                rest.clear();
                            }
                        }
                        // Damaged.
                        Err(_) => rest.clear(),
                    }
                }
            }
        }
        self.pages.let_go();
        frames
    }

    /// Symbols of addresses in the file, which are sorted.
    pub(crate) fn symbols(&self, addresses: &[u64]) -> Vec<Option<Arc<str>>> {
        let demangled = |name: &str| demangled(Cow::Borrowed(name), None).into();
        let symbols = self.elf.symbols().map(|symbols| symbols.names(addresses)).unwrap_or_default();
        let mut symbols: Vec<_> = symbols.into_iter().map(|name| name.map(demangled)).collect();
        symbols.resize(addresses.len(), None);
        self.pages.let_go();
        symbols
    }

    /// Frames of addresses in a unit, which are sorted.
    fn unit_frames(
        &self,
        offset: DebugInfoOffset,
        offsets: &units::UnitOffsets,
        addresses: &[u64],
    ) -> gimli::Result<Vec<UnitFrames>> {
        let unit = self.dwarf.unit(self.dwarf.debug_info.header_from_offset(offset)?)?;
        let main = UnitRef::new(&self.dwarf, &unit);
        let language = language(main)?;
        // Lines are in the main file in any case.
        let lines = Lines::of(main, addresses, &self.pages)?;
        let places = Places { addresses, lines: lines.as_ref(), language };
        let Some(id) = unit.dwo_id else {
            return places.frames(main, &FunctionNames::of(main, Some(offsets), &self.pages), &self.pages);
        };
        let (files, mut pages) = (self.files.of_unit(), Pages::default());
        let Some(split) = self.split_part(main, id, &files, &mut pages) else {
            return places.frames(main, &FunctionNames::of(main, Some(offsets), &self.pages), &self.pages);
        };
        let header = split.units().next()?.ok_or(gimli::Error::MissingUnitDie)?;
        let mut part: Unit<Bytes<'_>> = split.unit(header)?;
        part.copy_relocated_attributes(&unit);
        let part = UnitRef::new(&split, &part);
        let frames = places.frames(part, &FunctionNames::of(part, None, &pages), &pages);
        self.pages.let_go();
        frames
    }

    /// The part of a unit's debug information that is in another file.
    fn split_part<'s>(
        &'s self,
        unit: UnitRef<'_, Bytes<'f>>,
        id: gimli::DwoId,
        files: &'s Files,
        pages: &mut Pages<'s>,
    ) -> Option<Dwarf<Bytes<'s>>>
    where
        'f: 's,
    {
        if let Some(package) = &self.package
            && let Ok(Some(found)) = package.find_cu(id, &self.dwarf)
        {
            return Some(found);
        }
        // `split-debuginfo = "unpacked"`: a file for each unit. Its path is one from where the program was compiled.
        let file = |bytes: Bytes<'f>| PathBuf::from(OsStr::from_bytes(bytes.slice()));
        let folder = unit.comp_dir.map(file).unwrap_or_default();
        let name = unit.attr_string(unit.dwo_name().ok()??).ok()?;
        let elf = files.elf(&folder.join(file(name)), pages)?;
        let mut dwarf: Dwarf<Bytes<'s>> = files.dwarf(&elf, gimli::SectionId::dwo_name)?;
        let header = dwarf.units().next().ok()??;
        if dwarf.unit(header).ok()?.dwo_id != Some(id) {
            return None; // It was compiled anew since.
        }
        dwarf.make_dwo(&self.dwarf);
        Some(dwarf)
    }
}

/// Addresses of one unit and their lines.
struct Places<'p, 'u, 'f> {
    addresses: &'p [u64],
    lines: Option<&'p Lines<'u, 'f>>,
    language: Option<DwLang>,
}

impl Places<'_, '_, '_> {
    /// The frames of the addresses, from the functions of a unit.
    fn frames<'f>(
        &self,
        unit: UnitRef<'_, Bytes<'f>>,
        names: &FunctionNames<'_, 'f>,
        pages: &Pages<'_>,
    ) -> gimli::Result<Vec<UnitFrames>> {
        let entries = functions::entries(unit, self.addresses, pages)?;
        let all: Vec<usize> = (0..self.addresses.len()).collect();
        let mut frames = Vec::with_capacity(self.addresses.len());
        for of_function in all.chunk_by(|&one, &other| entries.get(one) == entries.get(other)) {
            let (Some(&first), Some(&last)) = (of_function.first(), of_function.last()) else { continue };
            let addresses = self.addresses.get(first..=last).unwrap_or_default();
            let Some(&Some(entry)) = entries.get(first) else {
                frames.extend(of_function.iter().map(|&index| self.without_function(index)));
                continue;
            };
            let function = Function::at(entry, unit, addresses, pages);
            for (&index, &address) in of_function.iter().zip(addresses) {
                let named = function.as_ref().map_err(|&error| error);
                let named = named.and_then(|function| self.with_function(index, address, function, names));
                // Of a damaged function nothing is known.
                frames.push(Some(named.unwrap_or_default()));
            }
        }
        Ok(frames)
    }

    /// The line alone. `None`: there is none.
    fn without_function(&self, index: usize) -> UnitFrames {
        let place = self.line_at(index)?;
        Some(vec![self.frame(None, Some(place))])
    }

    /// A function, with those that were inlined at the address before it.
    fn with_function<'f>(
        &self,
        index: usize,
        address: u64,
        function: &Function<'f>,
        names: &FunctionNames<'_, 'f>,
    ) -> gimli::Result<Vec<Frame>> {
        let mut place = self.line_at(index);
        let mut frames = Vec::new();
        for inlined in function.inlined_at(address).into_iter().rev() {
            frames.push(self.frame(names.name(&inlined.name)?, place));
            place = Some(FileLine { file: inlined.call_file, line: inlined.call_line });
        }
        frames.push(self.frame(names.name(&function.name)?, place));
        Ok(frames)
    }

    fn line_at(&self, index: usize) -> Option<FileLine> {
        self.lines.and_then(|lines| lines.found.get(index).copied().flatten())
    }

    fn frame(&self, name: Option<Bytes<'_>>, place: Option<FileLine>) -> Frame {
        let name = name.map(|name| demangled(name.to_string_lossy(), self.language));
        Frame {
            function: name.map(Into::into),
            file: place.and_then(|place| self.lines?.file(place.file?)),
            line: place.map(|place| place.line).filter(|&line| line != 0),
            ..Frame::default()
        }
    }
}

/// The programming language of a unit.
fn language(unit: UnitRef<'_, Bytes<'_>>) -> gimli::Result<Option<DwLang>> {
    let mut entries = unit.entries_raw(None)?;
    let Some(root) = entries.read_abbreviation()? else { return Ok(None) };
    let mut language = None;
    for &attribute in root.attributes() {
        if let AttributeValue::Language(found) = entries.read_attribute(attribute)?.value() {
            language = Some(found);
        }
    }
    Ok(language)
}

/// The name as it is written in the program, if it is one of Rust. The alternate form omits the compiler's hash.
fn demangled(name: Cow<'_, str>, language: Option<DwLang>) -> String {
    let is_rust = language.is_none_or(|language| language == gimli::DW_LANG_Rust);
    match rustc_demangle::try_demangle(&name) {
        Ok(name) if is_rust => format!("{name:#}"),
        _ => name.into_owned(),
    }
}

/// True if the image was loaded from this file, and not from an earlier build under its name.
fn is_of(elf: &ElfFile<'_>, image: &Image) -> bool {
    if let Some(loaded) = &image.build_id {
        return elf.build_id().iter().map(|byte| format!("{byte:02x}")).collect::<String>() == *loaded;
    }
    image.content.is_none_or(|loaded| elf.loaded_content() == loaded)
}

fn package<'f>(path: &Path, files: &'f Files, pages: &mut Pages<'f>) -> Option<DwarfPackage<Bytes<'f>>> {
    // `/proc/self/exe` is a link.
    let path = path.canonicalize().ok()?;
    let mut name = path.file_name()?.to_owned();
    name.push(".dwp");
    let elf = files.elf(&path.with_file_name(name), pages)?;
    let section = |id: gimli::SectionId| Ok::<_, gimli::Error>(files.section(&elf, id.dwo_name()));
    DwarfPackage::load(section, EndianSlice::new(&[], NativeEndian)).ok()
}

#[cfg(test)]
mod tests;
