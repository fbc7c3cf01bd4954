//! The registers of the calling function.

use super::rule::Registers;

/// Two of the registers, as a function returns them.
#[repr(C)]
struct StackAndAddress {
    stack: usize,
    address: usize,
}

/// The registers of the caller at the return of this function.
#[inline(always)]
pub(super) fn here() -> Registers {
    let mut frame = 0;
    // SAFETY: the target is a word, and the result is returned in two registers.
    let StackAndAddress { stack, address } = unsafe { read_registers(&raw mut frame) };
    Registers { stack, address, frame }
}

/// Returns the stack pointer and the return address of the caller, and writes its frame pointer.
///
/// Not inline assembly in the caller: only at return addresses do all compilers keep the tables exact.
#[cfg(target_arch = "x86_64")]
#[unsafe(naked)]
unsafe extern "sysv64" fn read_registers(_: *mut usize) -> StackAndAddress {
    std::arch::naked_asm!("lea rax, [rsp + 8]", "mov rdx, [rsp]", "mov [rdi], rbp", "ret")
}

/// As above; the return address is in the link register.
#[cfg(target_arch = "aarch64")]
#[unsafe(naked)]
unsafe extern "C" fn read_registers(_: *mut usize) -> StackAndAddress {
    std::arch::naked_asm!("str x29, [x0]", "mov x0, sp", "mov x1, x30", "ret")
}
