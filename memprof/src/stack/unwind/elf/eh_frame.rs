//! Look-up of a function's entry in a module's `.eh_frame_hdr` and `.eh_frame`.

use super::bytes::{Encoding, TableBytes};

/// Unwind tables of a module: its sorted index of functions, and the readable range.
#[derive(Clone, Copy, Debug)]
pub(super) struct UnwindTables {
    index: usize,
    /// The range in which the tables lie.
    module: TableBytes,
}

/// The entry of one function, with its common entry.
#[derive(Clone, Copy, Debug)]
pub(super) struct FunctionEntry {
    pub(super) function_start: usize,
    pub(super) common: Common,
    /// The instructions from the function's start to each address.
    pub(super) program: TableBytes,
}

/// The common entry of many functions.
#[derive(Clone, Copy, Debug)]
pub(super) struct Common {
    pub(super) code_unit: u64,
    pub(super) data_unit: i64,
    pub(super) program: TableBytes,
    pub(super) encoding: Encoding,
    pub(super) address_register: u64,
    /// True if the system made the frame for a signal.
    pub(super) is_signal: bool,
    /// True if entries have a length and data between their range and their program.
    has_data: bool,
}

impl UnwindTables {
    /// # Safety
    /// `index` is the address of a module's `.eh_frame_hdr`; all memory from `module.0` to `module.1` that the tables
    /// refer to is readable as long as this or a copy of it is used.
    pub(super) unsafe fn new(index: usize, module: (usize, usize)) -> Self {
        // SAFETY: guaranteed by the caller.
        Self { index, module: unsafe { TableBytes::new(module.0, module.1) } }
    }

    /// The entry of the function of an address. `None`: there is none, or it has a format that no compiler of these
    /// systems uses.
    pub(super) fn find(&self, address: usize) -> Option<FunctionEntry> {
        let mut index = self.module.from(self.index)?;
        if index.u8()? != 1 {
            return None;
        }
        let encodings = [Encoding(index.u8()?), Encoding(index.u8()?), Encoding(index.u8()?)];
        let [of_section, of_count, of_rows] = encodings;
        if of_count != Encoding::UNSIGNED_4 || of_rows != Encoding::RELATIVE_TO_TABLE_4 {
            return None;
        }
        index.number(of_section)?;
        let rows = index.u32()? as usize;
        let rows_at = index.at();
        // The last row that begins at or before the address.
        let (mut low, mut high) = (0, rows);
        while low < high {
            let middle = low + (high - low) / 2;
            if self.row(rows_at, middle)?.0 <= address { low = middle + 1 } else { high = middle }
        }
        let (_, entry) = self.row(rows_at, low.checked_sub(1)?)?;
        self.entry(entry, address)
    }

    /// Passes words that distinguish the functions of two modules to `take`: the first and the last rows of the index
    /// with the starts of functions, and the entries of the first and the last function with their lengths, because a
    /// small module may differ in nothing else.
    pub(super) fn sample_index(&self, mut take: impl FnMut(u64)) {
        const ROWS: usize = 32;
        let mut read = || {
            let mut index = self.module.from(self.index)?;
            index.skip(8)?;
            let rows = index.u32()? as usize;
            take(rows as u64);
            let mut last = self.module.from(index.at().checked_add(rows.saturating_sub(ROWS).checked_mul(8)?)?)?;
            let rows_at = index.at();
            for _ in 0..rows.min(ROWS) {
                take(index.u64()?);
                take(last.u64()?);
            }
            for number in [0, rows.checked_sub(1)?] {
                let mut entry = sized(self.module.from(self.row(rows_at, number)?.1)?)?;
                for _ in 0..ROWS {
                    let Some(word) = entry.u32() else { break };
                    take(u64::from(word));
                }
            }
            Some(())
        };
        read();
    }

    fn row(&self, rows_at: usize, number: usize) -> Option<(usize, usize)> {
        let mut row = self.module.from(rows_at.checked_add(number.checked_mul(8)?)?)?;
        let encoding = Encoding::RELATIVE_TO_TABLE_4;
        Some((row.pointer(encoding, self.index)?, row.pointer(encoding, self.index)?))
    }

    fn entry(&self, at: usize, address: usize) -> Option<FunctionEntry> {
        let mut entry = sized(self.module.from(at)?)?;
        let back_from = entry.at();
        let back = entry.u32()? as usize;
        let common = self.common(back_from.checked_sub(back)?)?;
        let function_start = entry.pointer(common.encoding, self.index)?;
        let length = entry.number(Encoding(common.encoding.0 & 0x0f))?;
        if address.wrapping_sub(function_start) >= length {
            return None;
        }
        if common.has_data {
            let length = usize::try_from(entry.uleb()?).ok()?;
            entry.skip(length)?;
        }
        Some(FunctionEntry { function_start, common, program: entry })
    }

    fn common(&self, at: usize) -> Option<Common> {
        let mut common = sized(self.module.from(at)?)?;
        if common.u32()? != 0 {
            return None;
        }
        let version = common.u8()?;
        if version != 1 && version != 3 {
            return None;
        }
        let mut letters = common;
        while common.u8()? != 0 {}
        let code_unit = common.uleb()?;
        let data_unit = common.sleb()?;
        let address_register = if version == 1 { u64::from(common.u8()?) } else { common.uleb()? };
        let mut encoding = Encoding(0);
        let mut is_signal = false;
        let mut has_data = false;
        match letters.u8()? {
            0 => {}
            b'z' => {
                has_data = true;
                let length = usize::try_from(common.uleb()?).ok()?;
                let mut data = common.split(length)?;
                loop {
                    match letters.u8()? {
                        0 => break,
                        b'R' => encoding = Encoding(data.u8()?),
                        b'P' => {
                            let of_personality = Encoding(data.u8()?);
                            data.number(of_personality)?;
                        }
                        b'L' => data.skip(1)?,
                        b'S' => is_signal = true,
                        // aarch64: the key that signs return addresses, and memory tagging. Neither changes a register.
                        b'B' | b'G' => {}
                        _ => return None,
                    }
                }
            }
            // Without its length the rest cannot be skipped.
            _ => return None,
        }
        Some(Common { code_unit, data_unit, program: common, encoding, address_register, is_signal, has_data })
    }
}

/// The bytes of an entry, without its length.
fn sized(mut at: TableBytes) -> Option<TableBytes> {
    let length = at.u32()?;
    // 0 ends the section; the highest value means a 64-bit length, which nobody needs.
    if length == 0 || length == u32::MAX { None } else { at.split(length as usize) }
}
