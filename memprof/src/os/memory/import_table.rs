//! The import table of the module that memprof is linked into, a program or a library: the loader stores the addresses
//! of other modules' functions there. Other modules have their own tables, which stay unchanged.

use std::ffi::CStr;
use std::sync::atomic::AtomicUsize;
use std::sync::atomic::Ordering::{Acquire, Release};
use windows_sys::Win32::System::Memory::{PAGE_READWRITE, VirtualProtect};

/// Size of the description of one imported module, and offsets of its fields.
const DESCRIPTION: usize = 20;
const NAMES: usize = 0;
const ADDRESSES: usize = 16;

unsafe extern "C" {
    /// Start of the module in memory. The linker defines it.
    static __ImageBase: u8;
}

/// Lets this module call `new` instead of the function of this name. Stores the function's address in `before` ahead of
/// the first such call. False: the system does not let the table be changed. If the module does not import the
/// function, there is nothing to do.
pub(crate) fn replace(name: &CStr, new: usize, before: &AtomicUsize) -> bool {
    let mut all = true;
    let mut put = |place: *const AtomicUsize| {
        // SAFETY: `places` gives entries of the table alone.
        unsafe {
            let present = (*place).load(Acquire);
            if present != new {
                before.store(present, Release);
                all &= store(place, new);
            }
        }
    };
    // SAFETY: the loader has read the same headers and tables to load this module, and they do not change.
    unsafe { places(name, &mut put) };
    all
}

/// Calls `take` with each entry of the table that holds the address of the function of this name. Does not allocate:
/// it may run in a tracked function.
///
/// # Safety
/// The module's headers are unchanged since the loader read them.
unsafe fn places(name: &CStr, take: &mut dyn FnMut(*const AtomicUsize)) {
    let base = &raw const __ImageBase;
    // SAFETY: by the caller's contract. All offsets are those of the executable format (PE), which the loader has
    // checked.
    unsafe {
        let at = |offset: usize| base.add(offset);
        let word = |offset: usize| at(offset).cast::<u32>().read_unaligned() as usize;
        let header = word(0x3c) + 24;
        let is_64_bit = at(header).cast::<u16>().read_unaligned() == 0x20b;
        // The second of the data directories.
        let mut description = word(header + if is_64_bit { 112 } else { 96 } + 8);
        while description != 0 && word(description + ADDRESSES) != 0 {
            let (names, addresses) = (word(description + NAMES), word(description + ADDRESSES));
            for index in (0..).map_while(|index| (names != 0).then_some(index * size_of::<usize>())) {
                let entry = at(names + index).cast::<usize>().read_unaligned();
                if entry == 0 {
                    break;
                }
                // The highest bit is set if the import is by number. A name follows a number of two bytes.
                let is_named = entry >> (usize::BITS - 1) == 0;
                if is_named && CStr::from_ptr(at(entry + 2).cast()) == name {
                    take(at(addresses + index).cast::<AtomicUsize>());
                }
            }
            description += DESCRIPTION;
        }
    }
}

/// Stores an address in the table, which may be write-protected.
///
/// # Safety
/// `place` is an entry of the table.
unsafe fn store(place: *const AtomicUsize, address: usize) -> bool {
    let mut before = 0;
    // SAFETY: by the caller's contract; the pages get back their former protection.
    unsafe {
        if VirtualProtect(place.cast(), size_of::<usize>(), PAGE_READWRITE, &raw mut before) == 0 {
            return false;
        }
        (*place).store(address, Release);
        VirtualProtect(place.cast(), size_of::<usize>(), before, &raw mut before);
    }
    true
}
