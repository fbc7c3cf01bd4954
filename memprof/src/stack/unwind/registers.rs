//! The registers of the calling function.

use super::rule::Registers;

/// The registers of the caller at the return of this function.
#[inline(always)]
pub(super) fn here() -> Registers {
    let mut registers = Registers::default();
    // SAFETY: the target is three words, laid out in the order in which the function writes them.
    unsafe { write_registers(&raw mut registers) };
    registers
}

/// Writes the stack pointer, the return address and the frame pointer of the caller.
///
/// Not inline assembly in the caller: only at return addresses do all compilers keep the tables exact.
#[cfg(target_arch = "x86_64")]
#[unsafe(naked)]
unsafe extern "sysv64" fn write_registers(_: *mut Registers) {
    std::arch::naked_asm!(
        "lea rax, [rsp + 8]",
        "mov [rdi], rax",
        "mov rax, [rsp]",
        "mov [rdi + 8], rax",
        "mov [rdi + 16], rbp",
        "ret",
    )
}

/// As above; the return address is in the link register.
#[cfg(target_arch = "aarch64")]
#[unsafe(naked)]
unsafe extern "C" fn write_registers(_: *mut Registers) {
    std::arch::naked_asm!("mov x9, sp", "stp x9, x30, [x0]", "str x29, [x0, #16]", "ret")
}
