//! The units of debug information that addresses are in.

use super::lines;
use super::pages::Pages;
use super::ranges::{RangeAttributes, has_code, within};
use super::sections::Bytes;
use crate::sorted;
use gimli::{
    Abbreviations, AttributeValue, DebugAbbrevOffset, DebugAddrBase, DebugArangesOffset, DebugInfoOffset,
    DebugLocListsBase, DebugRngListsBase, DebugStrOffsetsBase, Dwarf, Range, Unit, UnitHeader, UnitRef, UnitType,
};
use std::sync::Arc;

/// Offsets of the units of a file, in order.
pub(super) type UnitOffsets = Vec<DebugInfoOffset>;

/// The units that a list of addresses may be in.
pub(super) struct Units {
    pub(super) offsets: UnitOffsets,
    /// For each address the indices of its units, the first to be tried last.
    pub(super) of_address: Vec<Vec<usize>>,
}

/// Abbreviations of the last unit: most units of a Rust program share them with the one before.
#[derive(Default)]
struct LastAbbreviations(Option<(DebugAbbrevOffset, Arc<Abbreviations>)>);

impl LastAbbreviations {
    fn of<'f>(
        &mut self,
        dwarf: &Dwarf<Bytes<'f>>,
        header: &UnitHeader<Bytes<'f>>,
    ) -> gimli::Result<Arc<Abbreviations>> {
        let offset = header.debug_abbrev_offset();
        if let Some((last, abbreviations)) = &self.0
            && *last == offset
        {
            return Ok(Arc::clone(abbreviations));
        }
        let abbreviations = dwarf.abbreviations(header)?;
        self.0 = Some((offset, Arc::clone(&abbreviations)));
        Ok(abbreviations)
    }
}

impl Units {
    /// The units of addresses, which are sorted.
    pub(super) fn of<'f>(dwarf: &Dwarf<Bytes<'f>>, addresses: &[u64], pages: &Pages<'_>) -> Self {
        let mut offsets = Vec::new();
        let mut found: Vec<(usize, u64, usize)> = Vec::new();
        let mut abbreviations = LastAbbreviations::default();
        let mut tables = None;
        let (mut headers, mut last) = (dwarf.units(), 0);
        while let Ok(Some(header)) = headers.next() {
            let (number, Some(offset)) = (offsets.len(), header.debug_info_offset()) else { continue };
            // Others only define types.
            if matches!(header.type_(), UnitType::Type { .. } | UnitType::SplitType { .. }) {
                continue;
            }
            // The beginnings of small units are next to one another, and those of large ones are not.
            pages.note_read((offset.0 - last).min(FAR));
            last = offset.0;
            offsets.push(offset);
            // Functions of other units may refer to partial ones, which have no addresses.
            if header.type_() == UnitType::Partial {
                continue;
            }
            let mut see = |range: Range| {
                found.extend(within(addresses, range).map(|address| (address, range.end, number)));
            };
            let shared = abbreviations.of(dwarf, &header);
            let is_any = shared.and_then(|shared| {
                let unit = without_lines(dwarf, header, shared)?;
                each_range(UnitRef::new(dwarf, &unit), &mut tables, &mut see)
            });
            // A damaged unit has no names.
            let _ = is_any;
        }
        sorted::by_key(&mut found, |&entry| entry);
        let mut of_address = vec![Vec::new(); addresses.len()];
        for (address, _, unit) in found.into_iter().rev() {
            if let Some(units) = of_address.get_mut(address) {
                units.push(unit);
                units.dedup();
            }
        }
        Self { offsets, of_address }
    }
}

/// Bytes between two units of which as much is mapped as if all were read.
const FAR: usize = 64 << 10;

/// Places of the tables of addresses of each unit, by the offset of the unit.
type AddressTables = Vec<(DebugInfoOffset, DebugArangesOffset)>;

fn address_tables(dwarf: &Dwarf<Bytes<'_>>) -> AddressTables {
    let mut tables = Vec::new();
    let mut headers = dwarf.debug_aranges.headers();
    while let Ok(Some(header)) = headers.next() {
        tables.push((header.debug_info_offset(), header.offset()));
    }
    sorted::by_key(&mut tables, |&(unit, table)| (unit.0, table.0));
    tables
}

/// Calls `see` with each range of a unit: those of its list, else of its tables of addresses, else its only one, else
/// those of its lines.
fn each_range(
    unit: UnitRef<'_, Bytes<'_>>,
    tables: &mut Option<AddressTables>,
    see: &mut dyn FnMut(Range),
) -> gimli::Result<()> {
    let mut ranges = RangeAttributes::default();
    let mut entries = unit.entries_raw(None)?;
    let Some(abbreviation) = entries.read_abbreviation()? else { return Ok(()) };
    for &attribute in abbreviation.attributes() {
        ranges.note(unit, &entries.read_attribute(attribute)?)?;
    }
    if ranges.list.is_none() {
        let tables = tables.get_or_insert_with(|| address_tables(unit.dwarf));
        if each_range_of_tables(unit, tables, see)? {
            return Ok(());
        }
    }
    // A list without an address is that of code that the linker has removed.
    if !ranges.each(unit, &mut *see)? && ranges.list.is_none() {
        let (header, abbreviations) = (unit.header, Arc::clone(&unit.unit.abbreviations));
        let with_lines = Unit::new_with_abbreviations(unit.dwarf, header, abbreviations)?;
        lines::each_sequence(&with_lines, see)?;
    }
    Ok(())
}

/// Calls `see` with each range of a unit's tables. False: there is none.
fn each_range_of_tables(
    unit: UnitRef<'_, Bytes<'_>>,
    tables: &AddressTables,
    see: &mut dyn FnMut(Range),
) -> gimli::Result<bool> {
    let Some(offset) = unit.header.debug_info_offset() else { return Ok(false) };
    let first = tables.partition_point(|(of_unit, _)| of_unit.0 < offset.0);
    let mut is_any = false;
    for (_, table) in tables.iter().skip(first).take_while(|(of_unit, _)| *of_unit == offset) {
        let mut entries = unit.dwarf.debug_aranges.header(*table)?.entries();
        // A variable may have an entry that cannot be read.
        while let Some(entry) = entries.next().transpose() {
            if let Ok(entry) = entry
                && has_code(entry.range())
            {
                is_any = true;
                see(entry.range());
            }
        }
    }
    Ok(is_any)
}

/// A unit without its lines, whose header has the names of all its files.
pub(super) fn without_lines<'f>(
    dwarf: &Dwarf<Bytes<'f>>,
    header: UnitHeader<Bytes<'f>>,
    abbreviations: Arc<Abbreviations>,
) -> gimli::Result<Unit<Bytes<'f>>> {
    let (encoding, file) = (header.encoding(), dwarf.file_type);
    let dwo_id = match header.type_() {
        UnitType::Skeleton(id) | UnitType::SplitCompilation(id) => Some(id),
        _ => None,
    };
    let mut unit = Unit {
        header,
        abbreviations,
        name: None,
        comp_dir: None,
        low_pc: 0,
        str_offsets_base: DebugStrOffsetsBase::default_for_encoding_and_file(encoding, file),
        addr_base: DebugAddrBase(0),
        loclists_base: DebugLocListsBase::default_for_encoding_and_file(encoding, file),
        rnglists_base: DebugRngListsBase::default_for_encoding_and_file(encoding, file),
        line_program: None,
        dwo_id,
    };
    let mut low = None;
    let abbreviations = Arc::clone(&unit.abbreviations);
    let mut entries = unit.header.entries_raw(&abbreviations, None)?;
    let root = entries.read_abbreviation()?.ok_or(gimli::Error::MissingUnitDie)?;
    for &attribute in root.attributes() {
        let attribute = entries.read_attribute(attribute)?;
        match (attribute.name(), attribute.value()) {
            (gimli::DW_AT_low_pc, value) => low = Some(value),
            (_, AttributeValue::DebugStrOffsetsBase(base)) => unit.str_offsets_base = base,
            (_, AttributeValue::DebugAddrBase(base)) => unit.addr_base = base,
            (_, AttributeValue::DebugRngListsBase(base)) => unit.rnglists_base = base,
            (gimli::DW_AT_GNU_dwo_id, AttributeValue::DwoId(id)) => unit.dwo_id = unit.dwo_id.or(Some(id)),
            _ => {}
        }
    }
    if let Some(low) = low
        && let Some(low) = dwarf.attr_address(&unit, low)?
    {
        unit.low_pc = low;
    }
    Ok(unit)
}
