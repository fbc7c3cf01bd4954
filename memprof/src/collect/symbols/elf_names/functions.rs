//! The functions of a unit that addresses are in, with those that were inlined there.

use super::pages::Pages;
use super::ranges::{RangeAttributes, within};
use super::sections::Bytes;
use crate::sorted;
use gimli::{Abbreviation, Attribute, AttributeValue, DwAt, EntriesRaw, Range, UnitOffset, UnitRef};

/// Attributes that lead to the name of a function, in their order.
pub(super) type NameAttributes<'f> = Vec<(DwAt, AttributeValue<Bytes<'f>>)>;

/// A function, as far as addresses need it.
pub(super) struct Function<'f> {
    pub(super) name: NameAttributes<'f>,
    inlined: Vec<Inlined<'f>>,
    /// By depth and beginning.
    ranges: Vec<InlinedRange>,
}

/// A function that was inlined.
pub(super) struct Inlined<'f> {
    pub(super) name: NameAttributes<'f>,
    /// Place of the call.
    pub(super) call_file: Option<u64>,
    pub(super) call_line: u32,
}

struct InlinedRange {
    range: Range,
    depth: usize,
    /// Its index.
    inlined: usize,
}

/// For each address, which are sorted, the entry of its function.
pub(super) fn entries(
    unit: UnitRef<'_, Bytes<'_>>,
    addresses: &[u64],
    pages: &Pages<'_>,
) -> gimli::Result<Vec<Option<UnitOffset>>> {
    let mut found = vec![None; addresses.len()];
    let (mut left, mut last) = (addresses.len(), 0);
    let mut entries = unit.entries_raw(None)?;
    while left > 0 && !entries.is_empty() {
        let offset = entries.next_offset();
        let Some(abbreviation) = entries.read_abbreviation()? else { continue };
        if abbreviation.tag() != gimli::DW_TAG_subprogram {
            entries.skip_attributes(abbreviation.attributes())?;
            continue;
        }
        pages.note_read(offset.0 - last);
        last = offset.0;
        let mut ranges = RangeAttributes::default();
        for &attribute in abbreviation.attributes() {
            ranges.note(unit, &entries.read_attribute(attribute)?)?;
        }
        ranges.each(unit, |range| {
            for place in found.get_mut(within(addresses, range)).into_iter().flatten() {
                if place.is_none() {
                    *place = Some(offset);
                    left -= 1;
                }
            }
        })?;
    }
    Ok(found)
}

impl<'f> Function<'f> {
    /// The function of an entry, and those that were inlined at addresses, which are sorted.
    pub(super) fn at(
        entry: UnitOffset,
        unit: UnitRef<'_, Bytes<'f>>,
        addresses: &[u64],
        pages: &Pages<'_>,
    ) -> gimli::Result<Self> {
        let mut entries = unit.entries_raw(Some(entry))?;
        let depth = entries.next_depth();
        let mut function = Self { name: Vec::new(), inlined: Vec::new(), ranges: Vec::new() };
        if let Some(abbreviation) = entries.read_abbreviation()? {
            for &attribute in abbreviation.attributes() {
                note_name(&mut function.name, &entries.read_attribute(attribute)?);
            }
        }
        function.read_inlined(&mut entries, unit, addresses, depth)?;
        pages.note_read(entries.next_offset().0 - entry.0);
        sorted::by_key(&mut function.ranges, |range| (range.depth, range.range.begin));
        Ok(function)
    }

    /// Reads the entries beneath one of this depth.
    fn read_inlined(
        &mut self,
        entries: &mut EntriesRaw<'_, Bytes<'f>>,
        unit: UnitRef<'_, Bytes<'f>>,
        addresses: &[u64],
        depth: isize,
    ) -> gimli::Result<()> {
        // Depths of the inlined functions that the next entry is in.
        let mut within: Vec<isize> = Vec::new();
        loop {
            let own = entries.next_depth();
            if own <= depth {
                return Ok(());
            }
            while within.last().is_some_and(|&outer| own <= outer) {
                within.pop();
            }
            let Some(abbreviation) = entries.read_abbreviation()? else { continue };
            match abbreviation.tag() {
                gimli::DW_TAG_subprogram => skip(entries, abbreviation, own)?,
                gimli::DW_TAG_inlined_subroutine => {
                    self.read_one(entries, unit, abbreviation, addresses, within.len())?;
                    within.push(own);
                }
                _ => entries.skip_attributes(abbreviation.attributes())?,
            }
        }
    }

    fn read_one(
        &mut self,
        entries: &mut EntriesRaw<'_, Bytes<'f>>,
        unit: UnitRef<'_, Bytes<'f>>,
        abbreviation: &Abbreviation,
        addresses: &[u64],
        depth: usize,
    ) -> gimli::Result<()> {
        let mut ranges = RangeAttributes::default();
        let mut inlined = Inlined { name: Vec::new(), call_file: None, call_line: 0 };
        for &attribute in abbreviation.attributes() {
            let attribute = entries.read_attribute(attribute)?;
            ranges.note(unit, &attribute)?;
            note_name(&mut inlined.name, &attribute);
            match (attribute.name(), attribute.value()) {
                // Before version 5, file 0 is none.
                (gimli::DW_AT_call_file, AttributeValue::FileIndex(file)) if file > 0 || unit.header.version() >= 5 => {
                    inlined.call_file = Some(file);
                }
                (gimli::DW_AT_call_line, _) => inlined.call_line = attribute.udata_value().unwrap_or(0) as u32,
                _ => {}
            }
        }
        let before = self.ranges.len();
        ranges.each(unit, |range| {
            if !within(addresses, range).is_empty() {
                self.ranges.push(InlinedRange { range, depth, inlined: self.inlined.len() });
            }
        })?;
        if self.ranges.len() > before {
            self.inlined.push(inlined);
        }
        Ok(())
    }

    /// The functions that were inlined at an address, outermost first.
    pub(super) fn inlined_at(&self, address: u64) -> Vec<&Inlined<'f>> {
        let mut found = Vec::new();
        let mut rest = self.ranges.iter();
        let is_at = |range: &InlinedRange, depth| {
            range.depth == depth && (range.range.begin..range.range.end).contains(&address)
        };
        while let Some(range) = rest.find(|range| is_at(range, found.len())) {
            found.extend(self.inlined.get(range.inlined));
        }
        found
    }
}

/// Skips an entry of this depth, and those beneath it.
fn skip(entries: &mut EntriesRaw<'_, Bytes<'_>>, abbreviation: &Abbreviation, depth: isize) -> gimli::Result<()> {
    entries.skip_attributes(abbreviation.attributes())?;
    while entries.next_depth() > depth {
        if let Some(abbreviation) = entries.read_abbreviation()? {
            entries.skip_attributes(abbreviation.attributes())?;
        }
    }
    Ok(())
}

fn note_name<'f>(name: &mut NameAttributes<'f>, attribute: &Attribute<Bytes<'f>>) {
    if matches!(
        attribute.name(),
        gimli::DW_AT_linkage_name
            | gimli::DW_AT_MIPS_linkage_name
            | gimli::DW_AT_name
            | gimli::DW_AT_abstract_origin
            | gimli::DW_AT_specification
    ) {
        name.push((attribute.name(), attribute.value()));
    }
}
