//! Code of this process: the bounds of modules, system calls, and the instruction that a signal interrupted.

use std::ffi::{c_int, c_void};
use std::sync::atomic::AtomicUsize;
use std::sync::atomic::Ordering::Relaxed;

/// Addresses of a module's instructions, all of which are readable.
pub(in crate::os) struct Code {
    start: AtomicUsize,
    end: AtomicUsize,
}

impl Code {
    pub(in crate::os) const fn new() -> Self {
        Self { start: AtomicUsize::new(0), end: AtomicUsize::new(0) }
    }

    pub(in crate::os) fn set(&self, (start, end): (usize, usize)) {
        self.start.store(start, Relaxed);
        self.end.store(end, Relaxed);
    }

    pub(in crate::os) fn is_known(&self) -> bool {
        self.end.load(Relaxed) != 0
    }

    pub(in crate::os) fn holds(&self, address: usize) -> bool {
        (self.start.load(Relaxed)..self.end.load(Relaxed)).contains(&address)
    }

    /// True if a system call begins at this address.
    pub(in crate::os) fn has_system_call(&self, address: usize) -> bool {
        self.holds(address) && self.holds(address.wrapping_add(SYSTEM_CALL.len() - 1)) && {
            // SAFETY: all of it is readable code of a module that is never unloaded.
            let found = unsafe { std::slice::from_raw_parts(address as *const u8, SYSTEM_CALL.len()) };
            found == SYSTEM_CALL
        }
    }
}

#[cfg(target_arch = "x86_64")]
pub(in crate::os) const SYSTEM_CALL: &[u8] = &[0x0f, 0x05];
#[cfg(target_arch = "aarch64")]
pub(in crate::os) const SYSTEM_CALL: &[u8] = &[0x01, 0x00, 0x00, 0xd4];

/// The code of the module that contains this address.
pub(in crate::os) fn code_at(address: usize) -> Option<(usize, usize)> {
    let holds = |info: &libc::dl_phdr_info| code(info).is_some_and(|(start, end)| (start..end).contains(&address));
    code_of(holds)
}

/// The code of the first module that matches.
pub(in crate::os) fn code_of<F: Fn(&libc::dl_phdr_info) -> bool>(is_asked_for: F) -> Option<(usize, usize)> {
    struct ModuleSearch<F> {
        is_asked_for: F,
        found: Option<(usize, usize)>,
    }
    unsafe extern "C" fn see<F: Fn(&libc::dl_phdr_info) -> bool>(
        info: *mut libc::dl_phdr_info,
        _: usize,
        search: *mut c_void,
    ) -> c_int {
        // SAFETY: the system's description of a module, and the search that the caller passed.
        let (info, search) = unsafe { (&*info, &mut *search.cast::<ModuleSearch<F>>()) };
        if (search.is_asked_for)(info) {
            search.found = code(info);
        }
        c_int::from(search.found.is_some())
    }
    let mut search = ModuleSearch { is_asked_for, found: None };
    // SAFETY: the function gets the search back, which outlives the call.
    unsafe { libc::dl_iterate_phdr(Some(see::<F>), (&raw mut search).cast()) };
    search.found
}

/// Addresses from the first to the last instruction of a module.
fn code(info: &libc::dl_phdr_info) -> Option<(usize, usize)> {
    const READ_AND_RUN: u32 = libc::PF_R | libc::PF_X;
    if info.dlpi_phdr.is_null() {
        return None;
    }
    // SAFETY: the system provides as many headers as it says.
    let headers = unsafe { std::slice::from_raw_parts(info.dlpi_phdr, info.dlpi_phnum.into()) };
    let is_code =
        |header: &&libc::Elf64_Phdr| header.p_type == libc::PT_LOAD && header.p_flags & READ_AND_RUN == READ_AND_RUN;
    let base = info.dlpi_addr as usize;
    let bounds = headers.iter().filter(is_code).map(|header| {
        let start = base.wrapping_add(header.p_vaddr as usize);
        (start, start.wrapping_add(header.p_memsz as usize))
    });
    bounds.reduce(|one, other| (one.0.min(other.0), one.1.max(other.1)))
}

/// A thread's state at the point where a signal interrupted it.
#[derive(Clone, Copy, Debug)]
pub(in crate::os) struct Interrupted {
    /// Address of the next instruction.
    pub(in crate::os) address: usize,
    /// Result of a system call that has just returned.
    pub(in crate::os) result: isize,
    /// Its first three arguments; on aarch64 the first one is lost.
    pub(in crate::os) arguments: [usize; 3],
}

/// The state in the context that the system passes to a handler.
pub(in crate::os) fn interrupted(context: *const c_void) -> Option<Interrupted> {
    // SAFETY: null, or the context that the system passes to a handler.
    let context = unsafe { context.cast::<libc::ucontext_t>().as_ref() }?;
    #[cfg(target_arch = "x86_64")]
    {
        let register = |name: c_int| context.uc_mcontext.gregs.get(name as usize).map(|&value| value as usize);
        Some(Interrupted {
            address: register(libc::REG_RIP)?,
            result: register(libc::REG_RAX)? as isize,
            arguments: [register(libc::REG_RDI)?, register(libc::REG_RSI)?, register(libc::REG_RDX)?],
        })
    }
    #[cfg(target_arch = "aarch64")]
    {
        let [first, second, third, ..] = context.uc_mcontext.regs;
        Some(Interrupted {
            address: context.uc_mcontext.pc as usize,
            result: first as isize,
            arguments: [first as usize, second as usize, third as usize],
        })
    }
}
