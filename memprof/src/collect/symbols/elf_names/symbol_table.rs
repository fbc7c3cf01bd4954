//! Symbols of addresses, from the symbol table of a file.

use elf::abi;
use elf::endian::NativeEndian;
use elf::string_table::StringTable;
use elf::symbol::Symbol;
use std::cmp::Reverse;

/// The symbols of a file. Names are not read before they are needed.
pub(super) struct SymbolTable<'f> {
    pub(super) symbols: elf::symbol::SymbolTable<'f, NativeEndian>,
    pub(super) names: StringTable<'f>,
    /// Ends of the sections: a symbol without a size does not go beyond them.
    pub(super) section_ends: Vec<u64>,
}

/// A symbol at or before an address.
#[derive(Clone, Copy)]
struct FoundSymbol {
    address: u64,
    /// Of symbols at one address the lowest is the best.
    rank: u32,
    /// 0: unknown, up to the next symbol or the end of the section.
    size: u64,
    name: u32,
}

impl FoundSymbol {
    fn is_better(&self, other: &FoundSymbol) -> bool {
        (self.address, Reverse(self.rank)) > (other.address, Reverse(other.rank))
    }
}

impl<'f> SymbolTable<'f> {
    /// For each address, which are sorted, the name of the symbol that contains it.
    pub(super) fn names(&self, addresses: &[u64]) -> Vec<Option<&'f str>> {
        let mut best: Vec<Option<FoundSymbol>> = vec![None; addresses.len()];
        for (index, symbol) in self.symbols.iter().enumerate() {
            // It is the best one also for the addresses after the first, unless these have a better one.
            let first = addresses.partition_point(|&address| address < symbol.st_value);
            let Some(best) = best.get_mut(first) else { continue };
            if !is_definition(&symbol, &self.names) {
                continue;
            }
            let found = FoundSymbol {
                address: symbol.st_value,
                rank: rank(&symbol, index as u32),
                size: symbol.st_size,
                name: symbol.st_name,
            };
            if best.is_none_or(|best| found.is_better(&best)) {
                *best = Some(found);
            }
        }
        let mut before: Option<FoundSymbol> = None;
        let mut found = Vec::with_capacity(addresses.len());
        for (&address, own) in addresses.iter().zip(best) {
            let is_better = |own: &FoundSymbol| before.is_none_or(|before| own.is_better(&before));
            before = own.filter(is_better).or(before);
            let symbol = before.filter(|symbol| self.contains(symbol, address));
            found.push(symbol.and_then(|symbol| self.names.get(symbol.name as usize).ok()));
        }
        found
    }

    fn contains(&self, symbol: &FoundSymbol, address: u64) -> bool {
        match symbol.size {
            0 => !self.section_ends.iter().any(|&end| symbol.address < end && end <= address),
            size => address - symbol.address < size,
        }
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
