//! Reading the unwind tables of a loaded module: every read is checked against the module's end.

/// A position in a table, advanced by reading.
#[derive(Clone, Copy, Debug)]
pub(super) struct TableBytes {
    at: usize,
    end: usize,
}

/// Encoding of a pointer in a table (`DW_EH_PE_*`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Encoding(pub(super) u8);

impl Encoding {
    pub(super) const RELATIVE_TO_TABLE_4: Encoding = Encoding(0x3b);
    pub(super) const UNSIGNED_4: Encoding = Encoding(0x03);
}

impl TableBytes {
    /// # Safety
    /// All memory from `at` to `end` is readable, and stays so as long as this or a copy of it is used.
    pub(super) unsafe fn new(at: usize, end: usize) -> Self {
        Self { at, end: end.max(at) }
    }

    pub(super) fn at(&self) -> usize {
        self.at
    }

    pub(super) fn is_at_end(&self) -> bool {
        self.at == self.end
    }

    /// The same bytes from another position on; `None`: it is outside.
    pub(super) fn from(&self, at: usize) -> Option<Self> {
        if at >= self.at && at <= self.end { Some(Self { at, end: self.end }) } else { None }
    }

    /// The next `length` bytes as a table of their own; this one continues behind them.
    pub(super) fn split(&mut self, length: usize) -> Option<Self> {
        let middle = self.at.checked_add(length).filter(|&middle| middle <= self.end)?;
        let first = Self { at: self.at, end: middle };
        self.at = middle;
        Some(first)
    }

    pub(super) fn skip(&mut self, length: usize) -> Option<()> {
        self.split(length).map(|_| ())
    }

    #[inline]
    fn array<const N: usize>(&mut self) -> Option<[u8; N]> {
        let at = self.split(N)?.at;
        // SAFETY: `split` has checked that the bytes lie before the end, and the caller of `new` guarantees that they
        // can be read. An array of bytes needs no alignment.
        Some(unsafe { std::ptr::with_exposed_provenance::<[u8; N]>(at).read() })
    }

    #[inline]
    pub(super) fn u8(&mut self) -> Option<u8> {
        self.array::<1>().map(|[byte]| byte)
    }

    pub(super) fn u16(&mut self) -> Option<u16> {
        self.array().map(u16::from_ne_bytes)
    }

    pub(super) fn u32(&mut self) -> Option<u32> {
        self.array().map(u32::from_ne_bytes)
    }

    pub(super) fn u64(&mut self) -> Option<u64> {
        self.array().map(u64::from_ne_bytes)
    }

    /// An unsigned number in 7 bits a byte.
    pub(super) fn uleb(&mut self) -> Option<u64> {
        let mut number = 0_u64;
        for shift in (0..64).step_by(7) {
            let byte = self.u8()?;
            number |= u64::from(byte & 0x7f) << shift;
            if byte & 0x80 == 0 {
                return Some(number);
            }
        }
        None
    }

    /// A signed number in 7 bits a byte.
    pub(super) fn sleb(&mut self) -> Option<i64> {
        let mut number = 0_i64;
        for shift in (0..64).step_by(7) {
            let byte = self.u8()?;
            number |= i64::from(byte & 0x7f) << shift;
            if byte & 0x80 == 0 {
                let unused = 64_u32.saturating_sub(shift + 7);
                return Some(number << unused >> unused);
            }
        }
        None
    }

    /// A pointer; `table` is the base of pointers relative to the table.
    pub(super) fn pointer(&mut self, encoding: Encoding, table: usize) -> Option<usize> {
        let at = self.at;
        let value = self.number(encoding)?;
        let base = match encoding.0 & 0x70 {
            0x00 => 0,
            0x10 => at,
            0x30 => table,
            _ => return None,
        };
        // The highest bit marks an indirect pointer, which nothing here needs.
        if encoding.0 & 0x80 == 0 { Some(base.wrapping_add(value)) } else { None }
    }

    /// As [`pointer`](Self::pointer), without a base and without following it.
    pub(super) fn number(&mut self, encoding: Encoding) -> Option<usize> {
        Some(match encoding.0 & 0x0f {
            0x00 | 0x04 | 0x0c => self.u64()? as usize,
            0x02 => usize::from(self.u16()?),
            0x03 => self.u32()? as usize,
            0x0a => self.u16()? as i16 as isize as usize,
            0x0b => self.u32()? as i32 as isize as usize,
            _ => return None,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bytes(of: &[u8]) -> TableBytes {
        let start = of.as_ptr().expose_provenance();
        // SAFETY: the slice outlives its use in each test.
        unsafe { TableBytes::new(start, start + of.len()) }
    }

    #[test]
    fn numbers_in_seven_bits_a_byte() {
        let table = [0x02, 0x80, 0x01, 0xe5, 0x8e, 0x26, 0x7f, 0x80, 0x7f, 0x3f, 0x40, 0x81, 0x7f];
        let mut read = bytes(&table);
        assert_eq!([read.uleb(), read.uleb(), read.uleb()], [Some(2), Some(128), Some(624_485)]);
        assert_eq!([read.sleb(), read.sleb(), read.sleb()], [Some(-1), Some(-128), Some(63)]);
        assert_eq!([read.sleb(), read.sleb(), read.sleb()], [Some(-64), Some(-127), None]);
        assert_eq!(bytes(&[0x80; 20]).uleb(), None);
        assert_eq!(bytes(&[0xff; 20]).sleb(), None);
    }

    #[test]
    fn nothing_is_read_beyond_the_end() {
        let table = [1_u8, 2, 3, 4, 5];
        let mut read = bytes(&table);
        assert_eq!(read.u32(), Some(u32::from_ne_bytes([1, 2, 3, 4])));
        assert_eq!((read.u16(), read.u32(), read.u64()), (None, None, None));
        assert!(read.split(2).is_none() && read.skip(usize::MAX).is_none());
        assert_eq!((read.u8(), read.u8(), read.is_at_end()), (Some(5), None, true));
        assert!(read.from(read.at() + 1).is_none() && read.from(read.at() - 1).is_none());
    }

    #[test]
    fn pointers_in_every_encoding_that_is_read() {
        let table = (-8_i32).to_ne_bytes();
        let mut read = bytes(&table);
        let start = read.at();
        assert_eq!(read.pointer(Encoding(0x1b), 0), Some(start - 8));
        assert_eq!(bytes(&table).pointer(Encoding::RELATIVE_TO_TABLE_4, 1000), Some(992));
        assert_eq!(bytes(&table).pointer(Encoding::UNSIGNED_4, 0), Some(0xffff_fff8));
        for unknown in [Encoding(0xff), Encoding(0x50), Encoding(0x9b), Encoding(0x01), Encoding(0x00)] {
            assert_eq!(bytes(&table).pointer(unknown, 0), None, "{unknown:?}");
        }
    }
}
