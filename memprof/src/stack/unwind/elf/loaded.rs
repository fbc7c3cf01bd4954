//! Modules of code addresses, and their unwind tables.
//!
//! A module that stays loaded as long as the process lives is *fixed*: the program itself, the module of the profiler,
//! and the C library. Other modules can be unloaded and replaced by others at the same address, so they are looked up
//! again for each frame with `_dl_find_object`, which takes no lock. The frames on a thread's stack keep their modules
//! from being unloaded, so the tables that it finds exist as long as they are read.
//!
//! If the C library has no `_dl_find_object` (glibc before 2.35; musl, which never unloads a module), the modules
//! loaded when recording starts are kept loaded and fixed, and later ones end a stack.

use super::super::rule::UnwindRule;
use super::cfi;
use super::eh_frame::UnwindTables;
use std::ffi::{c_int, c_void};
use std::sync::atomic::Ordering::{Acquire, Relaxed, Release};
use std::sync::atomic::{AtomicPtr, AtomicUsize};

/// A module, with the data that unwinding needs.
#[derive(Clone, Copy, Debug)]
pub(in super::super) struct UnwindModule {
    tables: UnwindTables,
    /// 0 for a fixed module; otherwise a mark that distinguishes it from other modules at the same address before or
    /// after it.
    pub(in super::super) mark: u32,
}

impl UnwindModule {
    /// The rule of a function that continues at a return address. `None`: the stack ends there.
    pub(in super::super) fn rule(&self, return_address: usize) -> Option<UnwindRule> {
        cfi::rule(&self.tables, return_address)
    }
}

/// A fixed module. All zero: none.
struct Fixed {
    low: AtomicUsize,
    high: AtomicUsize,
    index: AtomicUsize,
}

/// Maximum number of fixed modules: more than programs with so old a C library have.
const MOST_FIXED: usize = 128;
static FIXED: [Fixed; MOST_FIXED] =
    [const { Fixed { low: AtomicUsize::new(0), high: AtomicUsize::new(0), index: AtomicUsize::new(0) } }; MOST_FIXED];
static FIXED_COUNT: AtomicUsize = AtomicUsize::new(0);

/// `_dl_find_object`; null: there is none.
static FINDER: AtomicPtr<c_void> = AtomicPtr::new(std::ptr::null_mut());
type Finder = unsafe extern "C" fn(*mut c_void, *mut DlFindObject) -> c_int;

/// `struct dl_find_object` of glibc, with spare memory for later versions.
#[repr(C)]
#[derive(Default)]
struct DlFindObject {
    flags: u64,
    map_start: usize,
    map_end: usize,
    link_map: usize,
    index: usize,
    reserved: [u64; 11],
}

/// Finds the fixed modules, once. Only outside allocations, one caller at a time. Allocates.
pub(in super::super) fn prepare() {
    if FIXED_COUNT.load(Relaxed) > 0 {
        return;
    }
    // SAFETY: the name ends in NUL.
    let finder = unsafe { libc::dlsym(libc::RTLD_DEFAULT, c"_dl_find_object".as_ptr()) };
    FINDER.store(finder, Release);
    let all = super::images::all();
    let own = [prepare as fn() as usize, libc::dl_iterate_phdr as *const () as usize];
    let mut count = 0;
    for (number, image) in all.iter().enumerate() {
        let is_fixed = number == 0 || own.iter().any(|&address| image.contains(address));
        let Some(index) = image.index.filter(|_| is_fixed || finder.is_null()) else { continue };
        let Some(fixed) = FIXED.get(count) else { break };
        if !is_fixed {
            image.keep_loaded();
        }
        fixed.low.store(image.low, Relaxed);
        fixed.high.store(image.high, Relaxed);
        fixed.index.store(index, Relaxed);
        count += 1;
    }
    FIXED_COUNT.store(count, Release);
}

/// The module of an address.
pub(in super::super) fn find(address: usize) -> Option<UnwindModule> {
    for fixed in FIXED.iter().take(FIXED_COUNT.load(Acquire)) {
        let (low, high) = (fixed.low.load(Relaxed), fixed.high.load(Relaxed));
        if low <= address && address < high {
            // SAFETY: the index belongs to a module that stays loaded between these two addresses.
            let tables = unsafe { UnwindTables::new(fixed.index.load(Relaxed), (low, high)) };
            return Some(UnwindModule { tables, mark: 0 });
        }
    }
    let finder = FINDER.load(Acquire);
    if finder.is_null() {
        return None;
    }
    let mut object = DlFindObject::default();
    // SAFETY: the C library's function of this name has this signature. It takes no lock and does not allocate; the
    // structure is large enough for its writes.
    let object = unsafe {
        let finder = std::mem::transmute::<*mut c_void, Finder>(finder);
        if finder(std::ptr::without_provenance_mut(address), &mut object) != 0 {
            return None;
        }
        object
    };
    if object.index == 0 {
        return None;
    }
    // SAFETY: the code at the address is being executed, or was when the caller's stack was captured and is then asked
    // for with `_dl_find_object` again: the module is loaded now.
    let tables = unsafe { UnwindTables::new(object.index, (object.map_start, object.map_end)) };
    Some(UnwindModule { tables, mark: mark(&object, &tables) })
}

/// Mark of the module of an address: 0 for fixed modules; `None`: there is no module now.
pub(crate) fn mark_of(address: usize) -> Option<u32> {
    find(address).map(|module| module.mark)
}

/// A hash of the module's addresses and its index of functions: another module at the same address, even another build
/// of the same one, has other functions. At least 3.
fn mark(object: &DlFindObject, tables: &UnwindTables) -> u32 {
    let mut hash = (object.map_start as u64).rotate_left(32) ^ object.map_end as u64;
    tables.sample_index(|word| hash = (hash.rotate_left(5) ^ word).wrapping_mul(0x9E37_79B9_7F4A_7C15));
    (hash >> 32) as u32 | 3
}
