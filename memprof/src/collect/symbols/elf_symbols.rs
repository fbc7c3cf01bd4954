//! Symbols of an ELF file by address.

use elf::abi;
use elf::endian::NativeEndian;
use elf::string_table::StringTable;
use elf::symbol::Symbol;

/// Symbols of functions and data, by address. Their names are not read before they are asked for.
#[derive(Default)]
pub(super) struct SymbolTable<'f> {
    /// One for each address, in ascending order.
    symbols: Vec<SymbolEntry>,
    names: StringTable<'f>,
    /// Ends of the sections: a symbol without a size does not go beyond them.
    section_ends: Vec<u64>,
}

struct SymbolEntry {
    address: u64,
    /// 0: unknown, up to the next symbol or the end of the section.
    size: u64,
    name: u32,
    /// Of symbols at one address the lowest is the best.
    rank: u32,
}

impl<'f> SymbolTable<'f> {
    pub(super) fn new(
        symbols: elf::symbol::SymbolTable<'f, NativeEndian>,
        names: StringTable<'f>,
        section_ends: Vec<u64>,
    ) -> Self {
        let mut entries = Vec::new();
        for (index, symbol) in symbols.into_iter().enumerate() {
            if is_definition(&symbol, &names) {
                let entry = SymbolEntry {
                    address: symbol.st_value,
                    size: symbol.st_size,
                    name: symbol.st_name,
                    rank: rank(&symbol, index as u32),
                };
                entries.push(entry);
            }
        }
        entries.sort_unstable_by_key(|entry| (entry.address, entry.rank));
        entries.dedup_by(|later, first| later.address == first.address);
        Self { symbols: entries, names, section_ends }
    }

    /// Name of the symbol at an address.
    pub(super) fn containing(&self, address: u64) -> Option<&'f str> {
        let after = self.symbols.partition_point(|entry| entry.address <= address);
        let entry = self.symbols.get(after.checked_sub(1)?)?;
        let reaches = match entry.size {
            0 => !self.section_ends.iter().any(|end| entry.address < *end && *end <= address),
            size => address - entry.address < size,
        };
        if reaches { self.names.get(entry.name as usize).ok() } else { None }
    }

    /// Address of the first symbol whose name contains a text.
    #[cfg(test)]
    pub(super) fn address_of(&self, part: &str) -> Option<u64> {
        let is_it = |entry: &&SymbolEntry| self.names.get(entry.name as usize).is_ok_and(|name| name.contains(part));
        self.symbols.iter().find(is_it).map(|entry| entry.address)
    }
}

/// True for functions and data of this file that have a name.
fn is_definition(symbol: &Symbol, names: &StringTable<'_>) -> bool {
    let section = symbol.st_shndx;
    let is_here = section != abi::SHN_UNDEF && (section < abi::SHN_LORESERVE || section == abi::SHN_XINDEX);
    if !is_here || symbol.st_name == 0 {
        return false;
    }
    match symbol.st_symtype() {
        abi::STT_FUNC | abi::STT_OBJECT => true,
        // Marks between code and data, on ARM.
        abi::STT_NOTYPE if symbol.st_bind() == abi::STB_LOCAL => {
            !names.get_raw(symbol.st_name as usize).is_ok_and(|name| name.starts_with(b"$"))
        }
        abi::STT_NOTYPE => true,
        _ => false,
    }
}

/// A symbol with a type before one without, then one with a size, then the more visible one, then the later one.
fn rank(symbol: &Symbol, index: u32) -> u32 {
    let has_no_type = u32::from(symbol.st_symtype() == abi::STT_NOTYPE);
    let has_no_size = u32::from(symbol.st_size == 0);
    let visibility = match symbol.st_bind() {
        abi::STB_LOCAL => 2,
        abi::STB_GLOBAL | abi::STB_WEAK => u32::from(symbol.st_vis() == abi::STV_HIDDEN),
        _ => 3,
    };
    has_no_type << 31 | has_no_size << 30 | visibility << 28 | (!index & ((1 << 28) - 1))
}
