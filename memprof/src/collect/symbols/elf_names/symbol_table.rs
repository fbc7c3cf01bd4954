//! Symbols of addresses, from the symbol table of a file.

use super::sections::Header;
use object::read::elf::ElfFile;
use object::{Object, ObjectSection, ObjectSymbol, ObjectSymbolTable, SymbolKind, SymbolScope};
use std::cmp::Reverse;

/// A symbol at or before an address.
#[derive(Clone, Copy)]
struct Symbol<'f> {
    /// Orders the symbols of an address: the better one is larger.
    rank: Rank,
    size: u64,
    name: &'f str,
}

/// Address, kind and scope, number: of those with one address a later symbol is rather the one that was meant.
type Rank = (u64, Reverse<(bool, bool, u8)>, usize);

/// For each address, which are sorted, the symbol that contains it.
pub(super) fn symbols<'f>(elf: &ElfFile<'f, Header>, addresses: &[u64]) -> Vec<Option<&'f str>> {
    let mut best: Vec<Option<Symbol<'f>>> = vec![None; addresses.len()];
    let table = elf.symbol_table().or_else(|| elf.dynamic_symbol_table());
    for symbol in table.iter().flat_map(ObjectSymbolTable::symbols) {
        // It is the best one also for the addresses after the first, unless these have a better one.
        let first = addresses.partition_point(|&address| address < symbol.address());
        let Some(best) = best.get_mut(first) else { continue };
        let Some(rank) = rank(&symbol) else { continue };
        if best.is_none_or(|best| best.rank < rank)
            && let Ok(name) = symbol.name()
            && !name.is_empty()
        {
            *best = Some(Symbol { rank, size: symbol.size(), name });
        }
    }
    let mut before: Option<Symbol<'f>> = None;
    let mut found = Vec::with_capacity(addresses.len());
    for (&address, own) in addresses.iter().zip(best) {
        let is_better = |own: &Symbol<'f>| before.is_none_or(|before| before.rank < own.rank);
        before = own.filter(is_better).or(before);
        found.push(before.filter(|symbol| contains(symbol, address, elf)).map(|symbol| symbol.name));
    }
    found
}

/// A symbol without a size ends at the next end of a section.
fn contains(symbol: &Symbol<'_>, address: u64, elf: &ElfFile<'_, Header>) -> bool {
    let start = symbol.rank.0;
    if symbol.size != 0 {
        return address - start < symbol.size;
    }
    let mut ends = elf.sections().map(|section| section.address().saturating_add(section.size()));
    !ends.any(|end| start < end && end <= address)
}

/// `None`: no function and no variable.
fn rank<'f>(symbol: &impl ObjectSymbol<'f>) -> Option<Rank> {
    let is_unknown = match symbol.kind() {
        SymbolKind::Text | SymbolKind::Data => false,
        SymbolKind::Unknown => true,
        _ => return None,
    };
    let scope = match symbol.scope() {
        SymbolScope::Dynamic => 0,
        SymbolScope::Linkage => 1,
        SymbolScope::Compilation => 2,
        SymbolScope::Unknown => 3,
    };
    let rank = (symbol.address(), Reverse((is_unknown, symbol.size() == 0, scope)), symbol.index().0);
    symbol.is_definition().then_some(rank)
}
