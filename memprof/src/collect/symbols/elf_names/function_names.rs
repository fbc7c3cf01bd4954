//! Names of functions, which other entries may have, also those of other units.

use super::functions::NameAttributes;
use super::pages::Pages;
use super::sections::Bytes;
use super::units::{UnitOffsets, without_lines};
use gimli::{AttributeValue, DebugInfoOffset, DwAt, Unit, UnitOffset, UnitRef};
use std::cell::RefCell;
use std::collections::HashMap;
use std::rc::Rc;

/// Most entries that lead to a name.
const MOST_STEPS: usize = 16;

/// The names of the functions of one unit.
pub(super) struct FunctionNames<'u, 'f> {
    unit: UnitRef<'u, Bytes<'f>>,
    /// Offsets of all units; `None` in a file of one unit.
    offsets: Option<&'u UnitOffsets>,
    others: RefCell<HashMap<DebugInfoOffset, Rc<Unit<Bytes<'f>>>>>,
    pages: &'u Pages<'u>,
}

impl<'u, 'f> FunctionNames<'u, 'f> {
    pub(super) fn of(unit: UnitRef<'u, Bytes<'f>>, offsets: Option<&'u UnitOffsets>, pages: &'u Pages<'u>) -> Self {
        Self { unit, offsets, others: RefCell::default(), pages }
    }

    /// The name that a function's attributes lead to: the linker's, else the first one.
    pub(super) fn name(&self, attributes: &NameAttributes<'f>) -> gimli::Result<Option<Bytes<'f>>> {
        let mut name = None;
        self.pages.note_access();
        for &(of, value) in attributes {
            if is_linkage_name(of) {
                name = self.unit.attr_string(value).ok().or(name);
            } else if name.is_some() {
                // Those of the linker alone replace it.
            } else if of == gimli::DW_AT_name {
                name = self.unit.attr_string(value).ok();
            } else {
                name = self.of_reference(value, self.unit, MOST_STEPS)?;
            }
        }
        Ok(name)
    }

    fn of_reference(
        &self,
        reference: AttributeValue<Bytes<'f>>,
        unit: UnitRef<'_, Bytes<'f>>,
        steps: usize,
    ) -> gimli::Result<Option<Bytes<'f>>> {
        match reference {
            _ if steps == 0 => Ok(None),
            AttributeValue::UnitRef(entry) => self.of_entry(entry, unit, steps),
            AttributeValue::DebugInfoRef(offset) => {
                let nothing = gimli::Error::NoEntryAtGivenOffset(offset.0 as u64);
                let other = self.unit_at(offset)?;
                let entry = offset.to_unit_offset(&other.header).ok_or(nothing)?;
                self.of_entry(entry, UnitRef::new(unit.dwarf, &other), steps)
            }
            _ => Ok(None),
        }
    }

    fn of_entry(
        &self,
        entry: UnitOffset,
        unit: UnitRef<'_, Bytes<'f>>,
        steps: usize,
    ) -> gimli::Result<Option<Bytes<'f>>> {
        self.pages.note_access();
        let mut entries = unit.entries_raw(Some(entry))?;
        let nothing = gimli::Error::NoEntryAtGivenOffset(entry.0 as u64);
        let abbreviation = entries.read_abbreviation()?.ok_or(nothing)?;
        let (mut name, mut next) = (None, None);
        for &attribute in abbreviation.attributes() {
            let attribute = entries.read_attribute(attribute)?;
            match attribute.name() {
                of if is_linkage_name(of) => {
                    if let Ok(name) = unit.attr_string(attribute.value()) {
                        return Ok(Some(name));
                    }
                }
                gimli::DW_AT_name => name = unit.attr_string(attribute.value()).ok().or(name),
                gimli::DW_AT_abstract_origin | gimli::DW_AT_specification => next = Some(attribute.value()),
                _ => {}
            }
        }
        match (name, next) {
            (None, Some(next)) => self.of_reference(next, unit, steps - 1),
            _ => Ok(name),
        }
    }

    /// The unit that an offset is in.
    fn unit_at(&self, offset: DebugInfoOffset) -> gimli::Result<Rc<Unit<Bytes<'f>>>> {
        let nothing = gimli::Error::NoEntryAtGivenOffset(offset.0 as u64);
        let offsets = self.offsets.ok_or(nothing)?;
        let number = offsets.partition_point(|unit| unit.0 < offset.0).checked_sub(1).ok_or(nothing)?;
        let start = *offsets.get(number).ok_or(nothing)?;
        if let Some(unit) = self.others.borrow().get(&start) {
            return Ok(Rc::clone(unit));
        }
        self.pages.note_access();
        let dwarf = self.unit.dwarf;
        let header = dwarf.debug_info.header_from_offset(start)?;
        let abbreviations = dwarf.abbreviations(&header)?;
        let unit = Rc::new(without_lines(dwarf, header, abbreviations)?);
        self.others.borrow_mut().insert(start, Rc::clone(&unit));
        Ok(unit)
    }
}

fn is_linkage_name(attribute: DwAt) -> bool {
    attribute == gimli::DW_AT_linkage_name || attribute == gimli::DW_AT_MIPS_linkage_name
}
