//! Ranges of addresses of units and functions.

use super::sections::Bytes;
use gimli::{Attribute, AttributeValue, Range, RangeListsOffset, UnitRef};

/// The attributes that say which addresses an entry covers.
#[derive(Clone, Copy, Default)]
pub(super) struct RangeAttributes {
    low: Option<u64>,
    high: Option<u64>,
    size: Option<u64>,
    pub(super) list: Option<RangeListsOffset>,
}

impl RangeAttributes {
    /// Notes an attribute, if it is one of these.
    pub(super) fn note<'f>(
        &mut self,
        unit: UnitRef<'_, Bytes<'f>>,
        attribute: &Attribute<Bytes<'f>>,
    ) -> gimli::Result<()> {
        match (attribute.name(), attribute.value()) {
            (gimli::DW_AT_low_pc, AttributeValue::Addr(address)) => self.low = Some(address),
            (gimli::DW_AT_low_pc, AttributeValue::DebugAddrIndex(index)) => self.low = Some(unit.address(index)?),
            (gimli::DW_AT_high_pc, AttributeValue::Addr(address)) => self.high = Some(address),
            (gimli::DW_AT_high_pc, AttributeValue::DebugAddrIndex(index)) => self.high = Some(unit.address(index)?),
            (gimli::DW_AT_high_pc, AttributeValue::Udata(size)) => self.size = Some(size),
            (gimli::DW_AT_ranges, value) => self.list = unit.attr_ranges_offset(value)?,
            _ => {}
        }
        Ok(())
    }

    /// Calls `see` with each range that has code. False: there is none.
    pub(super) fn each(self, unit: UnitRef<'_, Bytes<'_>>, mut see: impl FnMut(Range)) -> gimli::Result<bool> {
        let mut is_any = false;
        let mut see = |range: Range| {
            if has_code(range) {
                is_any = true;
                see(range);
            }
        };
        if let Some(list) = self.list {
            let mut ranges = unit.ranges(list)?;
            while let Some(range) = ranges.next()? {
                see(range);
            }
        } else if let (Some(begin), Some(end)) = (self.low, self.high) {
            see(Range { begin, end });
        } else if let (Some(begin), Some(size)) = (self.low, self.size) {
            // Code that the linker has removed may begin at the highest address: its end is below its beginning.
            see(Range { begin, end: begin.wrapping_add(size) });
        }
        Ok(is_any)
    }
}

/// False for an empty range, and for code that the linker has removed: linkers place that at 0, where a loaded file has
/// its header.
pub(super) fn has_code(range: Range) -> bool {
    0 < range.begin && range.begin < range.end
}

/// Indices of the addresses in a range. `sorted`: all addresses, in order.
pub(super) fn within(sorted: &[u64], range: Range) -> std::ops::Range<usize> {
    let is_near = |(first, last): (&u64, &u64)| range.end > *first && range.begin <= *last;
    if !sorted.first().zip(sorted.last()).is_some_and(is_near) {
        return 0..0;
    }
    let first = sorted.partition_point(|&address| address < range.begin);
    let count = sorted.iter().skip(first).take_while(|&&address| address < range.end).count();
    first..first + count
}
