//! Whose code an address is, and where its unwind tables are.
//!
//! A module that is there as long as the process lives is *fixed*: the program itself, the module that the profiler is
//! in, and the C library. All else can be unloaded, and something else can then be in its place: it is asked for anew at
//! each frame, with `_dl_find_object`, which takes no lock. The frames on a thread's stack keep their modules from being
//! unloaded, so the tables that it finds are there as long as they are read.
//!
//! Where the C library has no `_dl_find_object` (before glibc 2.35; musl, which never unloads anything), the modules of
//! the moment when tracking starts are kept loaded and fixed, and later ones end a stack.

use super::super::rule::UnwindRule;
use super::cfi;
use super::eh_frame::UnwindTables;
use std::ffi::{c_int, c_void};
use std::sync::atomic::Ordering::{Acquire, Relaxed, Release};
use std::sync::atomic::{AtomicPtr, AtomicUsize};

/// A module, as far as unwinding needs it.
#[derive(Clone, Copy, Debug)]
pub(in super::super) struct UnwindModule {
    tables: UnwindTables,
    /// 0 for a fixed module; else a mark that tells it from what was, or will be, in the same place.
    pub(in super::super) mark: u32,
}

impl UnwindModule {
    /// The rule of a function that goes on at a return address. `None`: the stack ends there.
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

/// More than programs have that were started with so old a C library.
const MOST_FIXED: usize = 128;
static FIXED: [Fixed; MOST_FIXED] =
    [const { Fixed { low: AtomicUsize::new(0), high: AtomicUsize::new(0), index: AtomicUsize::new(0) } }; MOST_FIXED];
static FIXED_COUNT: AtomicUsize = AtomicUsize::new(0);

/// `_dl_find_object`; null where there is none.
static FINDER: AtomicPtr<c_void> = AtomicPtr::new(std::ptr::null_mut());
type Finder = unsafe extern "C" fn(*mut c_void, *mut DlFindObject) -> c_int;

/// `struct dl_find_object` of glibc, and room for more than it may get.
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

/// Finds the fixed modules, once. Outside of allocations, one caller at a time. Allocates.
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
        let is_fixed = number == 0 || own.iter().any(|&address| image.holds(address));
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

/// The module that an address is in.
pub(in super::super) fn find(address: usize) -> Option<UnwindModule> {
    for fixed in FIXED.iter().take(FIXED_COUNT.load(Acquire)) {
        let (low, high) = (fixed.low.load(Relaxed), fixed.high.load(Relaxed));
        if low <= address && address < high {
            // SAFETY: the index is that of a module that stays loaded, between these two addresses.
            return Some(UnwindModule {
                tables: unsafe { UnwindTables::new(fixed.index.load(Relaxed), (low, high)) },
                mark: 0,
            });
        }
    }
    let finder = FINDER.load(Acquire);
    if finder.is_null() {
        return None;
    }
    let mut found = DlFindObject::default();
    // SAFETY: what was found under this name in the C library has this signature. It takes no lock and does not
    // allocate; the structure is as large as it may write.
    let found = unsafe {
        let finder = std::mem::transmute::<*mut c_void, Finder>(finder);
        if finder(std::ptr::without_provenance_mut(address), &mut found) != 0 {
            return None;
        }
        found
    };
    if found.index == 0 {
        return None;
    }
    // SAFETY: the code at the address is being executed, or was when the caller's stack was captured and is then asked
    // for with `_dl_find_object` again: the module is loaded now.
    let tables = unsafe { UnwindTables::new(found.index, (found.map_start, found.map_end)) };
    Some(UnwindModule { tables, mark: mark(&found, &tables) })
}

/// Which module an address was in: 0 for fixed ones, `None` where there is none now.
pub(crate) fn mark_of(address: usize) -> Option<u32> {
    find(address).map(|module| module.mark)
}

/// A hash of where the module is and of its index of functions: another module in the same place, even another build of
/// the same one, has other functions. At least 3.
fn mark(found: &DlFindObject, tables: &UnwindTables) -> u32 {
    let mut hash = (found.map_start as u64).rotate_left(32) ^ found.map_end as u64;
    tables.sample_index(|word| hash = (hash.rotate_left(5) ^ word).wrapping_mul(0x9E37_79B9_7F4A_7C15));
    (hash >> 32) as u32 | 3
}
